"""Who writes questions: the student, many at once, or teachers, through the ledger and under a cap of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill import questions
from forge_desktop.engine.face import Student
from forge_desktop.engine.records import Generation, PromptMessage, PromptPart, Sampling
from forge_desktop.providers import Providers
from forge_desktop.providers.errors import CallFailed, CapReached, LedgerStopped, NoTeacher, Offline
from forge_desktop.providers.records import ChatRequest, Purpose, Turn
from forge_desktop.providers.routing import ATTEMPTS

_WIDTH = 8
_STEP = "questions"
_STUDENTS_TOKENS, _TEACHERS_TOKENS = 64, 160  # of one question; a teacher writes some JSON around it
_ENDS = (CapReached, LedgerStopped, NoTeacher, Offline)  # after these nobody is asked any more
_FAILED_IN_A_ROW = 3  # calls; after these nothing better is to be expected


@dataclass(frozen=True)
class Asking:
    """A question that is wanted from a passage. `tries` counts how often it was asked for before."""

    document: str
    passage: str
    start: int
    sort: questions.Sort
    tries: int


class Stopped(Exception):  # noqa: N818 - an end, not a fault
    """Nobody can be asked any more; `by` says what ended it, `message` is a sentence."""

    def __init__(self, by: str, message: str) -> None:
        super().__init__(message)
        self.by, self.message = by, message


class Asker(Protocol):
    """Writes questions."""

    def __enter__(self) -> Asker: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def ask(self, wanted: Sequence[Asking], check: Callable[[], None]) -> Iterator[tuple[int, str]]:
        """Each wanted question's place and text, "" where none was written; raises Stopped, and what `check` raises."""
        ...

    def paid(self) -> tuple[int, int]:
        """What it has cost in micro-dollars, and what stays charged although it is not known."""
        ...


class AskStudent:
    """Asks the student in use. `run`, where it is remote, has a cap of its own; "" where it is on this computer."""

    def __init__(self, student: Student, providers: Providers, *, run: str, cap: int, seed: int) -> None:
        self._student, self._providers, self._run, self._cap, self._seed = student, providers, run, cap, seed

    def __enter__(self) -> AskStudent:
        if self._run:
            self._providers.ledger.open_run(self._run, self._cap)
        return self

    def __exit__(self, *_: object) -> None: ...

    def paid(self) -> tuple[int, int]:
        """As the ledger has it for this run; nothing on this computer."""
        return _paid(self._providers, self._run)

    def ask(self, wanted: Sequence[Asking], check: Callable[[], None]) -> Iterator[tuple[int, str]]:
        """All at once; a seed of their own for each try, so that another passage is not all that changes."""
        sampling = Sampling(
            temperature=0.7,
            seed=self._seed + max(each.tries for each in wanted),
            max_tokens=_STUDENTS_TOKENS,
            stop=("\n",),
        )
        found: dict[int, str] = {}

        def done(place: int, answer: Generation) -> None:
            if answer.stop != "cancelled":
                found[place] = questions.read_one(answer.text)

        ended: Stopped | None = None
        try:
            batch = self._student.generate_many(
                [_prompt(each) for each in wanted],
                sampling,
                width=_WIDTH,
                on_done=done,
                check=check,
                background=True,
                purposes=[self._purpose(each) for each in wanted],
            )
        except _ENDS as error:  # what came before is paid for, and used
            ended = _stopped(error)
        else:
            check()
            if batch.problem:
                raise ForgeError(batch.problem)
        yield from sorted(found.items())
        if ended is not None:
            raise ended

    def _purpose(self, asking: Asking) -> Purpose:
        return _purpose(self._providers, "student", self._run, _name([asking], self._seed))


def _prompt(asking: Asking) -> list[PromptMessage]:
    shown, good = questions.example(asking.sort)
    return [
        PromptMessage("system", (PromptPart(questions.SYSTEM, trusted=True),)),
        PromptMessage("user", (PromptPart(shown),)),
        PromptMessage("assistant", (PromptPart(good),)),
        PromptMessage("user", (PromptPart(questions.for_student(asking.passage, asking.sort)),)),
    ]


class AskTeachers:
    """Asks teachers in the router's order: one call for all questions about a passage. `run` has a cap of its own."""

    def __init__(self, providers: Providers, *, run: str, cap: int, among: Sequence[str], seed: int) -> None:
        self._providers, self._run, self._cap, self._among, self._seed = providers, run, cap, tuple(among), seed
        self._pool = ThreadPoolExecutor(_WIDTH, thread_name_prefix="forge-questions")
        self._failed = 0

    def __enter__(self) -> AskTeachers:
        self._providers.ledger.open_run(self._run, self._cap)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def paid(self) -> tuple[int, int]:
        """As the ledger has it for this run."""
        return _paid(self._providers, self._run)

    def ask(self, wanted: Sequence[Asking], check: Callable[[], None]) -> Iterator[tuple[int, str]]:
        """By passage, several at once; given out in order."""
        groups: dict[tuple[str, int], list[int]] = {}
        for place, each in enumerate(wanted):
            groups.setdefault((each.document, each.start), []).append(place)
        called = [
            (places, self._pool.submit(self._call, [wanted[place] for place in places], check))
            for places in groups.values()
        ]
        stopped: Stopped | None = None
        for places, future in called:
            try:
                found = future.result()
            except Stopped as stop:  # what others brought meanwhile was paid for
                stopped = stopped or stop
                continue
            yield from zip(places, found, strict=True)
        if stopped is not None:
            raise stopped

    def _call(self, wanted: Sequence[Asking], check: Callable[[], None]) -> list[str]:
        check()
        first = wanted[0]
        request = ChatRequest(
            (
                Turn("system", questions.SYSTEM),
                Turn("user", questions.for_teacher(first.passage, [each.sort for each in wanted])),
            ),
            max_tokens=_TEACHERS_TOKENS * len(wanted),
            temperature=0.7,
            seed=self._seed,
            schema=questions.SCHEMA,
        )
        purpose = _purpose(self._providers, "teacher", self._run, _name(wanted, self._seed))
        try:
            answer = self._providers.teach("answer", request, purpose, among=self._among, check=check)
        except CallFailed as error:
            self._failed += 1
            if self._failed >= _FAILED_IN_A_ROW:
                raise Stopped("teachers", error.message) from error
            return [""] * len(wanted)
        except ForgeError as error:
            raise _stopped(error) from error
        self._failed = 0
        return questions.read_many(answer.text, len(wanted))


def _name(wanted: Sequence[Asking], seed: int) -> str:
    """What questions about a passage are found again by."""
    first = wanted[0]
    name = f"{first.document} {first.start} {seed} {[(each.sort, each.tries) for each in wanted]}"
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _purpose(providers: Providers, kind: Literal["student", "teacher"], run: str, task: str) -> Purpose:
    """A name that an answer is found again by. Where an outage used up all attempts, asking anew is a new one."""
    ledger, repeat = providers.ledger, 0
    while ledger.tried(task, _STEP, repeat) >= ATTEMPTS and ledger.answer_for(task, _STEP, repeat) is None:
        repeat += 1
    return Purpose(kind, run, task, _STEP, repeat)


def _paid(providers: Providers, run: str) -> tuple[int, int]:
    if not run:
        return 0, 0
    budget = providers.ledger.budgets(run)[0]
    return budget.settled, budget.unknown


def _stopped(error: ForgeError) -> Stopped:
    ends = {CapReached: "cap", Offline: "offline", LedgerStopped: "ledger"}
    return Stopped(ends.get(type(error), "teachers"), error.message)
