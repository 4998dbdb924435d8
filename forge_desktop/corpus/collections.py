"""Collections: named sets of folders with a policy. The same document may be in several; it is stored once."""

from __future__ import annotations

import os
import sqlite3
import time
import unicodedata
import uuid
from array import array
from collections.abc import Callable, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.corpus.names import encoded, folded, is_within, shown
from forge_desktop.corpus.policies import Policy, changed_policy
from forge_desktop.corpus.records_library import Collection
from forge_desktop.corpus.removing import Remover
from forge_desktop.corpus.store import Store
from forge_desktop.corpus.store_collections import CollectionRows, Kept
from forge_desktop.corpus.store_roots import Roots
from forge_desktop.corpus.walking import given_paths
from forge_desktop.storage import Database

_NAME = 100  # characters


class Collections:
    """The user's collections. Reading methods are safe on any thread; `documents` counts take milliseconds per 10,000.

    A collection is named by its uid or its name. Raises ForgeError when there is none.
    """

    def __init__(
        self,
        db: Database,
        rows: CollectionRows,
        roots: Roots,
        documents: Store,
        remover: Remover,
        events: Events,
        survey: Callable[[Kept, Policy], int],
    ) -> None:
        self._db, self._rows, self._roots, self._documents = db, rows, roots, documents
        self._remover, self._events, self._survey = remover, events, survey

    def all(self) -> list[Collection]:
        """Every collection: "Documents", which always exists, first, then by name."""
        return self._rows.records()

    def names(self) -> dict[str, str]:
        """Uid and name of every collection, in the order of `all`, without counting anything."""
        return {found.uid: found.name for found in self._rows.kept()}

    def uids(self, collections: Sequence[str]) -> tuple[str, ...]:
        """The uids of collections named by uid or name, each once."""
        return tuple(dict.fromkeys(self.kept(found).uid for found in collections))

    def get(self, collection: str) -> Collection:
        """One collection by uid or name."""
        return self._rows.records([self.kept(collection).id])[0]

    def kept(self, collection: str) -> Kept:
        """One collection as index runs know it; the empty name is the one that always exists."""
        every = self._rows.kept()
        if not collection:
            return every[0]
        for found in every:
            if found.uid == collection or folded(found.name) == _key(collection):
                return found
        names = ", ".join(found.name for found in every)
        raise ForgeError(f"There is no collection called {shown(collection)}.", hint=f"There are: {names}.")

    # ---- making and changing ----

    def create(self, name: str, **policy: object) -> Collection:
        """A new, empty collection. `policy`: include, exclude, max_megabytes, hidden, follow_links, never_send.

        Raises ForgeError for a name that is taken or cannot be one, and for a policy that is not possible.
        """
        name, made = _named(name), changed_policy(Policy(), **policy)
        uid = uuid.uuid4().hex
        with self._db.write() as connection:
            if self._rows.id_of_name(connection, _key(name)) is not None:
                raise _taken(name)
            self._rows.insert(connection, uid=uid, name=name, key=_key(name), policy=made, now=time.time())
        self._events.changed("collections")
        return self.get(uid)

    def change(self, uid: str, *, name: str | None = None, **policy: object) -> Collection:
        """Another name or policy. What no longer fits goes, and what newly fits comes, with the next sync."""
        found = self.kept(uid)
        wanted = found.name if name is None else _named(name)
        changed = changed_policy(found.policy, **policy)
        with self._db.write() as connection:
            if self._rows.id_of_name(connection, _key(wanted)) not in (None, found.id):
                raise _taken(wanted)
            self._rows.update(connection, found.id, name=wanted, key=_key(wanted), policy=changed)
            if changed != changed_policy(found.policy, never_send=changed.never_send):
                self._rows.let_wait(connection, found.id)
        self._events.changed("collections")
        return self.get(found.uid)

    def effect(self, uid: str, **policy: object) -> int:
        """What the next sync would do under another policy: a job that looks, its result is a PolicyEffect."""
        found = self.kept(uid)
        return self._survey(found, changed_policy(found.policy, **policy))

    # ---- folders ----

    def add(self, uid: str, paths: Sequence[str | os.PathLike[str]]) -> Collection:
        """Let a collection hold these folders and files; the next sync reads them (or Corpus.index, at once)."""
        found, given, now = self.kept(uid), given_paths(paths), time.time()
        with self._db.write() as connection:
            for path in given:
                self._roots.remember(connection, path, os.stat(path), now)
                self._rows.add_root(connection, found.id, path)
        self._events.changed("collections")
        return self.get(found.uid)

    def root_effect(self, uid: str, path: str | os.PathLike[str]) -> tuple[int, int]:
        """How many documents and passages `remove_root` would take out."""
        _, alone = self._leaving(self.kept(uid), self._root(uid, path))
        return self._documents.count(alone)

    def remove_root(self, uid: str, path: str | os.PathLike[str]) -> int:
        """Let a collection no longer hold a folder. Files stay; the token is for Corpus.restore."""
        found, root = self.kept(uid), self._root(uid, path)
        with self._db.write() as connection:
            leaving, alone = self._leaving(found, root)
            token = self._remover.hide(connection, alone, exclude=False)
            self._rows.part_under(connection, found.id, leaving, token)
            self._rows.take_root_out(connection, found.id, root, token)
        self._events.changed("collections", "documents")
        return token

    def _root(self, uid: str, path: str | os.PathLike[str]) -> bytes:
        found, root = self.kept(uid), encoded(path)
        if (found.id, root) not in self._rows.roots():
            raise ForgeError(f"{shown(root)} is no folder of {found.name}.", hint="See the list of its folders.")
        return root

    def _leaving(self, found: Kept, root: bytes) -> tuple[list[int], list[int]]:
        """The collection's documents under this root and under no other root of it; those that nothing else holds."""
        others = [path for collection, path in self._rows.roots() if collection == found.id and path != root]
        held = {
            document_id
            for path in others
            for document_id, _ in (
                self._rows.members_under(found.id, path) if is_within(path, root) or is_within(root, path) else ()
            )
        }
        leaving = [entry[0] for entry in self._rows.members_under(found.id, root) if entry[0] not in held]
        alone = set(self._rows.only_in(found.id, root))
        return leaving, [document_id for document_id in leaving if document_id in alone]

    # ---- deleting ----

    def deletion_effect(self, uid: str) -> tuple[int, int]:
        """How many documents and passages `delete` would take out: those that are in no other collection."""
        return self._documents.count(self._rows.only_in(self.kept(uid).id))

    def delete(self, uid: str) -> int:
        """Delete a collection and the documents only it holds. Files stay; the token is for Corpus.restore."""
        found = self.kept(uid)
        if found.standing:
            raise ForgeError(f"{found.name} cannot be deleted.", hint="Take its folders out instead, or rename it.")
        with self._db.write() as connection:
            token = self._remover.hide(connection, self._rows.only_in(found.id), exclude=False)
            self._rows.take_out(connection, found.id, token)
        self._events.changed("collections", "documents")
        return token

    # ---- who holds what ----

    def members(self, uids: Sequence[str]) -> array[int]:
        """Ids of the documents in any of these collections, ascending."""
        return self._rows.members([self.kept(uid).id for uid in uids])

    def may_leave(self, document_id: int) -> bool:
        """Whether a document's text may be sent to a teacher.

        No when any collection that holds it, or a file with the same bytes, is never sent; and no when none holds it.
        """
        return not self._rows.kept_back(document_id)


def free_name(rows: CollectionRows, connection: sqlite3.Connection, wanted: str) -> str:
    """The name, with a number when it is taken. Raises ForgeError for one that cannot be a name."""
    name = found = _named(wanted)
    number = 1
    while rows.id_of_name(connection, _key(found)) is not None:
        number += 1
        found = f"{name[: _NAME - 8]} ({number})"
    return found


def _key(name: str) -> str:
    return folded(unicodedata.normalize("NFKC", " ".join(name.split())))


def _named(name: str) -> str:
    """The name as it is kept."""
    tidy = " ".join(name.split())
    if not tidy:
        raise ForgeError("A collection needs a name.")
    if len(tidy) > _NAME:
        raise ForgeError(f"A collection's name has at most {_NAME} characters, not {len(tidy):,}.")
    if shown(tidy) != tidy:
        raise ForgeError(f"{shown(tidy)} cannot be a name.", hint="Leave out characters that cannot be seen.")
    return tidy


def _taken(name: str) -> ForgeError:
    return ForgeError(f"There is a collection called {name} already.", hint="Choose another name.")
