"""The SQL of tasks with all that belongs to them, for an export of everything."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from forge_desktop.storage import Database

_JSON = ("collections", "checks", "provenance", "read", "heading", "scores", "retrieval")
_LOCAL = ("id", "task_id", "pair_id", "passage_id")  # numbers of this database mean nothing elsewhere
_AT_ONCE = 400


class ExportStore:
    """Reads only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def tasks(self) -> Iterator[Mapping[str, Any]]:
        """Every task with its draft, what was offered to it, what teachers said, and decisions on it."""
        after = 0
        while True:
            rows = self._db.rows("SELECT * FROM tasks WHERE id > ? ORDER BY id LIMIT ?", after, _AT_ONCE)
            for row in rows:
                after = row["id"]
                yield {
                    **_plain(row),
                    "draft": next(iter(self._of("drafts", after, "task_id")), None),
                    "evidence": self._of("evidence", after, "n"),
                    "turns": self._of("turns", after, "id"),
                    "reviews": self._of("reviews", after, "id"),
                }
            if len(rows) < _AT_ONCE:
                return

    def _of(self, table: str, task_id: int, order: str) -> list[dict[str, Any]]:
        rows = self._db.rows(f"SELECT * FROM {table} WHERE task_id = ? ORDER BY {order}", task_id)
        return [_plain(row) for row in rows]


def _plain(row: sqlite3.Row) -> dict[str, Any]:
    found = {name: value for name, value in dict(row).items() if name not in _LOCAL}
    return {name: json.loads(value) if name in _JSON and value else value for name, value in found.items()}
