"""Where first turns are collected until a batch of them is handed over; used on the lane's thread."""

from __future__ import annotations

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.distill.batching import FIRST
from forge_desktop.distill.crew import BatchEnded, Crew
from forge_desktop.distill.work import Work


class BatchDesk:
    """The batches of one run; `used` while first turns go through them. `remark` says why they do not any more."""

    def __init__(self, crew: Crew) -> None:
        self._crew, self._teacher = crew, crew.batch_teacher()
        self._collected: list[Work] = []
        self._out: list[Work] = []
        self.remark = ""

    @property
    def used(self) -> bool:
        """Whether a teacher takes batches."""
        return self._teacher is not None

    @property
    def out(self) -> int:
        """How many tasks a teacher has in a batch."""
        return len(self._out)

    def takes(self, work: Work) -> bool:
        """Collect a call, where it is one for a batch."""
        if self._teacher is None or work.call.step != FIRST:
            return False
        self._collected.append(work)
        return True

    def hand_over(self, expected: int) -> None:
        """Hand over what was collected, once it is as much as is to be expected."""
        if self._teacher is None or self._out or not self._collected or len(self._collected) < expected:
            return
        self._out, self._collected = self._collected, []
        self._crew.batch(self._teacher, [(work.task, work.call) for work in self._out])

    def ended(self, news: BatchEnded) -> list[Work]:
        """What is to be asked for now: what the batch brought is found as paid, the rest goes out call by call."""
        back, self._out = self._out, []
        if isinstance(news.error, ForgeError):
            self._teacher, self.remark = None, f"The batch endpoint was not used: {news.error.message}"
            back, self._collected = back + self._collected, []
        elif news.error is not None and not isinstance(news.error, Cancelled):
            raise news.error
        return back
