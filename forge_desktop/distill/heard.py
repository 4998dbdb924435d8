"""What was replied to the calls of a lesson, and how that is kept."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass

from forge_desktop.distill.answer_reading import NOT_THE_OBJECT, Reading, Remarks, Verdict
from forge_desktop.distill.quality import failed
from forge_desktop.distill.records import Check, Step, TeacherTurn
from forge_desktop.providers.records import ChatRequest, PaidAnswer

Facts = Mapping[str, Mapping[str, object]]  # of endpoints, by uid


@dataclass(frozen=True)
class Heard:
    """An answer with what was read from it and what the rules say."""

    answer: PaidAnswer
    request: ChatRequest
    reading: Reading
    checks: tuple[Check, ...]

    @property
    def problem(self) -> str:
        """What is wrong with it, "" when nothing is."""
        return self.reading.problem or failed(self.checks)

    @property
    def unquoted(self) -> str:
        """That nothing is quoted in what could be used otherwise, where there was something to quote; else ""."""
        read = self.reading.read
        offered = any(check.name == "grounded" for check in self.checks)
        if read is None or read.quotes or not offered:
            return ""
        return NOT_THE_OBJECT if self.reading.prose else "It quotes no words of the passages it cites."

    def turn(self, number: int, teachers: Facts) -> TeacherTurn:
        """As it is kept, with the rules held against it."""
        read: dict[str, object] = {}
        if self.reading.read is not None:
            checks = [dataclasses.asdict(check) for check in self.checks]
            read = {**dataclasses.asdict(self.reading.read), "prose": self.reading.prose, "checks": checks}
        return _turn(number, "answer", self.answer, self.request, read, self.problem, teachers)


@dataclass(frozen=True)
class Judged:
    """A judge's reply."""

    answer: PaidAnswer
    request: ChatRequest
    verdict: Verdict

    def turn(self, number: int, teachers: Facts) -> TeacherTurn:
        """As it is kept."""
        read = {"rubric": dict(self.verdict.rubric), "note": self.verdict.note}
        return _turn(number, "judge", self.answer, self.request, read, self.verdict.problem, teachers)


@dataclass(frozen=True)
class Criticised:
    """The reply of who criticises a draft that another one will answer."""

    answer: PaidAnswer
    request: ChatRequest
    remarks: Remarks

    def turn(self, number: int, teachers: Facts) -> TeacherTurn:
        """As it is kept."""
        read = {"critique": self.remarks.critique, "verdict": self.remarks.verdict}
        return _turn(number, "critique", self.answer, self.request, read, self.remarks.problem, teachers)


def _turn(
    number: int,
    step: Step,
    answer: PaidAnswer,
    request: ChatRequest,
    read: Mapping[str, object],
    problem: str,
    teachers: Facts,
) -> TeacherTurn:
    return TeacherTurn(
        turn=number,
        step=step,
        endpoint=answer.endpoint,
        endpoint_name=str(teachers.get(answer.endpoint, {}).get("name", "")),
        model=answer.model,
        prompt=json.dumps([[each.role, each.text] for each in request.messages], ensure_ascii=False),
        text=answer.text,
        read=read,
        problem=problem,
        cost=answer.cost,
        reused=answer.reused,
        milliseconds=answer.milliseconds,
        created=0.0,
    )
