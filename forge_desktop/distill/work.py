"""A task in a run's hands: what is offered to it, its draft, its lesson, and what of that is not stored yet."""

from __future__ import annotations

from dataclasses import dataclass

from forge_desktop.distill.flipping import Change
from forge_desktop.distill.lesson import Ask, End, Lesson
from forge_desktop.distill.records import Draft, Evidence, Task, TaskState


@dataclass
class Work:
    """`asked` is the call to make next. `new_evidence` and `new_draft` are not stored yet."""

    task: Task
    evidence: tuple[Evidence, ...] = ()
    draft: Draft | None = None
    lesson: Lesson | None = None
    asked: Ask | None = None
    new_evidence: bool = False
    new_draft: bool = False

    @property
    def call(self) -> Ask:
        """The call to make next, where there is one."""
        assert self.asked is not None
        return self.asked

    @property
    def led(self) -> Lesson:
        """The lesson, from when evidence and draft are there."""
        assert self.lesson is not None
        return self.lesson

    def change(self, to: TaskState | End, charged: int = 0) -> Change:
        """What is to be stored, as far as it is not yet. A draft is stored with what the rules say of it."""
        draft = self.lesson.draft if self.lesson is not None else None
        return Change(
            self.task,
            to,
            evidence=self.evidence if self.new_evidence else None,
            draft=draft if self.new_draft else None,
            lesson=self.lesson,
            charged=charged,
        )
