"""The SQL of decisions: what a person decided, in order, with what it was before."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forge_desktop.distill.records import TaskState
from forge_desktop.storage import Database


@dataclass(frozen=True)
class Decision:
    """One decision that can be taken back. `before` is what task and pair were."""

    id: int
    task_id: int
    pair: str
    before: Mapping[str, Any]


class ReviewStore:
    """Reads and writes decisions, and what they make of tasks. Writing methods take a transaction's connection."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self,
        connection: sqlite3.Connection,
        task_id: int,
        pair: str,
        *,
        decision: str,
        note: str,
        before: Mapping[str, object],
    ) -> None:
        """Write a decision down."""
        connection.execute(
            "INSERT INTO reviews (task_id, pair, decision, note, before, created) VALUES (?, ?, ?, ?, ?, ?)",
            (task_id, pair, decision, note, json.dumps(dict(before)), time.time()),
        )

    def newest(self, connection: sqlite3.Connection) -> Decision | None:
        """The newest decision that was not taken back, on a task and a pair that are still there."""
        row = connection.execute(
            "SELECT reviews.* FROM reviews JOIN pairs ON pairs.uid = reviews.pair AND pairs.task_id = reviews.task_id"
            " WHERE undone = 0 ORDER BY reviews.id DESC LIMIT 1"
        ).fetchone()
        return None if row is None else Decision(row["id"], row["task_id"], row["pair"], json.loads(row["before"]))

    def take_back(self, connection: sqlite3.Connection, decision_id: int) -> None:
        """It was taken back."""
        connection.execute("UPDATE reviews SET undone = 1 WHERE id = ?", (decision_id,))

    def set_state(self, connection: sqlite3.Connection, task_id: int, state: TaskState, reason: str) -> None:
        """What became of a task by a decision."""
        connection.execute(
            "UPDATE tasks SET state = ?, reason = ?, changed = ? WHERE id = ?", (state, reason, time.time(), task_id)
        )
