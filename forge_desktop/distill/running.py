"""A run: takes tasks in the queue's order and brings each to its end. Every run is a resume.

The lane's thread alone writes tables, many tasks in one transaction; a crew of threads does what takes time. What is
offered to a teacher is stored before it is asked, and a paid answer is in the ledger before it comes here, so that a
run that is killed anywhere is gone on with by the next, without paying again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.distill.batch_desk import BatchDesk
from forge_desktop.distill.batching import MOST
from forge_desktop.distill.crew import Answered, BatchEnded, Crew, Drafted, DraftsEnded, EarlierBatches, News, Offered
from forge_desktop.distill.drafting import Wanted
from forge_desktop.distill.flipping import Flipper
from forge_desktop.distill.headroom import Headroom
from forge_desktop.distill.lesson import ASIDE, Ask, End, Lesson
from forge_desktop.distill.records import Draft, TaskState
from forge_desktop.distill.records_runs import RunWish
from forge_desktop.distill.stopping import Stop, may_pass
from forge_desktop.distill.store_runs import RunStore
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.distill.telling import Telling
from forge_desktop.distill.work import Work
from forge_desktop.providers import Providers
from forge_desktop.providers.errors import CapReached

_DRAFTS_AT_ONCE = 32
_AT_ONCE = 24  # tasks in one transaction: calls under way write to the ledger between two of them
_PATIENCE = 0.25  # seconds without news after which the loop looks round
_GRACE = 3.0  # seconds that calls under way have left when a run is cancelled; they are paid for in any case


class Run:
    """Does the work of one job. Make a fresh one for each. `teachers` are facts of endpoints, for the pairs."""

    def __init__(
        self,
        uid: str,
        wish: RunWish,
        *,
        store: RunStore,
        tasks: TaskStore,
        flipper: Flipper,
        crew: Crew,
        providers: Providers,
        events: Events,
        ctx: JobContext,
        drafts: bool,
        teachers: Mapping[str, Mapping[str, object]],
        started: float,
    ) -> None:
        self._uid, self._wish, self._drafts, self._teachers, self._started = uid, wish, drafts, teachers, started
        self._store, self._tasks, self._flipper, self._crew = store, tasks, flipper, crew
        self._ctx = ctx
        self._works: dict[int, Work] = {}
        self._to_draft: deque[Work] = deque()
        self._drafting: set[int] = set()
        self._draft_batch = False  # one is with the student
        self._drafts_wait = False  # for a call under way to leave room under the cap
        self._teachers_wait = False  # for a draft that is paid for to do so
        self._changes: list[tuple[Work, TaskState | End]] = []
        self._ready: deque[Work] = deque()
        self._flying: set[int] = set()
        self._passed: set[int] = set()  # not taken again by this run
        self._headroom = Headroom(wish.concurrency, lambda: providers.ledger.budgets(uid))
        self._stop: Stop | None = None
        self._ledger = providers.ledger
        self._remark = self._waiting = ""
        self._taken = 0
        waiting = tasks.count("", ("queued",))
        self._telling = Telling(uid, wish, waiting, providers=providers, events=events, ctx=ctx)
        self._desk = BatchDesk(crew)
        self._elsewhere: frozenset[str] | None = None  # tasks in batches of earlier runs; None: not known yet

    def work(self) -> Stop:
        """Work until nothing is left or something stops it; says what. A cancel is raised once all is tidy."""
        try:
            self._loop()
        except Cancelled:
            self._land()
            raise
        finally:
            self._crew.close()
        stopped = self._ledger.stopped
        if stopped and (self._stop is None or self._stop.by != "ledger"):  # the last call may have told it
            return Stop("ledger", stopped)
        if self._stop is None and self._waiting:
            return Stop("teachers", self._waiting)
        return self._stop or Stop("done", self._remark or self._desk.remark)

    # ---- the loop ----

    def _loop(self) -> None:
        self._crew.look_at_batches()
        while True:
            self._tell()
            if self._stop is None and self._elsewhere is not None:
                self._take()
                self._start_drafts()
                self._desk.hand_over(len(self._works) - len(self._flying))
                self._launch()
            elif self._stop is not None:
                self._crew.end_drafts()
            if not self._under_way and self._elsewhere is not None:
                return
            self._hear(self._crew.news(_PATIENCE))
            if self._stop is None and not self._ctx.cancelled:
                self._launch()  # before the tables: who has answered shall not wait for them
            self._flush()

    @property
    def _under_way(self) -> bool:
        """Whether there is anything left to wait for: once stopped, only what is asked for already."""
        return bool(self._flying or self._draft_batch if self._stop else self._works)

    def _land(self) -> None:
        """Cancelled: take in what is about to come, so that what is paid is also used."""
        self._crew.end_drafts()
        deadline = time.monotonic() + _GRACE
        while (self._flying or self._draft_batch) and time.monotonic() < deadline:
            self._hear(self._crew.news(0.05))
        self._flush()

    def _take(self) -> None:
        """Take the next tasks, so far ahead that nobody waits for evidence, and no further: the order may change."""
        ahead = 2 * self._wish.concurrency + (_DRAFTS_AT_ONCE if self._drafts else 0)
        ahead = MOST if self._desk.used else ahead
        room = ahead - (len(self._works) - len(self._flying))
        if self._wish.tasks:
            room = min(room, self._wish.tasks - self._taken)
        if room <= 0:
            return
        ids = self._tasks.next_ids(room, but=[*self._works, *self._passed])
        for task in self._tasks.all_of(ids):
            if task.uid in (self._elsewhere or ()):
                self._passed.add(task.id)
                self._remark = "Some tasks are still with a teacher in an earlier batch; run again later."
                continue
            self._taken += 1
            work = self._works[task.id] = Work(task, self._tasks.evidence(task.id), self._store.draft(task.id))
            if task.draft:
                work.draft, work.new_draft = Draft(task.draft, {"given": True, "by": task.origin_detail}), True
            self._crew.find(task, work.evidence)

    def _start_drafts(self) -> None:
        if self._draft_batch or self._drafts_wait or not self._to_draft:
            return
        some = [self._to_draft.popleft() for _ in range(min(_DRAFTS_AT_ONCE, len(self._to_draft)))]
        self._drafting, self._draft_batch = {work.task.id for work in some}, True
        self._crew.draft([Wanted(work.task, work.evidence) for work in some])

    def _launch(self) -> None:
        """Ask for as many as may be under way."""
        if self._teachers_wait:
            return
        count = min(self._headroom.limit - len(self._flying), len(self._ready))
        some = [self._ready.popleft() for _ in range(count)]
        wanted = self._store.still_open([work.task.id for work in some]) if some else set()
        for work in some:
            if work.task.id not in wanted:  # held, cancelled or taken out by a person
                del self._works[work.task.id]
                continue
            self._flying.add(work.task.id)
            self._crew.ask(work.task, work.call, answered_by=work.led.answered_by)

    # ---- news ----

    def _hear(self, news: list[News]) -> None:
        for each in news:
            if isinstance(each, DraftsEnded):
                self._drafts_ended(each)
            elif isinstance(each, BatchEnded):
                self._ready += self._desk.ended(each)
            elif isinstance(each, EarlierBatches):
                if each.error is not None and not isinstance(each.error, Cancelled):
                    raise each.error
                self._elsewhere = each.tasks
            elif work := self._works.get(each.task_id):
                if isinstance(each, Offered):
                    self._offered(work, each)
                elif isinstance(each, Drafted):
                    self._drafted(work, each.draft)
                else:
                    self._answered(work, each)

    def _offered(self, work: Work, news: Offered) -> None:
        if news.offer is None:
            raise news.error or AssertionError
        if news.offer.withheld:
            self._changes.append((work, End("failed", news.offer.withheld)))
            return
        work.new_evidence = news.offer.evidence != work.evidence
        if work.new_evidence and work.evidence and not work.task.draft:
            work.draft = None  # what it rests on may not be sent any more
        work.evidence = news.offer.evidence
        if work.draft is None and self._wish.draft and not self._drafts:
            self._remark = self._remark or "There were no drafts: no student is in use."
        if work.draft is None and self._drafts:
            self._to_draft.append(work)
            self._changes.append((work, "drafting"))
        else:
            self._prepared(work)

    def _drafted(self, work: Work, draft: Draft) -> None:
        self._drafting.discard(work.task.id)
        self._teachers_wait = False
        if draft.text:
            work.draft, work.new_draft = draft, True
        self._prepared(work)

    def _drafts_ended(self, news: DraftsEnded) -> None:
        self._draft_batch = self._teachers_wait = False
        left = [self._works[each] for each in news.task_ids if each in self._drafting and each in self._works]
        self._drafting.difference_update(news.task_ids)
        if isinstance(news.error, CapReached):
            self._drafts_capped(left, news.error)
            return
        if isinstance(news.error, ForgeError):  # the student cannot be used: the teachers answer alone
            self._drafts, self._remark = False, f"There were no drafts: {news.error.message}"
        elif news.error is not None and not isinstance(news.error, Cancelled):
            raise news.error
        if not self._drafts:
            left += self._to_draft
            self._to_draft.clear()
        for work in left:
            self._prepared(work)

    def _drafts_capped(self, left: Sequence[Work], error: CapReached) -> None:
        """The next draft did not fit under a cap: as with teachers, wait for what is under way, else it is the end."""
        if self._stop is None and self._headroom.refused(error, len(self._flying)):
            self._to_draft.extendleft(reversed(left))
            self._drafts_wait = bool(self._flying)
            return
        self._stop = self._stop or _capped_by(error)
        for work in left:
            self._drop(work)

    def _prepared(self, work: Work) -> None:
        """Evidence and draft are there: from here on the rules lead. Both are stored before anybody is asked."""
        work.lesson = Lesson(
            work.task,
            work.evidence,
            work.draft,
            self._wish,
            teachers=self._teachers,
            made=self._started,
            critic=self._crew.criticises,
        )
        move = work.lesson.move()
        self._changes.append((work, move if isinstance(move, End) else "asking"))

    def _go_on(self, work: Work) -> None:
        move = work.led.move()
        if isinstance(move, End):
            self._changes.append((work, move))
        else:
            work.asked = move
            if not self._desk.takes(work):
                self._ready.append(work)

    def _answered(self, work: Work, news: Answered) -> None:
        self._flying.discard(work.task.id)
        self._drafts_wait = False
        if news.answer is not None:
            work.led.hear(news.answer)
            self._headroom.settled(len(self._flying))
            self._go_on(work)
        elif isinstance(news.error, CapReached):
            self._capped(work, news.error)
        elif isinstance(news.error, Cancelled):
            self._drop(work)
        elif isinstance(news.error, ForgeError):
            self._failed(work, news.ask, news.error)
        else:
            raise news.error or AssertionError

    def _capped(self, work: Work, error: CapReached) -> None:
        """Near the cap: wait for the calls under way, whose true cost may leave room; without any, this is the end."""
        if self._draft_batch and error.budget.reserved and not self._flying:
            self._teachers_wait = True
            self._ready.appendleft(work)
        elif self._headroom.refused(error, len(self._flying)):
            self._ready.appendleft(work)
        else:
            self._stop = self._stop or _capped_by(error)
            self._drop(work)

    def _failed(self, work: Work, ask: Ask, error: ForgeError) -> None:
        stop = self._crew.why_stop(error, ask)
        if stop is not None and (ask.step not in ASIDE or stop.by != "teachers"):
            self._stop = self._stop or stop
            self._drop(work)
        elif ask.step in ASIDE:
            work.led.skip(error.message)
            self._go_on(work)
        elif may_pass(error):
            self._waiting = f"Some tasks wait for the next run: {error.message}"
            self._changes.append((work, "queued"))
        else:
            self._changes.append((work, End("failed", error.message)))

    def _drop(self, work: Work) -> None:
        """Out of this run's hands; it waits again when the run ends."""
        del self._works[work.task.id]
        self._passed.add(work.task.id)

    # ---- tables and what is told ----

    def _flush(self) -> None:
        """Store all that there is to store, many in one transaction; then go on with what waited for it."""
        while self._changes:
            some, self._changes = self._changes[:_AT_ONCE], self._changes[_AT_ONCE:]
            self._store_some(some)

    def _store_some(self, changes: list[tuple[Work, TaskState | End]]) -> None:
        states = self._flipper.write(self._uid, [work.change(to, self._charged(work, to)) for work, to in changes])
        self._telling.changed()
        for (work, to), state in zip(changes, states, strict=True):
            work.new_evidence = work.new_draft = False
            if isinstance(to, End):
                del self._works[work.task.id]
                if state is not None:
                    self._telling.ended[state] += 1
            elif to == "queued":
                self._drop(work)
            elif to == "asking":
                self._go_on(work)

    def _charged(self, work: Work, to: TaskState | End) -> int:
        """What the ledger has for a task that ends, calls that brought no answer included."""
        if not isinstance(to, End) or work.asked is None:
            return 0
        task = work.task
        return sum(each.cost for each in self._ledger.attempts(task=task.uid) if each.purpose.repeat == task.repeat)

    def _tell(self) -> None:
        note = self._headroom.note if self._stop is None else self._stop.problem
        note = note or (f"{self._desk.out:,} tasks are with a teacher in a batch." if self._desk.out else "")
        self._telling.tell(len(self._works), len(self._flying) + self._desk.out, note)


def _capped_by(error: CapReached) -> Stop:
    return Stop("cap", " ".join(filter(None, (error.message, error.hint))))
