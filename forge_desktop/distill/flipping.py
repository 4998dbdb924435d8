"""The writes of a run: many tasks in one transaction, each with all that belongs to it or not at all."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.distill.lesson import End, Lesson
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.records import Draft, Evidence, Pair, Task, TaskState, TeacherTurn
from forge_desktop.distill.store_runs import RunStore
from forge_desktop.storage import Database


@dataclass(frozen=True)
class Change:
    """What is to be stored of a task: where it is on its way ("queued": back, with all its attempts), or its end.

    `evidence` and `draft` are None where they are stored already, or where there is none. `charged` is what the ledger
    has for the task, lost calls included.
    """

    task: Task
    to: TaskState | End
    evidence: Sequence[Evidence] | None = None
    draft: Draft | None = None
    lesson: Lesson | None = None
    charged: int = 0
    turns: tuple[TeacherTurn, ...] = ()


class Flipper:
    """Stores changes."""

    def __init__(self, db: Database, store: RunStore, pairs: Pairs) -> None:
        self._db, self._store, self._pairs = db, store, pairs

    def write(self, run: str, changes: Sequence[Change]) -> list[TaskState | None]:
        """Store them all or none. For each the state it has now; None where a person took the task away meanwhile."""
        now = time.time()
        with self._db.write() as connection:
            return [self._write(connection, run, change, now) for change in changes]

    def _write(self, connection: sqlite3.Connection, run: str, change: Change, now: float) -> TaskState | None:
        task_id = change.task.id
        if change.evidence is not None:
            self._store.offer(connection, task_id, change.evidence)
        if change.draft is not None:
            self._store.put_draft(connection, task_id, change.draft, now)
        if change.to == "queued":
            self._store.try_again(connection, task_id)
            return change.to
        if not isinstance(change.to, End):
            self._store.mark(connection, task_id, change.to, run)
            return change.to
        if task_id not in self._store.still_open([task_id]):
            return None
        state, reason = change.to.state, change.to.reason
        if change.to.pair is not None:
            state, reason = _verdict(self._pairs.keep(connection, change.to.pair), state, reason)
        turns = (change.lesson.turns if change.lesson else ()) + change.turns
        cost = max(change.charged, change.lesson.cost if change.lesson else 0)
        self._store.finish(connection, task_id, state, reason, run=run, turns=turns, cost=cost, now=now)
        return state


def _verdict(pair: Pair, state: TaskState, reason: str) -> tuple[TaskState, str]:
    """What the comparison with other pairs and with the suites makes of a task's end."""
    if state not in ("kept", "review"):
        return state, reason
    if pair.duplicate_of:
        share = "" if pair.similarity is None else f", {pair.similarity:.0%} alike"
        return "rejected", f"Another pair says the same ({pair.method}{share})."
    if pair.leaks:
        return "rejected", f"It stands in a suite to measure with: {', '.join(pair.leaks)}."
    if state == "kept" and not pair.accepted:
        return "review", reason or "It was not accepted by the comparison with other pairs."
    return state, reason
