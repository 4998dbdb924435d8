"""Every SQL statement about what the user chose: roots, what they took out, and removals that can be undone."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.corpus.names import below
from forge_desktop.storage import Database


@dataclass(frozen=True)
class Root:
    """A folder or file the user added, and which one it was then."""

    path: bytes
    device: int
    inode: int


class Roots:
    """The tables of roots, exclusions and removals."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[Root]:
        """Every root by path."""
        return [Root(*row) for row in self._db.rows("SELECT path, device, inode FROM roots ORDER BY path")]

    def remember(self, connection: sqlite3.Connection, path: bytes, info: os.stat_result, now: float) -> None:
        """Note a root, and that nothing at or below it is taken out any more."""
        connection.execute(
            "INSERT INTO roots (path, device, inode, added) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (path) DO UPDATE SET device = excluded.device, inode = excluded.inode",
            (path, _signed(info.st_dev), _signed(info.st_ino), now),
        )
        connection.execute("DELETE FROM excluded WHERE path = ? OR (path >= ? AND path < ?)", (path, *below(path)))

    def is_same(self, path: bytes, info: os.stat_result) -> bool:
        """Whether the folder is the one that was indexed, not an empty place where a drive used to be."""
        row = self._db.row("SELECT device, inode FROM roots WHERE path = ?", path)
        return row is None or tuple(row) == (_signed(info.st_dev), _signed(info.st_ino))

    def is_excluded(self, path: bytes) -> bool:
        """Whether the user took this file out."""
        return self._db.row("SELECT 1 FROM excluded WHERE path = ?", path) is not None

    # ---- removals ----

    def take_out(self, connection: sqlite3.Connection, ids: Sequence[int], now: float) -> int:
        """Hide documents under a new removal, its id; their files are not found again by a rescan."""
        cursor = connection.execute("INSERT INTO removals (at) VALUES (?)", (now,))
        assert cursor.lastrowid is not None
        values = json.dumps(list(ids))
        connection.execute(
            "UPDATE documents SET removal = ? WHERE removal IS NULL AND id IN (SELECT value FROM json_each(?))",
            (cursor.lastrowid, values),
        )
        connection.execute(
            "INSERT OR IGNORE INTO excluded SELECT path FROM documents WHERE removal = ?", (cursor.lastrowid,)
        )
        return cursor.lastrowid

    def taken_out(self, connection: sqlite3.Connection, removal: int) -> list[int]:
        """Ids of the documents a removal still holds."""
        return [row[0] for row in connection.execute("SELECT id FROM documents WHERE removal = ?", (removal,))]

    def put_back(self, connection: sqlite3.Connection, removal: int) -> None:
        """Undo a removal's marks."""
        connection.execute(
            "DELETE FROM excluded WHERE path IN (SELECT path FROM documents WHERE removal = ?)", (removal,)
        )
        connection.execute("UPDATE documents SET removal = NULL WHERE removal = ?", (removal,))
        connection.execute("DELETE FROM removals WHERE id = ?", (removal,))

    def purge(self, connection: sqlite3.Connection) -> None:
        """Make every removal final."""
        connection.execute("DELETE FROM documents WHERE removal IS NOT NULL")
        connection.execute("DELETE FROM removals")

    def has_removals(self) -> bool:
        """Whether there is something to purge."""
        return self._db.row("SELECT 1 FROM removals") is not None


def _signed(number: int) -> int:
    """File ids on Windows and some file systems use all 64 bits; SQLite's integers are signed."""
    return number - (1 << 64) if number >= 1 << 63 else number
