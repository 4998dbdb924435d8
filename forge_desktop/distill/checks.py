"""The rules that are held against an answer, a teacher's or a student's, before anybody learns from it."""

from __future__ import annotations

from collections.abc import Sequence

from forge_desktop.distill.records import AnswerRead, Check, Evidence, Task


def checks(answer: AnswerRead, evidence: Sequence[Evidence], task: Task, *, draft: str = "") -> tuple[Check, ...]:
    """Every rule, in a fixed order, passed or not. Deterministic. `draft` is what the student said, where it did."""
    there = bool(answer.answer.strip())
    offered = {one.n for one in evidence}
    resolve = all(number in offered for number in answer.citations)
    return (
        Check("answered", there, float(there), must=True, note="" if there else "There is no answer."),
        Check("refusal", not answer.refused, float(not answer.refused), must=True),
        Check("citations", resolve, float(resolve), must=True),
    )
