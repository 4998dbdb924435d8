"""Puts the parts of a judgement together: rules, and a judge's rubric where one was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forge_desktop.distill.records import Check, Quality

VERSION = "rules-1"


def quality(checks: Sequence[Check], rubric: Mapping[str, float] | None = None) -> Quality:
    """All parts and their weighted mean. A rubric's parts are 0 to 1."""
    parts = [check.score for check in checks] + list((rubric or {}).values())
    return Quality(round(sum(parts) / len(parts), 4) if parts else 0.0, tuple(checks), dict(rubric or {}), VERSION)


def holds(checks: Sequence[Check]) -> bool:
    """Whether no must-rule failed."""
    return all(check.passed for check in checks if check.must)


def failed(checks: Sequence[Check]) -> str:
    """The notes of the must-rules that failed, as one sentence or more; "" where all hold."""
    return " ".join(
        check.note or f"The rule {check.name} does not hold." for check in checks if check.must and not check.passed
    )
