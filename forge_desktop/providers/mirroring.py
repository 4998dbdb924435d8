"""Keeps the mirror in step with the ledger's table: compared once when it is opened, appended to after each commit."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.adopting import adopt, beyond
from forge_desktop.providers.mirror import Line, Mirror
from forge_desktop.providers.store_ledger import events_after
from forge_desktop.storage import Database

log = logging.getLogger(__name__)


class Mirroring:
    """`problem` is a sentence while the mirror cannot be written; what it lacks is added as soon as it can be."""

    def __init__(self, db: Database, data_dir: Path, *, writes: bool) -> None:
        self._db = db
        self.mirror = Mirror(data_dir)
        self.problem = ""
        self._writes = writes
        self._compared = False
        self._lock = threading.Lock()

    def compare(self, now: float) -> str:
        """Once: charge what the mirror knows and the table does not, and say it; "" where there was nothing.

        Raises ForgeError where the mirror cannot be read: then nobody knows whether the database is an old one.
        """
        if self._done():  # asked before each call: it must not wait for the disk
            return ""
        with self._lock:
            if self._done():
                return ""
            try:
                with self.mirror.held():
                    words = self._take_over(now)
            except OSError as error:
                raise ForgeError(
                    f"The ledger's mirror {self.mirror.path} cannot be read: {error.strerror or error}.",
                    hint="Check its permissions: nothing is paid while it is unknown what it holds.",
                ) from error
            self._compared = True
        self.follow()
        return words

    def _done(self) -> bool:
        return self._compared or not self._writes

    def follow(self) -> None:
        """Append what the table has and the mirror does not. Never raises: the table is what counts."""
        if not self._compared:
            return
        try:
            with self._lock, self.mirror.held():
                last = self.mirror.last()
                rows = events_after(self._db.connection, 0 if last is None else last.n)
                lines = [Line(row["n"], row["line"], row["chain"]) for row in rows]
                if lines:
                    self.mirror.append(lines)
            self.problem = ""
        except (OSError, ValueError, sqlite3.Error) as error:
            said, self.problem = self.problem, f"The ledger's mirror {self.mirror.path} is behind: {error}."
            if not said:
                log.warning(self.problem)

    def _take_over(self, now: float) -> str:
        found = beyond(self._db.connection, self.mirror)
        if found is None:
            return ""
        with self._db.write() as connection:
            words = adopt(connection, found, now)
        if not found.kin:
            self.mirror.set_aside()
        log.warning(words)
        return words
