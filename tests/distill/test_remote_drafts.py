"""A student at an endpoint that drafts, or writes questions, in a run: under the run's cap, paid once, counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records_runs import GenerateSummary, GenerateWish, Quote, RunSummary, RunWish
from forge_desktop.providers.records import Attempt, Rates
from tests.distill.rooms import PATIENCE, Application
from tests.providers.teacher import Fault, Teacher, storm


class Class:
    """The application with a second teacher on loopback as its student."""

    def __init__(self, app: Application, student: Teacher) -> None:
        assert app.teacher is not None
        self.app, self.student, self.teacher = app, student, app.teacher
        self.endpoint = app.add(student, "Shed", roles=("student",))
        app.forge.engine.use_remote(self.endpoint)

    @property
    def bills(self) -> int:
        return self.student.bill + self.teacher.bill

    def drafts(self) -> list[Attempt]:
        return [each for each in self.app.forge.providers.ledger.attempts() if each.purpose.step == "draft"]

    def quote(self, wish: RunWish) -> Quote:
        found = self.app.forge.jobs.wait(self.app.forge.distill.quote(wish), PATIENCE)
        assert isinstance(found, Quote)
        return found

    def charged(self, run: RunSummary) -> int:
        return run.settled + run.reserved + run.unknown


@pytest.fixture
def room(app: Application) -> Any:
    with Teacher(lambda body: "I do not know.") as student:
        yield Class(app, student)


def test_drafts_of_a_remote_student_count_under_the_runs_cap_and_are_paid_once(room: Class) -> None:
    room.app.ask(6, draft="")
    found = room.app.run()
    assert (found.kept, found.stopped_by) == (6, "done")
    assert len(room.drafts()) == 6
    assert {each.purpose.run for each in room.drafts()} == {found.uid}
    assert {each.purpose.task for each in room.drafts()} == {
        room.app.forge.distill.view(n).task.uid for n in range(1, 7)
    }
    assert found.billed_attempts == 12
    assert found.settled >= room.bills  # each call is rounded up
    draft = room.app.forge.distill.view(1).draft
    assert draft is not None
    assert draft.provenance["cost"] == room.drafts()[0].cost
    assert draft.provenance["student"] == "Shed"


@pytest.mark.parametrize(("cap", "dear"), [(1_400, 1), (8_000, 10)])
def test_a_run_ends_at_its_cap_also_where_drafts_reach_it(room: Class, cap: int, dear: int) -> None:
    room.student.price_in, room.student.price_out = room.student.price_in * dear, room.student.price_out * dear
    room.app.forge.providers.prices.set(room.endpoint, Rates(room.student.price_in, room.student.price_out))
    room.app.ask(12, draft="")
    found = room.app.run(cap=cap)
    assert found.stopped_by == "cap"
    assert 0 < room.bills <= room.charged(found) <= cap
    assert 0 < found.kept < 12
    drafts = len(room.student.bodies)
    again = room.app.run()
    assert again.kept + found.kept == 12
    assert room.bills <= found.settled + again.settled
    assert len(room.student.bodies) == 12 > drafts


def test_a_cap_below_one_draft_asks_nobody(room: Class) -> None:
    room.app.ask(3, draft="")
    found = room.app.run(cap=1)
    assert (found.stopped_by, found.settled, room.bills) == ("cap", 0, 0)
    assert room.student.connections == 0
    assert room.app.states()["queued"] == 3


def test_a_quote_counts_the_drafts(room: Class) -> None:
    room.app.ask(4, draft="")
    without = room.quote(RunWish(cap=1_000_000, draft=False))
    found = room.quote(RunWish(cap=1_000_000))
    assert found.worst > without.worst
    assert any("Shed writes the drafts" in said for said in found.assumptions)
    done = room.app.run()
    assert done.settled <= found.worst


def test_a_student_whose_key_is_refused_leaves_the_teachers_alone(room: Class) -> None:
    room.student.always = storm(401)
    room.app.ask(3, draft="")
    found = room.app.run()
    assert (found.kept, found.stopped_by) == (3, "done")
    assert "no drafts" in found.problem
    assert "Shed refused the key" in found.problem
    assert len(room.student.bodies) <= 4


def test_a_draft_that_fails_is_tried_three_times_for_life(room: Class) -> None:
    room.student.next(*[Fault(then="cut")] * 3)
    room.app.ask(1, draft="")
    found = room.app.run(concurrency=1)
    assert found.kept == 1
    assert len(room.student.bodies) == 3
    assert room.bills <= room.charged(found) <= found.wish.cap


def test_a_student_whose_outputs_may_not_train_writes_no_drafts(room: Class) -> None:
    changed = room.app.forge.providers.endpoints.change(room.endpoint.uid, may_train="no")
    room.app.forge.engine.use_remote(changed)
    room.app.ask(2, draft="")
    found = room.app.run()
    assert (found.kept, room.student.connections) == (2, 0)
    assert "Shed" in found.problem


def test_questions_of_a_remote_student_need_a_cap_and_keep_to_it(room: Class, tmp_path: Path) -> None:
    generate = room.app.forge.distill.generate
    with pytest.raises(ForgeError, match="remote student need a cap"):
        generate(GenerateWish())
    one = GenerateWish(per_document=1, cap=400)
    found = room.app.forge.jobs.wait(generate(one), PATIENCE)
    assert isinstance(found, GenerateSummary)
    assert found.run
    charged = room.app.forge.providers.ledger.run_totals(found.run)
    assert room.student.bill <= charged.settled + charged.unknown <= 400
