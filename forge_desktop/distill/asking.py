"""Who writes questions: the student, many at once, or teachers, through the ledger and under a cap of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill import questions
from forge_desktop.engine.face import Student
from forge_desktop.engine.records import PromptMessage, PromptPart, Sampling
from forge_desktop.providers import Providers
from forge_desktop.providers.errors import CallFailed, CapReached, LedgerStopped, Offline
from forge_desktop.providers.records import ChatRequest, Purpose, Turn
from forge_desktop.providers.routing import ATTEMPTS

_WIDTH = 8
_STEP = "questions"
_STUDENTS_TOKENS, _TEACHERS_TOKENS = 64, 160  # of one question; a teacher writes some JSON around it
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
    """Asks the student in use."""

    def __init__(self, student: Student, seed: int) -> None:
        self._student, self._seed = student, seed

    def __enter__(self) -> AskStudent:
        return self

    def __exit__(self, *_: object) -> None: ...

    def paid(self) -> tuple[int, int]:
        """Nothing."""
        return 0, 0

    def ask(self, wanted: Sequence[Asking], check: Callable[[], None]) -> Iterator[tuple[int, str]]:
        """All at once; a seed of their own for each try, so that another passage is not all that changes."""
        sampling = Sampling(
            temperature=0.7,
            seed=self._seed + max(each.tries for each in wanted),
            max_tokens=_STUDENTS_TOKENS,
            stop=("\n",),
        )
        batch = self._student.generate_many(
            [_prompt(each) for each in wanted], sampling, width=_WIDTH, check=check, background=True
        )
        check()
        if batch.problem:
            raise ForgeError(batch.problem)
        for place, answer in enumerate(batch.answers):
            yield place, questions.read_one(answer.text)


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
        budget = self._providers.ledger.budgets(self._run)[0]
        return budget.settled, budget.unknown

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
        name = f"{first.document} {first.start} {self._seed} {[(each.sort, each.tries) for each in wanted]}"
        purpose = self._purpose(hashlib.sha256(name.encode()).hexdigest()[:32])
        try:
            answer = self._providers.teach("answer", request, purpose, among=self._among, check=check)
        except CapReached as error:
            raise Stopped("cap", error.message) from error
        except Offline as error:
            raise Stopped("offline", error.message) from error
        except LedgerStopped as error:
            raise Stopped("ledger", error.message) from error
        except CallFailed as error:
            self._failed += 1
            if self._failed >= _FAILED_IN_A_ROW:
                raise Stopped("teachers", error.message) from error
            return [""] * len(wanted)
        except ForgeError as error:
            raise Stopped("teachers", error.message) from error
        self._failed = 0
        return questions.read_many(answer.text, len(wanted))

    def _purpose(self, task: str) -> Purpose:
        """A name that an answer is found again by. Where an outage used up all attempts, asking anew is a new one."""
        ledger, repeat = self._providers.ledger, 0
        while ledger.tried(task, _STEP, repeat) >= ATTEMPTS and ledger.answer_for(task, _STEP, repeat) is None:
            repeat += 1
        return Purpose("teacher", self._run, task, _STEP, repeat)
