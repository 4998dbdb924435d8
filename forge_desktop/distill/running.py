"""A run: takes tasks in the queue's order and brings each to its end. Every run is a resume.

The lane's thread alone writes tables, many tasks in one transaction; a crew of threads does what takes time. What is
offered to a teacher is stored before it is asked, and a paid answer is in the ledger before it comes here, so that a
run that is killed anywhere is gone on with by the next, without paying again.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.distill.crew import Answered, Crew, Drafted, DraftsEnded, News, Offered
from forge_desktop.distill.drafting import Wanted
from forge_desktop.distill.flipping import Change, Flipper
from forge_desktop.distill.headroom import Headroom
from forge_desktop.distill.lesson import JUDGE, Ask, End, Lesson
from forge_desktop.distill.records import Draft, Evidence, RunProgress, RunWish, Task, TaskState
from forge_desktop.distill.stopping import Stop, why_stop
from forge_desktop.distill.store_runs import RunStore
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.providers import Providers
from forge_desktop.providers.errors import CapReached

_DRAFTS_AT_ONCE = 32
_PATIENCE = 0.25  # seconds without news after which the loop looks round
_GRACE = 3.0  # seconds that calls under way have left when a run is cancelled; they are paid for in any case
_TOLD = 0.25  # seconds between two announcements that rows changed


@dataclass
class _Work:
    """A task in hand. `new_evidence` and `new_draft` are not stored yet."""

    task: Task
    evidence: tuple[Evidence, ...] = ()
    draft: Draft | None = None
    lesson: Lesson | None = None
    asked: Ask | None = None
    new_evidence: bool = False
    new_draft: bool = False


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
        self._providers, self._events, self._ctx = providers, events, ctx
        self._works: dict[int, _Work] = {}
        self._to_draft: deque[_Work] = deque()
        self._drafting: set[int] = set()
        self._changes: list[tuple[_Work, TaskState | End]] = []
        self._ready: deque[_Work] = deque()
        self._flying: set[int] = set()
        self._passed: set[int] = set()  # not taken again by this run
        self._headroom = Headroom(wish.concurrency, lambda: providers.ledger.budgets(uid))
        self._stop: Stop | None = None
        self._remark = ""
        self._taken = 0
        self._ended: Counter[TaskState] = Counter()
        self._waiting = tasks.count("", ("queued",))
        self._told, self._dirty = 0.0, False

    def work(self) -> Stop:
        """Work until nothing is left or something stops it; says what. A cancel is raised once all is tidy."""
        try:
            self._loop()
        except Cancelled:
            self._land()
            raise
        finally:
            self._crew.close()
        return self._stop or Stop("done", self._remark)

    # ---- the loop ----

    def _loop(self) -> None:
        while True:
            self._tell()
            if self._stop is None:
                self._take()
                self._start_drafts()
                self._launch()
            if not (self._flying if self._stop else self._works):
                return
            self._hear(self._crew.news(_PATIENCE))
            self._flush()

    def _land(self) -> None:
        """Cancelled: take in what is about to come, so that what is paid is also used."""
        deadline = time.monotonic() + _GRACE
        while self._flying and time.monotonic() < deadline:
            self._hear(self._crew.news(0.05))
        self._flush()

    def _take(self) -> None:
        """Take the next tasks, so far ahead that nobody waits for evidence, and no further: the order may change."""
        ahead = 2 * self._wish.concurrency + (_DRAFTS_AT_ONCE if self._drafts else 0)
        room = ahead - (len(self._works) - len(self._flying))
        if self._wish.tasks:
            room = min(room, self._wish.tasks - self._taken)
        if room <= 0:
            return
        ids = self._tasks.next_ids(room, but=[*self._works, *self._passed])
        for task in self._tasks.all_of(ids):
            self._taken += 1
            work = self._works[task.id] = _Work(task, self._tasks.evidence(task.id))
            if task.draft:
                work.draft, work.new_draft = Draft(task.draft, {"given": True, "by": task.origin_detail}), True
            else:
                work.draft = self._store.draft(task.id)
            self._crew.find(task, work.evidence)

    def _start_drafts(self) -> None:
        if self._drafting or not self._to_draft:
            return
        some = [self._to_draft.popleft() for _ in range(min(_DRAFTS_AT_ONCE, len(self._to_draft)))]
        self._drafting = {work.task.id for work in some}
        self._crew.draft([Wanted(work.task, work.evidence) for work in some])

    def _launch(self) -> None:
        """Ask for as many as may be under way."""
        count = min(self._headroom.limit - len(self._flying), len(self._ready))
        some = [self._ready.popleft() for _ in range(count)]
        wanted = self._store.still_open([work.task.id for work in some]) if some else set()
        for work in some:
            if work.task.id not in wanted:  # held, cancelled or taken out by a person
                del self._works[work.task.id]
                continue
            assert work.asked is not None
            self._flying.add(work.task.id)
            self._crew.ask(work.task, work.asked, self._among(work))

    def _among(self, work: _Work) -> tuple[str, ...]:
        """Whom to ask; a judge is somebody else than who answered, where there is somebody else."""
        assert work.asked is not None
        assert work.lesson is not None
        if work.asked.step != JUDGE:
            return self._wish.teachers
        judges, _ = self._providers.router.order("judge", self._wish.teachers)
        return tuple(each.uid for each in judges if each.uid != work.lesson.answered_by) or self._wish.teachers

    # ---- news ----

    def _hear(self, news: list[News]) -> None:
        for each in news:
            if isinstance(each, DraftsEnded):
                self._drafts_ended(each)
            elif work := self._works.get(each.task_id):
                if isinstance(each, Offered):
                    self._offered(work, each)
                elif isinstance(each, Drafted):
                    self._drafted(work, each.draft)
                else:
                    self._answered(work, each)

    def _offered(self, work: _Work, news: Offered) -> None:
        if news.offer is None:
            if not isinstance(news.error, ForgeError):
                raise news.error or AssertionError
            self._changes.append((work, End("failed", news.error.message)))
            return
        if news.offer.withheld:
            self._changes.append((work, End("failed", news.offer.withheld)))
            return
        work.new_evidence = news.offer.evidence != work.evidence
        if work.new_evidence and work.evidence and not work.task.draft:
            work.draft = None  # what it rests on may not be sent any more
        work.evidence = news.offer.evidence
        if work.draft is None and self._drafts:
            self._to_draft.append(work)
            self._changes.append((work, "drafting"))
        else:
            self._prepared(work)

    def _drafted(self, work: _Work, draft: Draft) -> None:
        self._drafting.discard(work.task.id)
        if draft.text:
            work.draft, work.new_draft = draft, True
        self._prepared(work)

    def _drafts_ended(self, news: DraftsEnded) -> None:
        if isinstance(news.error, ForgeError):  # the student cannot be used: the teachers answer alone
            self._drafts, self._remark = False, f"There were no drafts: {news.error.message}"
        elif news.error is not None and not isinstance(news.error, Cancelled):
            raise news.error
        left = [self._works[each] for each in news.task_ids if each in self._drafting and each in self._works]
        self._drafting.difference_update(news.task_ids)
        if not self._drafts:
            left += self._to_draft
            self._to_draft.clear()
        for work in left:
            self._prepared(work)

    def _prepared(self, work: _Work) -> None:
        """Evidence and draft are there: from here on the rules lead. Both are stored before anybody is asked."""
        work.lesson = Lesson(
            work.task, work.evidence, work.draft, self._wish, teachers=self._teachers, made=self._started
        )
        move = work.lesson.move()
        self._changes.append((work, move if isinstance(move, End) else "asking"))

    def _go_on(self, work: _Work) -> None:
        assert work.lesson is not None
        move = work.lesson.move()
        if isinstance(move, End):
            self._changes.append((work, move))
        else:
            work.asked = move
            self._ready.append(work)

    def _answered(self, work: _Work, news: Answered) -> None:
        self._flying.discard(work.task.id)
        assert work.lesson is not None
        if news.answer is not None:
            work.lesson.hear(news.answer)
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

    def _capped(self, work: _Work, error: CapReached) -> None:
        """Near the cap: wait for the calls under way, whose true cost may leave room; without any, this is the end."""
        if self._headroom.refused(error, len(self._flying)):
            self._ready.appendleft(work)
        else:
            self._stop = self._stop or Stop("cap", " ".join(filter(None, (error.message, error.hint))))
            self._drop(work)

    def _failed(self, work: _Work, ask: Ask, error: ForgeError) -> None:
        assert work.lesson is not None
        stop = why_stop(error, ask, self._providers.router, self._wish.teachers)
        if stop is not None and (ask.step != JUDGE or stop.by != "teachers"):
            self._stop = self._stop or stop
            self._drop(work)
        elif ask.step == JUDGE:
            work.lesson.unjudged(error.message)
            self._go_on(work)
        else:
            self._changes.append((work, End("failed", error.message)))

    def _drop(self, work: _Work) -> None:
        """Out of this run's hands; it waits again when the run ends."""
        del self._works[work.task.id]
        self._passed.add(work.task.id)

    # ---- tables and what is told ----

    def _flush(self) -> None:
        """Store all that there is to store, in one transaction; then go on with what waited for it."""
        if not self._changes:
            return
        changes, self._changes = self._changes, []
        states = self._flipper.write(self._uid, [_change(work, to) for work, to in changes])
        self._dirty = True
        for (work, to), state in zip(changes, states, strict=True):
            work.new_evidence = work.new_draft = False
            if isinstance(to, End):
                del self._works[work.task.id]
                if state is not None:
                    self._ended[state] += 1
            elif to == "asking":
                self._go_on(work)

    def _tell(self) -> None:
        done = sum(self._ended.values())
        total = min(self._waiting, self._wish.tasks) if self._wish.tasks else self._waiting
        now = time.monotonic()
        if self._dirty and now - self._told > _TOLD:
            self._told, self._dirty = now, False
            self._events.changed("tasks", "pairs")
        note = self._headroom.note if self._stop is None else self._stop.problem
        self._ctx.progress(done, max(total, done + len(self._works)), note, detail=self._progress)

    def _progress(self) -> RunProgress:
        totals = self._providers.ledger.run_totals(self._uid)
        done = sum(self._ended.values())
        return RunProgress(
            run=self._uid,
            tasks=max(self._waiting, done + len(self._works)),
            done=done,
            kept=self._ended["kept"],
            rejected=self._ended["rejected"],
            failed=self._ended["failed"],
            review=self._ended["review"],
            flying=len(self._flying),
            settled=totals.settled,
            reserved=totals.reserved,
            unknown=totals.unknown,
            cap=self._wish.cap,
            note=self._headroom.note,
        )


def _change(work: _Work, to: TaskState | End) -> Change:
    """What is to be stored of a task, as far as it is not yet. A draft is stored with what the rules say of it."""
    draft = work.lesson.draft if work.lesson is not None else None
    return Change(
        work.task,
        to,
        evidence=work.evidence if work.new_evidence else None,
        draft=draft if work.new_draft else None,
        lesson=work.lesson,
    )
