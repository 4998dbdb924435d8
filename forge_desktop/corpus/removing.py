"""Takes documents out of the index in a way that can be undone until the next time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.store_collections import CollectionRows
from forge_desktop.corpus.store_roots import Roots
from forge_desktop.corpus.store_run import RunStore
from forge_desktop.storage import Database


class Remover:
    """Hides documents under a removal, whose id is the token that puts them back. The next removal ends the last."""

    def __init__(self, db: Database, rows: RunStore, roots: Roots, collections: CollectionRows, index: Index) -> None:
        self._db, self._rows, self._roots, self._collections, self._index = db, rows, roots, collections, index

    def hide(self, connection: sqlite3.Connection, document_ids: Sequence[int], *, exclude: bool) -> int:
        """Take documents out; the token. With `exclude` their files are not found again by the next sync."""
        self._roots.purge(connection)
        ids = self._rows.present(connection, document_ids)
        self._index.remove(connection, self._rows.passage_ids(connection, ids))
        token = self._roots.open_removal(connection, time.time())
        self._roots.take_out(connection, token, ids)
        if exclude:
            self._roots.exclude(connection, token)
        return token

    def restore(self, token: int) -> None:
        """Undo a removal. Raises ForgeError when it is final already."""
        with self._db.write() as connection:
            if not self._roots.is_open(connection, token):
                raise ForgeError("This removal is final.", hint="Add the files again: they were not touched.")
            ids = self._roots.taken_out(connection, token)
            self._collections.make_way(connection, token)
            self._roots.put_back(connection, token)
            if ids:
                self._index.add(connection, self._rows.passage_texts(connection, ids))

    def finish(self) -> None:
        """Make removals of an earlier session final."""
        if not self._db.read_only and self._roots.has_removals():
            with self._db.write() as connection:
                self._roots.purge(connection)
