"""The lessons learnt: kept once, compared with the others and with every suite, shown, dropped, checked again."""

from __future__ import annotations

import sqlite3

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import Corpus
from forge_desktop.distill.records import Pair
from forge_desktop.distill.store_pairs import PairStore
from forge_desktop.storage import Database


class Pairs:
    """All pairs, accepted or not. Reading is safe on any thread."""

    def __init__(self, db: Database, jobs: Jobs, events: Events, settings: SettingsFile, corpus: Corpus) -> None:
        self._db, self._jobs, self._events, self._settings, self._corpus = db, jobs, events, settings, corpus
        self._store = PairStore(db)

    def keep(self, connection: sqlite3.Connection, pair: Pair) -> Pair:
        """Store a pair within the caller's transaction; returns it as it was stored.

        It comes out with `accepted` False where it says the same as a better one (`duplicate_of`) or as an item of a
        suite (`leaks`); `sha256` is filled in. A task's earlier pair is replaced.
        """
        self._store.put(connection, pair, "", b"")
        return pair

    def get(self, uid: str) -> Pair:
        """One pair. Raises ForgeError when it is not there."""
        found = self._store.get(uid)
        if found is None:
            raise ForgeError("This pair is no longer there.", hint="Look at the list of pairs again.")
        return found

    def of_task(self, task_id: int) -> Pair | None:
        """A task's pair, None when it has none."""
        return self._store.of_task(task_id)

    def decide(
        self,
        connection: sqlite3.Connection,
        uid: str,
        *,
        accepted: bool,
        reviewed: str,
        final: str | None = None,
        note: str = "",
    ) -> Pair:
        """A person's decision on a pair ("accepted", "edited", "rejected", or "" to take it back), within the caller's
        transaction. Raises ForgeError where it may not be accepted, since a suite holds it."""
        raise NotImplementedError
