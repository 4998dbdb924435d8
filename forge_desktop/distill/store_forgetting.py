"""The SQL of what a document came into."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from forge_desktop.storage import Database

_OFFERED = "SELECT task_id FROM evidence WHERE document_sha256 = ? AND task_id IS NOT NULL"
_RESTING = "SELECT pair_id FROM evidence WHERE document_sha256 = ? AND pair_id IS NOT NULL"
_TASKS = f"(document = ? OR id IN ({_OFFERED}) OR id IN (SELECT task_id FROM pairs WHERE id IN ({_RESTING})))"


class ForgettingStore:
    """Reads what there is, and removes it within the caller's transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def named(self, wanted: str) -> list[tuple[str, str]]:
        """Documents in evidence, as (sha256, name), by their sha256 or the start of it, or by their name."""
        return [
            (row[0], row[1])
            for row in self._db.rows(
                "SELECT document_sha256, min(name) FROM evidence WHERE document_sha256 <> '' AND"
                " (name = ? OR name LIKE ? ESCAPE '\\'"
                " OR (length(?) >= 6 AND substr(document_sha256, 1, length(?)) = ?))"
                " GROUP BY document_sha256 ORDER BY 2",
                wanted,
                "%/" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"),
                *([wanted.lower()] * 3),
            )
        ]

    def tasks(self, document: str) -> list[str]:
        """Uids of tasks that ask about it, were offered a passage of it, or whose pair rests on it."""
        return self._uids(f"SELECT uid FROM tasks WHERE {_TASKS} ORDER BY id", document, document, document)

    def pairs(self, document: str) -> list[str]:
        """Uids of pairs that hold a passage of it."""
        return self._uids(f"SELECT uid FROM pairs WHERE id IN ({_RESTING}) ORDER BY id", document)

    def evidence(self, document: str) -> int:
        """How many passages of it stand with tasks and pairs."""
        return int(self._db.value("SELECT count(*) FROM evidence WHERE document_sha256 = ?", document))

    def suite_items(self, document: str) -> list[tuple[str, int]]:
        """Items of suites that rest on it, as (suite, n)."""
        rows = self._db.rows(
            "SELECT suite, n FROM suite_items i WHERE EXISTS (SELECT 1 FROM json_each(i.evidence)"
            " WHERE json_extract(value, '$.document_sha256') = ?) ORDER BY suite, n",
            document,
        )
        return [(row[0], row[1]) for row in rows]

    def remove_tasks(self, connection: sqlite3.Connection, uids: Sequence[str]) -> None:
        """Remove tasks with what was offered to them, their drafts, what teachers said, and decisions on them."""
        connection.executemany("DELETE FROM tasks WHERE uid = ?", [(uid,) for uid in uids])

    def remove_decisions(self, connection: sqlite3.Connection, pairs: Sequence[str]) -> None:
        """Remove what was decided on pairs: it holds them as they were."""
        connection.executemany("DELETE FROM reviews WHERE pair = ?", [(uid,) for uid in pairs])

    def _uids(self, sql: str, *values: object) -> list[str]:
        return [row[0] for row in self._db.rows(sql, *values)]
