"""First turns through a teacher's cheaper batch endpoint: collected, handed over whole, waited for.

What comes of a batch is in the ledger as paid answers, and is taken from there like any other: a line that brought
none is asked for call by call. A batch that outlives its run is known, and its tasks are not asked a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.lesson import Ask
from forge_desktop.distill.records import Task
from forge_desktop.distill.records_runs import RunWish
from forge_desktop.providers import Providers
from forge_desktop.providers.errors import CapReached
from forge_desktop.providers.records import Endpoint, Purpose
from forge_desktop.providers.records_batches import BatchLine

FIRST = "turn-1"
MOST = 2_000  # lines of one batch: so many tasks are in hand at once
_PAGE = 1_000


class Batching:
    """The batches of one run. Every method but `teacher` may take long and is not for the lane's thread."""

    def __init__(self, providers: Providers, run: str, wish: RunWish) -> None:
        self._providers, self._run, self._wish = providers, run, wish

    def teacher(self) -> Endpoint | None:
        """Whom batches can be handed to: the first in order that takes them. None where a run does without."""
        if not self._wish.batch:
            return None
        order, _ = self._providers.router.order("answer", self._wish.teachers)
        return next((each for each in order if self._providers.batches.knows(each.uid)), None)

    def earlier(self, check: Callable[[], None]) -> frozenset[str]:
        """The uids of tasks that a batch of an earlier run still has. A run that wants batches waits for them."""
        for batch in self._providers.batches.running():
            try:
                if self._wish.batch:
                    self._providers.batches.wait(batch.uid, check=check)
                else:
                    self._providers.batches.look(batch.uid, check=check)
            except ForgeError:
                continue  # it cannot be looked at now: its tasks wait
        found: set[str] = set()
        last: str | None = None
        while page := self._providers.ledger.attempts(state="sent", limit=_PAGE, before=last):
            found.update(each.purpose.task for each in page if each.batch)
            last = page[-1].uid
        return frozenset(found)

    def through(self, teacher: Endpoint, asks: Sequence[tuple[Task, Ask]], check: Callable[[], None]) -> None:
        """Hand these over and wait until they are over: as many as fit under the caps. Raises as `Batches.submit`."""
        lines = [
            BatchLine(ask.request, Purpose("teacher", self._run, task.uid, ask.step, task.repeat)) for task, ask in asks
        ]
        while lines:
            try:
                batch = self._providers.batches.submit(teacher.uid, lines, check=check)
            except CapReached as error:
                # The rest is asked call by call, each with what the batch left of the cap.
                lines = lines[: len(lines) * (error.budget.headroom or 0) // (error.worst + 1)]
                continue
            self._providers.batches.wait(batch.uid, check=check)
            return
