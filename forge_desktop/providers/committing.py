"""Group commit: what several threads want to write at the same moment goes into one transaction."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.store_ledger import savepoint
from forge_desktop.storage import Database

T = TypeVar("T")
_TRIES = 6  # of five seconds each


class NotStored(ForgeError):  # noqa: N818 - a state of the disk
    """The transaction failed as a whole, so nothing of it is stored: the disk is full, failing, or held by another."""


class _Wish:
    """One thread's work, and what became of it."""

    def __init__(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        self.work = work
        self.woken = threading.Event()
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None


class Committing:
    """`run` returns when the work is committed. The first thread that comes leads: it writes for all who wait by then.

    Each work stands behind a savepoint of its own: where it raises, only it is undone, and only its caller is told.
    `after` runs on the leading thread once those it wrote for have been woken.
    """

    def __init__(self, db: Database, after: Callable[[], None]) -> None:
        self._db = db
        self._after = after
        self._lock = threading.Lock()
        self._waiting: list[_Wish] = []
        self._led = False
        self.commits = 0

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` inside a transaction shared with others. Raises what it raises, or NotStored."""
        if self._db.connection.in_transaction:
            raise RuntimeError("money is booked in a transaction of its own")  # a leader would wait for us for ever
        wish = _Wish(work)
        with self._lock:
            self._waiting.append(wish)
            lead, self._led = not self._led, True
        if not lead:
            try:
                wish.woken.wait()
            except BaseException:  # Ctrl+C
                self._leave(wish)
                raise
        if not wish.done:
            self._lead()
        if wish.error is not None:
            raise wish.error
        result: T = wish.result
        return result

    def _leave(self, wish: _Wish) -> None:
        """Its thread goes away: if it was to lead next, another one must."""
        with self._lock:
            if wish in self._waiting:
                self._waiting.remove(wish)
                if wish.woken.is_set():
                    self._pass_on()

    def _pass_on(self) -> None:
        self._led = bool(self._waiting)
        if self._led:
            self._waiting[0].woken.set()  # it leads next

    def _lead(self) -> None:
        with self._lock:
            wishes, self._waiting = self._waiting, []
        try:
            self._commit(wishes)
        finally:
            for wish in wishes:
                wish.done = True
                wish.woken.set()
            try:
                self._after()
            finally:
                with self._lock:
                    self._pass_on()

    def _commit(self, wishes: list[_Wish]) -> None:
        for patience in reversed(range(_TRIES)):
            try:
                with self._db.write() as connection:
                    for wish in wishes:
                        _do(connection, wish)
                self.commits += 1
                return
            except BaseException as error:
                if patience and _busy(error):
                    continue  # nothing was begun; two processes that both write much can wait longer than SQLite does
                for wish in wishes:
                    if wish.error is None:
                        wish.error = _not_stored(error)
                if isinstance(error, (ForgeError, sqlite3.Error, OSError)):
                    return
                raise


def _do(connection: sqlite3.Connection, wish: _Wish) -> None:
    try:
        with savepoint(connection):
            wish.result = wish.work(connection)
    except BaseException as error:
        of_disk = isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError)
        if of_disk or not isinstance(error, Exception):
            raise  # nothing of the transaction can be trusted, or the leading thread is interrupted
        wish.error = error


def _busy(error: BaseException) -> bool:
    cause = error if isinstance(error, sqlite3.Error) else error.__cause__
    return isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode == sqlite3.SQLITE_BUSY


def _not_stored(error: BaseException) -> NotStored:
    hint = getattr(error, "hint", "") or "Free some disk space, or see what else uses the database, and try again."
    made = NotStored(f"Nothing was booked: {getattr(error, 'message', error)}", hint=hint, code="LEDGER")
    made.__cause__ = error
    return made
