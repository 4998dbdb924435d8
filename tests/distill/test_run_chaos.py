"""A teacher that misbehaves in every way at once, under a tight cap: the books hold, and no fault becomes a lesson."""

from __future__ import annotations

import json
import random

import pytest

from tests.distill.rooms import Application, fact
from tests.providers.teacher import GARBAGE, Fault, Teacher

USAGES = (None, {"prompt_tokens": -5, "completion_tokens": 2}, {"prompt_tokens": "many"}, {"prompt_tokens": 10**15})


@pytest.mark.parametrize(
    "seed", [1, 2, pytest.param(3, marks=pytest.mark.full), pytest.param(4, marks=pytest.mark.full)]
)
def test_the_books_hold_whatever_the_teacher_does(app: Application, teacher: Teacher, seed: int) -> None:
    chance = random.Random(seed)
    kinds = [
        *(Fault(usage=usage) for usage in USAGES),
        *(Fault(after=chance.randrange(1, 400), then=then) for then in ("cut", "reset")),
        GARBAGE,
        Fault(seconds=0.05),
        *[Fault()] * 6,
    ]
    teacher.next(*chance.choices(kinds, k=40))
    app.ask(12)
    found = app.run(cap=12_000, concurrency=6)
    counts = app.states()
    assert sum(counts.values()) == 12
    assert found.stopped_by in ("done", "cap", "teachers", "ledger")
    assert found.settled + found.unknown <= 12_000
    assert found.reserved == 0
    assert teacher.bill <= found.settled + found.unknown
    for row in app.forge.distill.tasks.window(0, 12):
        view = app.forge.distill.view(row.id)
        assert (row.state == "kept") == (view.pair is not None and view.pair.accepted)
        if view.pair is not None:
            answers = [json.loads(turn.text)["answer"] for turn in view.turns if not turn.problem]
            assert view.pair.final in answers
            assert view.pair.prompt == fact(row.id - 1)[0]
            assert view.pair.evidence[0].quote in fact(row.id - 1)[1]
