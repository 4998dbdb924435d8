"""An endpoint that only criticises is asked first, and who answers is told what it says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from forge_desktop.distill.lesson import Lesson
from forge_desktop.distill.records import Draft
from forge_desktop.distill.records_runs import Quote, ReplayReport, RunWish
from tests.distill.rooms import Application
from tests.distill.test_lesson import EVIDENCE, GOOD, TASK, WISH, asked, ended, paid
from tests.providers.teacher import Teacher, storm

REMARK = "It says nothing of the crowns that [1] names."


def _criticised(body: dict[str, Any]) -> str:
    return json.dumps({"critique": REMARK, "verdict": "wrong"})


@pytest.fixture
def critic() -> Iterator[Teacher]:
    with Teacher(_criticised, price_in=50_000, price_out=200_000) as made:
        yield made


def _lesson(draft: str = "A draft.", wish: RunWish = WISH) -> Lesson:
    made = Draft(draft, {}) if draft else None
    return Lesson(TASK, EVIDENCE, made, wish, teachers={}, made=5.0, critic=True)


def test_a_draft_is_criticised_first_and_the_critique_is_material_for_who_answers() -> None:
    way = _lesson()
    first = asked(way)
    assert (first.step, first.role) == ("critique", "critique")
    assert "A draft." in first.request.messages[1].text
    way.hear(paid({"critique": REMARK, "verdict": "wrong"}, endpoint="e2", cost=9))
    second = asked(way)
    assert (second.step, second.role) == ("turn-1", "answer")
    text = second.request.messages[1].text
    code = text.split("The code is ")[1][:12]
    assert f"<<<critique {code}>>>\n{REMARK}\n<<<end {code}>>>" in text
    way.hear(paid(GOOD))
    pair = ended(way).pair
    assert pair is not None
    assert (pair.critiques, pair.cost) == ((REMARK, GOOD["critique"]), 79)
    assert [(turn.turn, turn.step, turn.cost) for turn in way.turns] == [(1, "critique", 9), (1, "answer", 70)]


def test_its_call_counts_as_a_turn() -> None:
    for remark in ({"critique": REMARK}, "{"):
        way = _lesson()
        way.hear(paid(remark))
        way.hear(paid("nonsense"))
        assert ended(way).state == "failed", "one of two turns was the critique"
    way = _lesson(wish=dataclasses.replace(WISH, max_turns=3))
    way.hear(paid({"critique": REMARK}))
    way.hear(paid("nonsense"))
    assert asked(way).step == "turn-2"
    assert REMARK in asked(way).request.messages[1].text


def test_without_a_draft_or_a_second_turn_nobody_is_asked_for_one() -> None:
    assert asked(_lesson("")).step == "turn-1"
    assert asked(_lesson(wish=dataclasses.replace(WISH, max_turns=1))).step == "turn-1"


@pytest.mark.parametrize(
    "reply", ["", "{", '{"error": "overloaded"}', "<html>502 Bad Gateway</html>", "I'm sorry, I can't help."]
)
def test_what_is_no_critique_is_left_out_and_the_answer_asked_for_all_the_same(reply: str) -> None:
    way = _lesson()
    way.hear(paid(reply))
    assert "Another teacher says" not in asked(way).request.messages[1].text
    assert way.turns[0].problem
    way.hear(paid(GOOD))
    assert ended(way).pair.critiques == (GOOD["critique"],)  # type: ignore[union-attr]
    skipped = _lesson()
    skipped.skip("Nobody is there.")
    assert asked(skipped).step == "turn-1"


def test_a_run_its_quote_and_its_replay(app: Application, teacher: Teacher, critic: Teacher) -> None:
    app.add(critic, "Critic", roles=("critique",))
    app.ask(3)
    app.ask(1, 3, draft="")
    forge = app.forge
    before = forge.jobs.wait(forge.distill.quote(RunWish(cap=1_000_000)), 60)
    assert isinstance(before, Quote)
    assert before.calls == 7
    assert before.prompts[0][0] == "Critic"
    assert "criticise the draft" in before.prompts[0][1][0][1]
    assert any("Critic criticises" in said for said in before.assumptions)
    found = app.run()
    assert (found.kept, found.repair_pairs, found.billed_attempts) == (4, 3, 7)
    assert len(critic.bodies) == 3
    assert 0 < before.low <= found.settled <= before.worst
    assert critic.bill + teacher.bill <= found.settled
    view = forge.distill.view(1)
    assert view.pair is not None
    assert view.pair.critiques[0] == REMARK
    assert view.task.turns == 2
    assert [(turn.step, turn.endpoint_name) for turn in view.turns] == [("critique", "Critic"), ("answer", "loopback")]
    assert all(REMARK in json.dumps(body) for body in teacher.bodies if "I do not know." in json.dumps(body))
    report = forge.jobs.wait(forge.distill.replay(found.uid), 60)
    assert isinstance(report, ReplayReport)
    assert report.same, report.differing


def test_one_that_also_answers_does_both_in_one_call_and_one_that_is_away_is_done_without(
    app: Application, critic: Teacher
) -> None:
    both = app.add(critic, "Both", roles=("critique", "answer"), priority=99)
    app.ask(1)
    assert app.run().billed_attempts == 1
    assert not critic.bodies
    app.forge.providers.endpoints.change(both.uid, roles=("critique",))
    critic.always = storm(400)
    app.ask(2, 1)
    found = app.run()
    assert (found.kept, found.stopped_by) == (2, "done")
    assert app.forge.distill.view(2).turns[0].step == "answer"
    report = app.forge.jobs.wait(app.forge.distill.replay(found.uid), 60)
    assert report.same  # type: ignore[attr-defined]
