"""Every SQL statement about what the user chose: roots, what they took out, and removals that can be undone."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
from collections.abc import Sequence

from forge_desktop.corpus.names import below
from forge_desktop.storage import Database


class Roots:
    """The tables of roots, exclusions and removals."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def remember(self, connection: sqlite3.Connection, path: bytes, info: os.stat_result, now: float) -> None:
        """Note a root, and that nothing at or below it is taken out any more."""
        connection.execute(
            "INSERT INTO roots (path, device, inode, added) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (path) DO UPDATE SET device = excluded.device, inode = excluded.inode",
            (path, _signed(info.st_dev), _signed(info.st_ino), now),
        )
        connection.execute("DELETE FROM excluded WHERE path = ? OR (path >= ? AND path < ?)", (path, *below(path)))

    def knows(self, path: bytes) -> bool:
        """Whether the path was noted as a root."""
        return self._db.row("SELECT 1 FROM roots WHERE path = ?", path) is not None

    def recognise(self, connection: sqlite3.Connection, path: bytes) -> None:
        """Note which folder the root is now."""
        with contextlib.suppress(OSError):
            info = os.stat(path)
            connection.execute(
                "UPDATE roots SET device = ?, inode = ? WHERE path = ?",
                (_signed(info.st_dev), _signed(info.st_ino), path),
            )

    def why_lost(self, path: bytes) -> str:
        """Why the root cannot be looked through, as a sentence; empty when it can.

        An empty folder that is not the one that was indexed is the place where a drive used to be.
        """
        try:
            info = os.stat(path)
            if not stat.S_ISDIR(info.st_mode):
                return ""
            with os.scandir(path) as entries:
                is_empty = next(entries, None) is None
        except (FileNotFoundError, NotADirectoryError):
            return "It is not there now. What was indexed from it is kept."
        except OSError as error:
            return f"It cannot be read ({error.strerror or error}). What was indexed from it is kept."
        row = self._db.row("SELECT device, inode FROM roots WHERE path = ?", path)
        if is_empty and row is not None and tuple(row) != (_signed(info.st_dev), _signed(info.st_ino)):
            return "The folder is empty and not the one that was indexed. What was indexed is kept."
        return ""

    def is_excluded(self, path: bytes) -> bool:
        """Whether the user took this file out."""
        return self._db.row("SELECT 1 FROM excluded WHERE path = ?", path) is not None

    # ---- removals ----

    def open_removal(self, connection: sqlite3.Connection, now: float) -> int:
        """A new removal's id: what is hidden under it can be put back until it is purged."""
        cursor = connection.execute("INSERT INTO removals (at) VALUES (?)", (now,))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def is_open(self, connection: sqlite3.Connection, removal: int) -> bool:
        """Whether the removal can still be undone."""
        return connection.execute("SELECT 1 FROM removals WHERE id = ?", (removal,)).fetchone() is not None

    def take_out(self, connection: sqlite3.Connection, removal: int, ids: Sequence[int]) -> None:
        """Hide documents under a removal."""
        connection.execute(
            "UPDATE documents SET removal = ? WHERE removal IS NULL AND id IN (SELECT value FROM json_each(?))",
            (removal, json.dumps(list(ids))),
        )

    def exclude(self, connection: sqlite3.Connection, removal: int) -> None:
        """Do not find the files of the documents under this removal again."""
        connection.execute("INSERT OR IGNORE INTO excluded SELECT path FROM documents WHERE removal = ?", (removal,))

    def taken_out(self, connection: sqlite3.Connection, removal: int) -> list[int]:
        """Ids of the documents a removal still holds."""
        return [row[0] for row in connection.execute("SELECT id FROM documents WHERE removal = ?", (removal,))]

    def put_back(self, connection: sqlite3.Connection, removal: int) -> None:
        """Undo a removal's marks."""
        connection.execute(
            "DELETE FROM excluded WHERE path IN (SELECT path FROM documents WHERE removal = ?)", (removal,)
        )
        for table in ("documents", "members", "collection_roots", "collections"):
            connection.execute(f"UPDATE {table} SET removal = NULL WHERE removal = ?", (removal,))
        connection.execute("DELETE FROM removals WHERE id = ?", (removal,))

    def purge(self, connection: sqlite3.Connection) -> None:
        """Make every removal final."""
        for table in ("documents", "members", "collection_roots", "collections"):
            connection.execute(f"DELETE FROM {table} WHERE removal IS NOT NULL")
        connection.execute("DELETE FROM roots WHERE path NOT IN (SELECT path FROM collection_roots)")
        connection.execute("DELETE FROM removals")

    def has_removals(self) -> bool:
        """Whether there is something to purge."""
        return self._db.row("SELECT 1 FROM removals") is not None


def _signed(number: int) -> int:
    """File ids on Windows and some file systems use all 64 bits; SQLite's integers are signed."""
    return number - (1 << 64) if number >= 1 << 63 else number
