"""The SQL of imported and generated tasks: which are there already."""

from __future__ import annotations

import json
from collections.abc import Sequence

from forge_desktop.storage import Database


class WaysInStore:
    """Reads only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def known(self, table: str, uids: Sequence[str]) -> set[str]:
        """Which of these uids are there, in "tasks" or "pairs"."""
        assert table in ("tasks", "pairs")
        rows = self._db.rows(f"SELECT uid FROM {table} WHERE uid IN (SELECT value FROM json_each(?))", json.dumps(uids))
        return {row[0] for row in rows}

    def made_from(self, document: str) -> list[tuple[str, str, str]]:
        """Question, kind and difficulty of all tasks that were generated from a document."""
        rows = self._db.rows(
            "SELECT question, kind, difficulty FROM tasks WHERE origin = 'document' AND document = ? ORDER BY id",
            document,
        )
        return [(row[0], row[1], row[2]) for row in rows]
