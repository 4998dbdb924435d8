"""What a person decides on pairs: accept, edit, reject, with a note; and taking the last decision back."""

from __future__ import annotations

from forge_desktop.base.events import Events
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.storage import Database


class Review:
    """Decisions on the pairs of tasks. Raises ForgeError for a task without a pair."""

    def __init__(self, db: Database, tasks: TaskStore, pairs: Pairs, events: Events) -> None:
        self._db, self._tasks, self._pairs, self._events = db, tasks, pairs, events

    def accept(self, task_id: int, note: str = "") -> None:
        """Keep the pair as it is."""
        raise NotImplementedError

    def edit(self, task_id: int, final: str, note: str = "") -> None:
        """Keep the pair with this answer; the rules are held against it, and what they say is kept with it."""
        raise NotImplementedError

    def reject(self, task_id: int, note: str = "") -> None:
        """Let nobody learn from it. The pair stays where it can be seen."""
        raise NotImplementedError

    def undo(self) -> int | None:
        """Take the newest decision back; gives the id of its task, None when there is none left."""
        raise NotImplementedError

    def waiting(self) -> list[int]:
        """The ids of tasks that wait for a person, in the queue's order."""
        return self._tasks.ids_in(("review",))
