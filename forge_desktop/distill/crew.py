"""The threads that wait, so that the lane's thread need not: one finds evidence, one drafts, many ask teachers.

They write no table of this room. What they find comes back to the lane's thread through one inbox.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.distill.batching import Batching
from forge_desktop.distill.drafting import Drafter, Wanted
from forge_desktop.distill.evidence import Gatherer, Offer
from forge_desktop.distill.lesson import Ask
from forge_desktop.distill.records import Draft, Evidence, Task
from forge_desktop.distill.records_runs import RunWish
from forge_desktop.distill.stopping import Stop, why_stop
from forge_desktop.providers import Providers
from forge_desktop.providers.records import Endpoint, PaidAnswer, Purpose

_SECONDS = 300.0  # that a teacher may take; long answers of slow local ones take minutes
T = TypeVar("T")


@dataclass(frozen=True)
class Offered:
    """Evidence was looked for; an offer is withheld also where it could not be."""

    task_id: int
    offer: Offer | None
    error: BaseException | None = None


@dataclass(frozen=True)
class Drafted:
    """The student answered."""

    task_id: int
    draft: Draft


@dataclass(frozen=True)
class DraftsEnded:
    """A batch of drafts is over; those of its tasks that had none will have none."""

    task_ids: tuple[int, ...]
    error: BaseException | None = None


@dataclass(frozen=True)
class Answered:
    """A teacher or judge was asked."""

    task_id: int
    ask: Ask
    answer: PaidAnswer | None
    error: BaseException | None = None


@dataclass(frozen=True)
class EarlierBatches:
    """Batches of earlier runs were looked at: these tasks (uids) are still with a teacher."""

    tasks: frozenset[str]
    error: BaseException | None = None


@dataclass(frozen=True)
class BatchEnded:
    """A batch is over, or could not be handed over; what it brought is in the ledger."""

    task_ids: tuple[int, ...]
    error: BaseException | None = None


News = Offered | Drafted | DraftsEnded | Answered | EarlierBatches | BatchEnded


class Crew:
    """Used by one run, on the lane's thread; `close` ends every thread.

    `critics` are the uids of those who criticise drafts for others to answer.
    """

    def __init__(
        self,
        gatherer: Gatherer,
        drafter: Drafter,
        providers: Providers,
        *,
        run: str,
        wish: RunWish,
        critics: Sequence[str],
    ) -> None:
        self._gatherer, self._drafter, self._providers = gatherer, drafter, providers
        self._run, self._wish, self._critics = run, wish, tuple(critics)
        self._batching = Batching(providers, run, wish)
        self._inbox: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._no_drafts = threading.Event()
        self._finding = ThreadPoolExecutor(1, thread_name_prefix="forge-distill-find")
        self._drafting = ThreadPoolExecutor(1, thread_name_prefix="forge-distill-draft")
        self._asking = ThreadPoolExecutor(wish.concurrency, thread_name_prefix="forge-distill-ask")

    # ---- orders ----

    def find(self, task: Task, known: Sequence[Evidence]) -> None:
        """Look for evidence, or look which of the known evidence may still be sent."""
        self._order(
            self._finding,
            lambda: self._gatherer.offer(task, self._wish.passages, known),
            lambda offer, error: (
                Offered(task.id, Offer((), withheld=error.message))
                if isinstance(error, ForgeError)
                else Offered(task.id, offer, error)
            ),
        )

    def draft(self, wanted: Sequence[Wanted]) -> None:
        """Let the student answer a batch."""

        def tell(task: Task, draft: Draft) -> None:
            self._inbox.put(Drafted(task.id, draft))

        ids = tuple(each.task.id for each in wanted)
        self._order(
            self._drafting,
            lambda: self._drafter.answer(wanted, self._wish.max_tokens, tell, self._no_drafts, run=self._run),
            lambda _, error: DraftsEnded(ids, error),
        )

    @property
    def criticises(self) -> bool:
        """Whether somebody criticises drafts for others to answer."""
        return bool(self._critics)

    def end_drafts(self) -> None:
        """Begin no draft any more. Those under way come in where they are paid for; DraftsEnded follows soon."""
        self._no_drafts.set()

    def ask(self, task: Task, ask: Ask, *, answered_by: str = "") -> None:
        """Ask a teacher, or a judge; what was paid for this step before comes back without a call.

        A judge is somebody else than who answered, where there is somebody else.
        """
        among = self._wish.teachers
        if ask.role == "judge":
            judges, _ = self._providers.router.order("judge", among)
            among = tuple(each.uid for each in judges if each.uid != answered_by) or among
        elif ask.role == "critique":
            among = self._critics
        purpose = Purpose("teacher", self._run, task.uid, ask.step, task.repeat)
        self._order(
            self._asking,
            lambda: self._providers.teach(
                ask.role, ask.request, purpose, among=among, check=self._check, seconds=_SECONDS
            ),
            lambda answer, error: Answered(task.id, ask, answer, error),
        )

    def why_stop(self, error: ForgeError, ask: Ask) -> Stop | None:
        """What a failed call means for the run; None when it concerns its task alone."""
        return why_stop(error, ask, self._providers.router, self._wish.teachers)

    def look_at_batches(self) -> None:
        """See what became of batches of earlier runs."""
        self._order(
            self._finding,
            lambda: self._batching.earlier(self._check),
            lambda tasks, error: EarlierBatches(tasks or frozenset(), error),
        )

    def batch(self, teacher: Endpoint, asks: Sequence[tuple[Task, Ask]]) -> None:
        """Hand over a batch, and wait for it."""
        ids = tuple(task.id for task, _ in asks)
        self._order(
            self._asking,
            lambda: self._batching.through(teacher, asks, self._check),
            lambda _, error: BatchEnded(ids, error),
        )

    def batch_teacher(self) -> Endpoint | None:
        """Whom first turns go to in batches, None where they do not."""
        return self._batching.teacher()

    # ---- news ----

    def news(self, seconds: float) -> list[News]:
        """What came in, at least one piece unless nothing comes for so long."""
        found: list[News] = []
        try:
            found.append(self._inbox.get(timeout=seconds))
            while True:
                found.append(self._inbox.get_nowait())
        except queue.Empty:
            return found

    def close(self) -> None:
        """End every thread: what is under way is broken off, and stays charged where nobody knows what it cost."""
        self._stop.set()
        self._no_drafts.set()
        for pool in (self._finding, self._drafting, self._asking):
            pool.shutdown(wait=True, cancel_futures=True)

    def _check(self) -> None:
        if self._stop.is_set():
            raise Cancelled

    def _order(
        self, pool: ThreadPoolExecutor, work: Callable[[], T], news: Callable[[T | None, BaseException | None], News]
    ) -> None:
        def over(future: Future[T]) -> None:
            if not future.cancelled():
                error = future.exception()
                self._inbox.put(news(None if error is not None else future.result(), error))

        pool.submit(work).add_done_callback(over)
