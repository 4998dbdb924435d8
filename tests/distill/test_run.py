"""Runs with a real teacher on loopback, a real index, and recorded drafts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.distill.records_runs import RunProgress, RunWish
from forge_desktop.providers.records import Rates
from tests.distill.rooms import Application, Opened, answered, fact
from tests.providers.teacher import GARBAGE, Fault, Teacher, storm


def _system(body: dict[str, Any]) -> str:
    return str(body["messages"][0]["content"])


def test_tasks_with_drafts_become_repair_pairs_with_evidence_that_can_be_checked(app: Application) -> None:
    app.ask(3)
    found = app.run()
    assert (found.tasks, found.kept, found.stopped_by, found.problem) == (3, 3, "done", "")
    assert (found.train_pairs, found.repair_pairs, found.billed_attempts) == (0, 3, 3)
    assert found.settled > 0 == found.reserved == found.unknown
    view = app.forge.distill.view(2)
    assert view.pair is not None
    assert (view.task.state, view.task.turns, view.task.run) == ("kept", 1, found.uid)
    assert view.task.cost == view.pair.cost == view.attempts[0].cost == view.turns[0].cost > 0
    assert (view.pair.kind, view.pair.accepted, view.pair.draft) == ("REPAIR_PAIR", True, "I do not know.")
    (shown,) = view.pair.evidence
    document = app.forge.corpus.shelf.find_document(shown.document_sha256, "")
    assert document is not None
    text = app.forge.corpus.shelf.stored_text(document.id, shown.start, shown.end)
    assert shown.quote in text
    assert fact(1)[1].startswith(shown.quote)
    assert shown.retrieval["k"] == 4
    assert {"index", "analyser", "embedder"} <= set(shown.retrieval)
    assert shown.scores["bm25_rank"] == 1
    assert view.evidence[0].text == text
    assert [turn.endpoint_name for turn in view.turns] == ["loopback"]
    assert view.draft is not None
    assert view.draft.provenance["given"]
    assert app.forge.distill.runs() == [app.forge.distill.summary(found.uid)]


def test_a_run_without_a_cap_is_refused(app: Application) -> None:
    for cap in (-1, None):
        with pytest.raises(ForgeError, match="cap"):
            app.forge.distill.run(RunWish(cap=cap))  # type: ignore[arg-type]
    with pytest.raises(ForgeError):
        app.run(teachers=("nobody",))


def test_a_free_local_teacher_needs_no_money(app: Application, teacher: Teacher) -> None:
    (endpoint,) = app.forge.providers.endpoints.list()
    app.forge.providers.prices.set(endpoint, Rates(0, 0))
    teacher.price_in = teacher.price_out = 0
    app.ask(3)
    found = app.run(cap=0)
    assert (found.kept, found.stopped_by, found.settled, found.billed_attempts) == (3, "done", 0, 3)


def test_a_draft_that_the_passages_support_costs_nothing(app: Application, teacher: Teacher) -> None:
    app.ask(2, draft="I do not know.")
    app.ask(1, 2, draft=fact(2)[1])
    found = app.run()
    assert (found.kept, found.train_pairs, found.repair_pairs) == (3, 1, 2)
    assert len(teacher.bodies) == found.billed_attempts == 2


def test_an_outage_never_becomes_a_pair_and_what_it_left_is_done_by_the_next_run(
    opened: Opened, teacher: Teacher, tmp_path: Path
) -> None:
    app = opened(hasty=True)
    app.index(tmp_path / "documents")
    teacher.always = storm(503)
    teacher.next(GARBAGE, storm(529), Fault(after=3, then="cut"), storm(500))
    app.ask(6)
    first = app.run(concurrency=2)
    assert first.kept == first.review == first.train_pairs == first.repair_pairs == 0
    assert first.stopped_by == "teachers"
    assert "loopback" in first.problem
    assert app.forge.distill.pairs.of_task(1) is None
    left = app.states()["queued"]
    assert first.failed + left == 6
    teacher.always = None
    for endpoint in app.forge.providers.endpoints.list():
        app.forge.providers.router.reset(endpoint.uid)
    second = app.run()
    assert (second.kept, second.stopped_by) == (left, "done")
    assert app.forge.distill.tasks.again() == 6 - left
    assert app.run().kept == 6 - left


def test_a_teacher_that_cannot_be_reached_fails_no_task(opened: Opened) -> None:
    app = opened(hasty=True)
    (endpoint,) = app.forge.providers.endpoints.list()
    with Teacher() as gone:
        app.forge.providers.endpoints.change(endpoint.uid, url=gone.url)
    app.ask(3)
    found = app.run()
    assert (found.tasks, found.failed, found.billed_attempts) == (0, 0, 0)
    assert found.problem
    assert app.states() == {"queued": 3}


def test_refusals_and_replies_that_cannot_be_read_are_told_apart(app: Application, teacher: Teacher) -> None:
    def reply(body: dict[str, Any]) -> str:
        text = str(body["messages"])
        if fact(0)[0] in text:
            return answered(body, answer="", refusal="I would rather not.")
        return "Service unavailable" if fact(1)[0] in text else answered(body)

    teacher.answer = reply
    app.ask(3)
    found = app.run()
    assert (found.kept, found.rejected, found.failed) == (1, 1, 1)
    tasks = [app.forge.distill.tasks.get(n) for n in (1, 2)]
    assert tasks[0].reason == "The teacher refused: The draft does not answer the question."
    assert "not the JSON object" in tasks[1].reason
    assert [task.turns for task in tasks] == [1, 2]
    assert [task.pair for task in tasks] == ["", ""]
    assert found.billed_attempts == 4


def test_a_second_turn_mends_what_the_rules_refused(app: Application, teacher: Teacher) -> None:
    def reply(body: dict[str, Any]) -> str:
        return answered(body) if len(body["messages"]) > 2 else answered(body, answer="For years [9].", citations=[9])

    teacher.answer = reply
    app.ask(2)
    found = app.run(max_turns=2)
    assert (found.kept, found.billed_attempts) == (2, 4)
    view = app.forge.distill.view(1)
    assert [bool(turn.problem) for turn in view.turns] == [True, False]
    assert view.task.turns == 2
    app.ask(1, 2)
    assert app.run(max_turns=1).rejected == 1
    assert app.forge.distill.tasks.get(3).pair


def test_a_judge_is_asked_once_the_rules_hold(app: Application, teacher: Teacher) -> None:
    marks = {"correct": 5, "grounded": 5, "complete": 4, "clear": 4, "note": ""}
    teacher.answer = lambda body: json.dumps(marks) if "You judge" in _system(body) else answered(body)
    with Teacher(teacher.answer) as other:
        judge = app.add(other, "judge", roles=("judge",))
        app.ask(2)
        found = app.run(judge=True)
        assert (found.kept, found.billed_attempts) == (2, 4)
        assert len(other.bodies) == 2
        view = app.forge.distill.view(1)
        assert view.pair is not None
        assert view.pair.quality.rubric == {"correct": 1.0, "grounded": 1.0, "complete": 0.75, "clear": 0.75}
        assert [turn.endpoint for turn in view.turns][1] == judge.uid


def test_the_cap_holds_and_the_next_run_goes_on(app: Application, teacher: Teacher) -> None:
    app.ask(12)
    first = app.run(cap=2_000, concurrency=8)
    assert first.stopped_by == "cap"
    assert 0 < first.kept < 12
    assert first.settled <= 2_000
    assert teacher.bill <= 2_000
    assert "may cost up to" in first.problem
    assert app.states() == {"kept": first.kept, "queued": 12 - first.kept}
    second = app.run(cap=1_000_000)
    assert (second.kept, second.stopped_by) == (12 - first.kept, "done")
    assert len(teacher.bodies) == 12


def test_near_the_cap_fewer_calls_are_under_way_and_hardly_anything_is_left_unused(
    app: Application, teacher: Teacher
) -> None:
    notes: list[str] = []

    def heard(event: Event) -> None:
        if isinstance(event, JobChanged) and isinstance(event.detail, RunProgress) and event.detail.note:
            notes.append(event.detail.note)

    stop = app.forge.events.subscribe(heard)
    teacher.always = Fault(seconds=0.15)
    app.ask(12)
    found = app.run(cap=2_500, concurrency=8)
    stop()
    worst = [attempt.worst for attempt in app.forge.providers.ledger.attempts(run=found.uid)]
    assert found.stopped_by == "cap"
    assert 2_500 - found.settled < max(worst), "another call would have fitted"
    assert any("under way" in note for note in notes)
    assert teacher.busiest <= 8


def test_the_day_has_a_cap_of_its_own(app: Application) -> None:
    app.forge.providers.ledger.set_cap("day", 1_500)
    app.ask(8)
    found = app.run(cap=1_000_000, concurrency=2)
    assert found.stopped_by == "cap"
    assert found.settled <= 1_500


def test_offline_makes_no_connection_and_leaves_the_queue(app: Application, teacher: Teacher) -> None:
    app.forge.settings.change(offline=True)
    app.ask(3)
    found = app.run()
    assert (found.stopped_by, found.tasks, teacher.connections) == ("offline", 0, 0)
    assert found.problem
    assert app.states() == {"queued": 3}


def test_without_a_teacher_the_run_says_so(opened: Opened, tmp_path: Path) -> None:
    app = opened()
    app.index(tmp_path / "documents")
    (endpoint,) = app.forge.providers.endpoints.list()
    app.forge.providers.endpoints.change(endpoint.uid, may_train="no")
    app.ask(2)
    found = app.run()
    assert found.stopped_by == "teachers"
    assert "loopback" in found.problem
    assert app.states() == {"queued": 2}


def test_equal_questions_stay_separate_tasks_and_say_why_one_is_not_kept(app: Application, teacher: Teacher) -> None:
    app.ask(1)
    app.ask(1)
    found = app.run(concurrency=1)
    assert found.tasks == 2
    assert len({app.forge.distill.tasks.get(n).uid for n in (1, 2)}) == 2


def test_a_run_can_be_told_to_hold_every_pair(app: Application) -> None:
    app.ask(2)
    found = app.run(review="all")
    assert (found.review, found.kept) == (2, 0)
    assert app.forge.distill.review.waiting() == [1, 2]


def test_only_so_many_tasks_are_taken_in_their_order(app: Application) -> None:
    app.ask(5)
    app.forge.distill.tasks.move([5, 4], 1)
    found = app.run(tasks=2)
    assert (found.tasks, found.stopped_by) == (2, "done")
    assert [row.state for row in app.forge.distill.tasks.window(0, 5)] == ["kept", "kept", "queued", "queued", "queued"]


# ---- with the real student ----


def test_the_student_drafts_first(app: Application, teacher: Teacher) -> None:
    app.forge.settings.change(answer_tokens=16)
    app.forge.students.activate(app.forge.students.list()[0].id)
    app.ask(3, draft="")
    found = app.run(easy="teach")
    assert (found.kept, found.stopped_by) == (3, "done")
    view = app.forge.distill.view(1)
    assert view.draft is not None
    assert view.draft.text
    assert view.draft.provenance["sha256"] == app.forge.engine.state().model_sha256
    assert view.draft.text in str(teacher.bodies)
    assert view.pair is not None
    assert view.pair.student == view.draft.provenance
