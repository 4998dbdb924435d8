"""Lessons packed into rows, and the order of all steps: a pure function of the seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from .job import BadJob, Job, Lesson

_JUDGED = 5  # steps


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
        return sum(len(lesson.ids) - lesson.start for lesson in self.lessons if not lesson.held)

    @property
    def held(self) -> int:
        """The tokens at which the student shall stay as its base is."""
        return sum(len(lesson.ids) for lesson in self.lessons if lesson.held)


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
    def held(self) -> int:
        """The tokens at which the student shall stay as its base is, over all rows."""
        return sum(row.held for row in self.rows)

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
    if all(lesson.held for lesson in lessons):
        raise BadJob("There is nothing to learn from.")
    at_once = max(job.accumulate, job.workers)
    steps: list[Step] = []
    for epoch in range(job.epochs):
        rows = pack(_mixed(lessons, random.Random(f"{job.seed} {epoch}")), job.row_tokens)
        parts = _with_lessons([rows[start : start + at_once] for start in range(0, len(rows), at_once)])
        steps += [Step(tuple(part), part is parts[-1]) for part in parts]
    return steps


def judged(steps: Sequence[Step]) -> list[Row]:
    """What is learnt in the last steps, without held lessons: what a run is judged by that keeps nothing apart."""
    rows = [row for step in steps[-_JUDGED:] for row in step.rows if row.supervised]
    return [Row(tuple(lesson for lesson in row.lessons if not lesson.held)) for row in rows]


def _mixed(lessons: Sequence[Lesson], draw: random.Random) -> list[Lesson]:
    """All of them in a random order, the held ones spread evenly, so that each step has its share."""
    learnt = [lesson for lesson in lessons if not lesson.held]
    held = [lesson for lesson in lessons if lesson.held]
    draw.shuffle(learnt)
    draw.shuffle(held)
    places = [((at + 0.5) / len(part), lesson) for part in (learnt, held) for at, lesson in enumerate(part)]
    return [lesson for _, lesson in sorted(places, key=lambda place: place[0])]


def _with_lessons(parts: Sequence[list[Row]]) -> list[list[Row]]:
    """Rows for each step; those in which nothing is learnt go with the step before, at the beginning with the next."""
    found: list[list[Row]] = []
    for part in parts:
        if found and not (any(row.supervised for row in part) and any(row.supervised for row in found[-1])):
            found[-1] = [*found[-1], *part]
        else:
            found.append(part)
    return found
