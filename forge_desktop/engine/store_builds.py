"""The SQL of the engine's builds: what children of which files said that they are."""

from __future__ import annotations

import time

from forge_desktop.storage import Database


class BuildStore:
    """Reads and writes the table `engine_builds`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, installed: str) -> str:
        """The build of these files, "" when none of them was started yet."""
        return str(self._db.value("SELECT build FROM engine_builds WHERE installed = ?", installed) or "")

    def any(self) -> bool:
        """Whether anything was ever started."""
        return self._db.value("SELECT 1 FROM engine_builds") is not None

    def keep(self, installed: str, build: str) -> None:
        """These files are this build."""
        with self._db.write() as connection:
            connection.execute("INSERT OR REPLACE INTO engine_builds VALUES (?, ?, ?)", (installed, build, time.time()))
