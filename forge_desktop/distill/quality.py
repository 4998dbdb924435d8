"""Puts the parts of a judgement together: rules, and a judge's rubric where one was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forge_desktop.distill.records import Check, Quality

VERSION = "rules-3"  # goes up with every change of a rule or a weight, so that scores of before can be told apart

# How much a rule counts; what must hold anyway counts little, what tells good from fair counts most. Others: 1.
WEIGHTS: dict[str, float] = {
    "answered": 0.5,
    "refusal": 0.5,
    "length": 0.5,
    "repetition": 0.5,
    "copy": 0.5,
    "control": 0.0,
    "language": 1.0,
    "form": 2.0,
    "citations": 2.0,
    "quotes": 2.0,
    "numbers": 2.0,
    "grounded": 2.0,
    "untold": 2.0,
    "draft": 0.0,
}
_RUBRIC = 2.0  # each part of a judge's


def quality(checks: Sequence[Check], rubric: Mapping[str, float] | None = None) -> Quality:
    """All parts and their weighted mean. A rubric's parts are 0 to 1."""
    parts = [(WEIGHTS.get(check.name, 1.0), check.score) for check in checks]
    parts += [(_RUBRIC, score) for score in (rubric or {}).values()]
    total = sum(weight for weight, _ in parts)
    score = sum(weight * score for weight, score in parts) / total if total else 0.0
    return Quality(round(score, 4), tuple(checks), dict(rubric or {}), VERSION)


def holds(checks: Sequence[Check]) -> bool:
    """Whether no must-rule failed."""
    return all(check.passed for check in checks if check.must)


def remarks(checks: Sequence[Check]) -> tuple[str, ...]:
    """What the must-rules that failed have against an answer, in sentences."""
    return tuple(
        check.note or f"The rule {check.name} does not hold." for check in checks if check.must and not check.passed
    )


def failed(checks: Sequence[Check]) -> str:
    """The notes of the must-rules that failed, as one sentence or more; "" where all hold."""
    return " ".join(remarks(checks))
