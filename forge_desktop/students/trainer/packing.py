"""Lessons packed into rows, and the order of all steps: a pure function of the seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from .job import BadJob, Job, Lesson


@dataclass(frozen=True)
class Row:
    """Lessons that are computed together. None of them sees another."""

    lessons: tuple[Lesson, ...]

    @property
    def tokens(self) -> int:
        """All tokens."""
        return sum(len(lesson.ids) for lesson in self.lessons)

    @property
    def supervised(self) -> int:
        """The tokens that loss counts on."""
        return sum(len(lesson.ids) - lesson.start for lesson in self.lessons)


@dataclass(frozen=True)
class Step:
    """The rows that one change of the adapter rests on. `ends_epoch` on the last step of one."""

    rows: tuple[Row, ...]
    ends_epoch: bool

    @property
    def supervised(self) -> int:
        """The tokens that loss counts on, over all rows: what the sum of losses is divided by."""
        return sum(row.supervised for row in self.rows)

    @property
    def tokens(self) -> int:
        """All tokens of all rows."""
        return sum(row.tokens for row in self.rows)


def pack(lessons: Sequence[Lesson], limit: int) -> list[Row]:
    """Whole lessons in order, as many in a row as fit. Raises BadJob for a lesson longer than a row."""
    rows: list[Row] = []
    current: list[Lesson] = []
    length = 0
    for lesson in lessons:
        if len(lesson.ids) > limit:
            raise BadJob(f"The lesson of pair {lesson.pair or '?'} has {len(lesson.ids)} tokens; a row has {limit}.")
        if current and length + len(lesson.ids) > limit:
            rows.append(Row(tuple(current)))
            current, length = [], 0
        current.append(lesson)
        length += len(lesson.ids)
    return [*rows, Row(tuple(current))] if current else rows


def plan(job: Job, lessons: Sequence[Lesson]) -> list[Step]:
    """Every step of the run. Each epoch has all lessons, in an order of its own."""
    if not lessons:
        raise BadJob("There is nothing to learn from.")
    at_once = max(job.accumulate, job.workers)
    steps: list[Step] = []
    for epoch in range(job.epochs):
        order = list(lessons)
        random.Random(f"{job.seed} {epoch}").shuffle(order)
        rows = pack(order, job.row_tokens)
        starts = range(0, len(rows), at_once)
        steps += [Step(tuple(rows[start : start + at_once]), start == starts[-1]) for start in starts]
    return steps
