"""The queue: questions that shall become pairs, in the order in which a run takes them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.distill.records import OPEN, NewTask, Task, TaskRow, TaskState
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.storage import Database

_LONGEST_QUESTION = 200_000  # characters; above it no teacher of today would read it with evidence
_ENDED: tuple[TaskState, ...] = ("rejected", "failed", "cancelled")


class Tasks:
    """The tasks. Reading methods are safe on any thread. `ids` None means all that the change is meant for."""

    def __init__(self, db: Database, store: TaskStore, events: Events) -> None:
        self._db, self._store, self._events = db, store, events

    def add(self, tasks: Sequence[NewTask]) -> list[str]:
        """Queue tasks in one transaction; gives their uids. One whose uid is there already is left as it is.

        Raises ForgeError for a task that cannot be one; none is then queued.
        """
        for task in tasks:
            _check(task)
        now = time.time()
        with self._db.write() as connection:
            uids = [self._store.insert(connection, task, now=now) for task in tasks]
        self._events.changed("tasks")
        return uids

    # ---- looking ----

    def count(self, text: str = "", states: Sequence[TaskState] = ()) -> int:
        """How many tasks have every word of `text` in their question and are in one of `states` (none: any)."""
        return self._store.count(text, states)

    def window(
        self,
        offset: int,
        limit: int,
        text: str = "",
        states: Sequence[TaskState] = (),
        order: str = "position",
        *,
        descending: bool = False,
    ) -> list[TaskRow]:
        """A page of what `count` counts. `order`: position, question, state, kind, quality, cost, evidence, changed."""
        return self._store.window(offset, limit, text, states, order=order, descending=descending)

    def counts(self) -> dict[TaskState, int]:
        """How many tasks are in each state."""
        return self._store.counts()

    def get(self, task: int | str) -> Task:
        """One task by id or uid. Raises ForgeError when it is gone."""
        return self._store.get(task)

    # ---- changing; a run that is under way notices ----

    def hold(self, ids: Sequence[int] | None = None) -> int:
        """Let no run take these tasks until they are released. An answer that is under way is kept for then."""
        return self._change(ids, "held", "held by a person", OPEN)

    def release(self, ids: Sequence[int] | None = None) -> int:
        """Let runs take held tasks again."""
        return self._change(ids, "queued", "", ("held",))

    def cancel(self, ids: Sequence[int] | None = None) -> int:
        """Give up tasks that are not finished; `again` brings them back."""
        return self._change(ids, "cancelled", "cancelled by a person", (*OPEN, "held"))

    def again(self, ids: Sequence[int] | None = None) -> int:
        """Queue what was rejected, failed or cancelled once more. Teachers are then asked afresh, and paid afresh."""
        changed = self._store.start_anew(ids, _ENDED)
        return self._told(len(changed), "tasks", "pairs")

    def move(self, ids: Sequence[int], before: int | None) -> None:
        """Put these tasks, in the order given, before another one (None: at the end)."""
        self._store.move(ids, before)
        self._events.changed("tasks")

    def remove(self, ids: Sequence[int]) -> int:
        """Take tasks out for good. Pairs that came of them stay, and so does what was paid."""
        return self._told(self._store.remove(ids), "tasks")

    def _change(self, ids: Sequence[int] | None, to: TaskState, reason: str, among: Sequence[TaskState]) -> int:
        return self._told(len(self._store.change_state(ids, to, reason, among=among)), "tasks")

    def _told(self, changed: int, *nouns: str) -> int:
        if changed:
            self._events.changed(*nouns)
        return changed


def _check(task: NewTask) -> None:
    if not task.question.strip():
        raise ForgeError("A task needs a question.", hint="Leave out lines without one.")
    if len(task.question) > _LONGEST_QUESTION:
        raise ForgeError(
            f"A question has {len(task.question):,} characters; at most {_LONGEST_QUESTION:,} can be asked.",
            hint="Index the text as a document, and ask about it.",
        )
