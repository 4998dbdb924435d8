"""How the ledger writes: by group commit, mirrored, told to the window; what a full disk swallowed is made up for."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.providers.committing import Committing, NotStored
from forge_desktop.providers.mirroring import Mirroring
from forge_desktop.providers.throttle import Throttle
from forge_desktop.storage import Database

T = TypeVar("T")


class Booking:
    """`write_off` makes an attempt unknown whose end could not be stored, as soon as anything can be stored again."""

    def __init__(
        self,
        db: Database,
        mirroring: Mirroring,
        events: Events | None,
        write_off: Callable[[sqlite3.Connection, str, str], None],
    ) -> None:
        self._mirroring = mirroring
        self._told = Throttle(lambda: events.changed("spend") if events is not None else None)
        self._commits = Committing(db, self._committed)
        self._write_off = write_off
        self._unstored: dict[str, str] = {}  # attempts whose end is not stored, with why

    @property
    def problem(self) -> str:
        """What is wrong with the mirror."""
        return self._mirroring.problem

    def compare(self, now: float) -> str:
        """Before anything is paid: charge what only the mirror knows. Raises ForgeError where that cannot be done."""
        return self._mirroring.compare(now)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in a transaction; durable on return."""
        if self._unstored:
            self._make_up()
        return self._commits.run(work)

    def end(self, attempt: str, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write how a call ended. Where that fails, the call stays charged, is unknown later, and NotStored says so."""
        try:
            return self.write(work)
        except NotStored as error:
            self._unstored[attempt] = f"What became of it could not be stored. {error.message}"
            raise NotStored(
                f"What became of a call could not be stored, so its worst case stays charged. {error.message}",
                hint=error.hint,
                code="LEDGER",
            ) from error

    def close(self) -> None:
        """Write what is left to write, and leave no thread."""
        with contextlib.suppress(ForgeError):  # the next start finds them without an owner
            self._make_up()
        self._mirroring.follow()
        self._told.close()

    def _make_up(self) -> None:
        lost = dict(self._unstored)
        if not lost:
            return

        def work(connection: sqlite3.Connection) -> None:
            for attempt, note in lost.items():
                self._write_off(connection, attempt, note)

        self._commits.run(work)
        for attempt in lost:
            self._unstored.pop(attempt, None)

    def _committed(self) -> None:
        """After each commit, on the thread that made it."""
        self._mirroring.follow()
        self._told.touch()
