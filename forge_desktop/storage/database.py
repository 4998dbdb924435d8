"""Opens, checks and migrates the database, and hands out connections: one a thread to read, one lock to write."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlite_utils

from forge_desktop.base.errors import ForgeError
from forge_desktop.storage.migrations import MIGRATIONS

log = logging.getLogger(__name__)

_BACKUPS_KEPT = 5


class Database:
    """One SQLite database in WAL mode with `synchronous=FULL`: a committed row survives a power cut.

    `read_only` opens beside a process that owns the data directory; it never migrates. Raises ForgeError when the file
    is newer than this program, is not a database, or cannot be opened.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._local = threading.local()
        self._write_lock = threading.RLock()
        self._all: list[sqlite3.Connection] = []
        self._all_lock = threading.Lock()
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self.close()
            raise self._worded(error) from error
        except UnicodeDecodeError as error:  # SQLite's own sentence quotes a damaged part of the schema
            self.close()
            raise self._worded(sqlite3.DatabaseError("malformed database schema")) from error
        except OSError as error:
            self.close()
            raise ForgeError(
                f"The database {self.path} cannot be opened: {error.strerror or error}.",
                hint="Check the folder's permissions, or choose another one with --data-dir.",
            ) from error
        except ForgeError:
            self.close()
            raise

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for reading. Rows are sqlite3.Row and must not leave the room that asked."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            self._local.connection = connection
        return connection

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self.connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        found: sqlite3.Row | None = self.connection.execute(sql, values).fetchone()
        return found

    def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, *values)
        return None if found is None else found[0]

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One write transaction on this thread's connection: committed at the end, rolled back on any exception.

        Never hold it across a model call or the network. Nested use joins the outer transaction. A full disk is raised
        as ForgeError; nothing of the transaction is then stored.
        """
        if self.read_only:
            raise ForgeError(
                "Another Forge Desktop owns this data directory, so it can only be read.",
                hint="Close it and try again.",
            )
        with self._write_lock:
            connection = self.connection
            if connection.in_transaction:
                yield connection
                return
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                self._roll_back(connection)
                worded = self._worded(error)
                if worded is error:
                    raise
                raise worded from error
            except BaseException:
                self._roll_back(connection)
                raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Until the block ends, this thread reads one state of the data, whatever is written meanwhile elsewhere.

        Nothing may be written inside it. Within another one, or within a write, it sees what that sees.
        """
        connection = self.connection
        if connection.in_transaction:
            yield
            return
        connection.execute("BEGIN")
        try:
            yield
        finally:
            self._roll_back(connection)

    def damage(self) -> list[str]:
        """What SQLite's own integrity check and the foreign keys report; empty when all is well."""
        found = self.malformed()
        with contextlib.suppress(sqlite3.DatabaseError):  # then `found` tells it
            found += [
                f"{row[0]}: row {row[1]} points to a missing {row[2]}" for row in self.rows("PRAGMA foreign_key_check")
            ]
        return found

    def malformed(self) -> list[str]:
        """What SQLite's own integrity check reports; empty when every row can be read and found."""
        try:
            return [str(row[0]) for row in self.rows("PRAGMA integrity_check(20)") if row[0] != "ok"]
        except sqlite3.DatabaseError as error:
            return [str(error)]

    def rebuild_lookups(self) -> None:
        """Build every index of the tables again from their rows. Raises ForgeError when those cannot be read."""
        with self.write() as connection:
            connection.execute("REINDEX")

    def advice(self) -> str:
        """What to do when the database is damaged: the newest copy by its name."""
        copies = sorted((self.path.parent / "backups").glob(f"{self.path.stem}-*.db"), key=lambda copy: copy.name[-18:])
        if not copies:
            return (
                f"There is no copy in its backups folder: close Forge Desktop, move {self.path.name} away and add your"
                " folders anew, or choose another --data-dir."
            )
        return (
            f"Close Forge Desktop, move {self.path.name} with its -wal and -shm files away and put a copy of"
            f" {copies[-1]} in its place; then index your folders to add what came later."
        )

    def back_up(self, reason: str) -> Path:
        """A checked copy in backups/ beside the database; the oldest of that reason beyond five are dropped.

        Raises ForgeError when the copy cannot be made or does not pass its check; older copies are then untouched.
        """
        folder = self.path.parent / "backups"
        stamp = time.strftime("%Y%m%d-%H%M%S")
        final = folder / f"{self.path.stem}-{reason}-{stamp}.db"
        temporary = final.with_suffix(".part")
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            with contextlib.closing(sqlite3.connect(temporary)) as copy:
                self.connection.backup(copy)
                if copy.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                    raise sqlite3.DatabaseError("the copy failed its check")
            with open(temporary, "rb+") as written:
                os.fsync(written.fileno())
            os.replace(temporary, final)
        except (OSError, sqlite3.Error) as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise ForgeError(
                f"The database could not be backed up into {folder}: {error}.",
                hint="Free some disk space and start again; nothing was changed.",
            ) from error
        for old in sorted(folder.glob(f"{self.path.stem}-{reason}-*.db"))[:-_BACKUPS_KEPT]:
            old.unlink(missing_ok=True)
        return final

    def close(self) -> None:
        """Close every connection; the last one checkpoints the log."""
        with self._all_lock:
            for connection in self._all:
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
            self._all.clear()
        self._local = threading.local()

    def _open(self) -> None:
        fresh = not self.path.exists() or self.path.stat().st_size == 0
        if self.read_only and fresh:
            raise ForgeError("Nothing is stored here yet.", hint="Index a folder first.")
        if fresh and not self.read_only:
            self.path.touch(mode=0o600)
        # its plugins are none of our business, and looking for them costs 15 ms of every start
        library = sqlite_utils.Database(self.connection, execute_plugins=False)
        known = {migration.name for migration in MIGRATIONS._migrations}
        newer = sorted({migration.name for migration in MIGRATIONS.applied(library)} - known)
        if newer:
            raise ForgeError(
                f"The data in {self.path.parent} was written by a newer Forge Desktop.",
                hint="Update Forge Desktop, or choose another directory with --data-dir. Nothing was changed.",
            )
        pending = MIGRATIONS.pending(library)
        if pending and self.read_only:
            raise ForgeError("The data was written by an older Forge Desktop.", hint="Open it once, then try again.")
        if pending:
            if not fresh:
                self.back_up("before-update")
            MIGRATIONS.apply(library)

    def _connect(self) -> sqlite3.Connection:
        if self.read_only:
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=ro{self._still()}",
                uri=True,
                isolation_level=None,
                timeout=5,
                check_same_thread=False,
            )
        else:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=5, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        with self._all_lock:
            self._all.append(connection)
        pragmas: Sequence[str] = ("foreign_keys=ON", "busy_timeout=5000", "mmap_size=0", "trusted_schema=OFF")
        if not self.read_only:
            pragmas = ("journal_mode=WAL", "synchronous=FULL", "fullfsync=1", *pragmas)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _still(self) -> str:
        """For a disk that cannot be written: SQLite could not make its shared memory there, nor does anybody write."""
        log_file = self.path.with_name(self.path.name + "-wal")
        unfinished = log_file.exists() and log_file.stat().st_size > 0
        return "" if unfinished or os.access(self.path.parent, os.W_OK) else "&immutable=1"

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _worded(self, error: sqlite3.DatabaseError) -> Exception:
        text = str(error)
        if isinstance(error, sqlite3.IntegrityError):
            return error  # a bug of ours; its text holds names of columns
        if "is full" in text:
            return ForgeError(
                f"The disk that holds {self.path.parent} is full; the last change was not stored.",
                hint="Free some space and try again. Everything stored before is intact.",
            )
        if "disk I/O" in text:
            return ForgeError(
                f"The disk that holds {self.path.parent} does not take or give data: it is full, or it fails.",
                hint="Free some space and try again; if it happens again, check the disk.",
            )
        if "locked" in text or "busy" in text:
            return ForgeError("Another program is using the database.", hint="Close it and try again.")
        if "readonly" in text or "unable to open" in text:
            return ForgeError(
                f"The database {self.path} cannot be written: {text}.", hint="Check the folder's permissions."
            )
        if "not a database" in text or "malformed" in text:
            return ForgeError(
                f"The database {self.path} is damaged: {text}. It was left as it is.",
                hint=self.advice(),
            )
        return error
