"""A teacher's reply as a lesson has it: what was said, what was read from it, and what the rules say of that."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from forge_desktop.distill.answer_reading import NOT_THE_OBJECT, Reading
from forge_desktop.distill.quality import failed
from forge_desktop.distill.records import Check
from forge_desktop.providers.records import ChatRequest, PaidAnswer


@dataclass(frozen=True)
class Heard:
    """A reply with what was read from it and what the rules say."""

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


def as_values(heard: Heard) -> dict[str, object]:
    """What was read from a reply, with the rules held against it, as plain values."""
    if heard.reading.read is None:
        return {}
    values = dataclasses.asdict(heard.reading.read)
    return {**values, "prose": heard.reading.prose, "checks": [dataclasses.asdict(check) for check in heard.checks]}
