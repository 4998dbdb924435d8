"""The SQL of quotes: what earlier runs tell about the next one."""

from __future__ import annotations

import json
from collections.abc import Sequence

from forge_desktop.storage import Database

_ENDED = "('kept', 'rejected', 'review', 'failed')"


class QuoteStore:
    """Reads only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def waiting(self, limit: int) -> list[int]:
        """The ids of the tasks that a run would take, in its order; all of them when `limit` is 0."""
        rows = self._db.rows(
            "SELECT id FROM tasks WHERE state IN ('queued', 'drafting', 'asking', 'checking')"
            " ORDER BY position, id LIMIT ?",
            limit or -1,
        )
        return [row[0] for row in rows]

    def turns_a_task(self) -> tuple[int, int]:
        """How many tasks ended that teachers were asked for, and in how many answers together."""
        row = self._db.row(
            "SELECT count(DISTINCT turns.task_id), count(*) FROM turns JOIN tasks ON tasks.id = turns.task_id"
            f" WHERE turns.step = 'answer' AND tasks.state IN {_ENDED}"
        )
        return (row[0], row[1]) if row else (0, 0)

    def drafts(self) -> tuple[int, int, int]:
        """How many ended tasks had a draft, how many of these no teacher was asked for, and a draft's mean length."""
        row = self._db.row(
            "SELECT count(*), coalesce(sum(tasks.turns = 0), 0), coalesce(avg(length(drafts.text)), 0)"
            f" FROM tasks JOIN drafts ON drafts.task_id = tasks.id WHERE tasks.state IN {_ENDED}"
        )
        return (row[0], row[1], int(row[2])) if row else (0, 0, 0)

    def prompt_lengths(self, tasks: Sequence[str]) -> dict[tuple[str, str], int]:
        """The length of each prompt as it is kept, by the task's uid and the step's name in the ledger."""
        rows = self._db.rows(
            "SELECT tasks.uid, turns.step, turns.turn, length(turns.prompt) FROM turns JOIN tasks ON tasks.id ="
            " turns.task_id WHERE tasks.uid IN (SELECT value FROM json_each(?))",
            json.dumps(list(tasks)),
        )
        return {(row[0], f"turn-{row[2]}" if row[1] == "answer" else row[1]): row[3] for row in rows}
