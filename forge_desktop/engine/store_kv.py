"""Which file holds which conversation's key-value cache, and the sha256 of its bytes: the engine's own SQL."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.base.child import Frame
from forge_desktop.storage import Database


@dataclass(frozen=True)
class KvFile:
    """A file by its name in the folder, and what its bytes must be."""

    file: str
    sha256: str
    bytes: int


class KvStore:
    """The table of kept conversations. What is taken out of it comes back as names of files to remove."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.read_only = db.read_only

    def find(self, key: str, conversation: str) -> KvFile | None:
        """The file of this conversation, computed as `key` says."""
        row = self._db.row(
            "SELECT file, sha256, bytes FROM engine_kv_files WHERE key = ? AND conversation = ?", key, conversation
        )
        return None if row is None else KvFile(row["file"], row["sha256"], row["bytes"])

    def put(self, kept: Frame, most: int) -> list[str]:
        """Note a file that was written; gives those that are too many above `most` bytes, least recently used first."""
        values = [kept[name] for name in ("key", "conversation", "file", "sha256", "bytes", "tokens")]
        with self._db.write() as connection:
            connection.execute("DELETE FROM engine_kv_files WHERE file = ?", (kept["file"],))
            connection.execute(
                "INSERT OR REPLACE INTO engine_kv_files (key, conversation, file, sha256, bytes, tokens, used)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*values, time.time()),
            )
            gone = connection.execute(
                """
                DELETE FROM engine_kv_files WHERE file IN (
                    SELECT file FROM (
                        SELECT file, sum(bytes) OVER (ORDER BY used DESC, file) AS total FROM engine_kv_files
                    ) WHERE total > ?
                ) RETURNING file
                """,
                (most,),
            ).fetchall()
        return [row["file"] for row in gone]

    def drop(self, files: Sequence[str]) -> None:
        """Forget files."""
        with self._db.write() as connection:
            connection.executemany("DELETE FROM engine_kv_files WHERE file = ?", [(file,) for file in files])

    def of(self, conversations: Sequence[str]) -> list[str]:
        """The files of these conversations."""
        rows = self._db.rows(
            "SELECT file FROM engine_kv_files WHERE conversation IN (SELECT value FROM json_each(?))",
            json.dumps(list(conversations)),
        )
        return [row["file"] for row in rows]

    def all(self) -> list[str]:
        """Every file."""
        return [row["file"] for row in self._db.rows("SELECT file FROM engine_kv_files")]
