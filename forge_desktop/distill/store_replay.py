"""The SQL of replays: what a run has brought to its end."""

from __future__ import annotations

from forge_desktop.storage import Database


class ReplayStore:
    """Reads only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def ended(self, run: str) -> list[int]:
        """The ids of the tasks that a run ended, in the order in which their pairs are written."""
        rows = self._db.rows(
            "SELECT tasks.id FROM tasks LEFT JOIN pairs ON pairs.task_id = tasks.id"
            " WHERE tasks.run = ? AND tasks.state IN ('kept', 'rejected', 'review', 'failed')"
            " ORDER BY pairs.id IS NULL, pairs.id, tasks.id",
            run,
        )
        return [row[0] for row in rows]
