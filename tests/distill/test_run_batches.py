"""First turns of tasks through a teacher's batch endpoint."""

from __future__ import annotations

from forge_desktop.providers.records import Rates
from tests.distill.rooms import Application
from tests.providers.teacher import Teacher, storm


def test_first_turns_go_through_a_batch_at_its_price(app: Application, teacher: Teacher) -> None:
    (endpoint,) = app.forge.providers.endpoints.list()
    app.forge.providers.prices.set(endpoint, Rates(150_000, 600_000, batch_input=75_000, batch_output=300_000))
    teacher.batching.polls, teacher.batching.fail = 0, {1}
    app.ask(4)
    found = app.run(batch=True)
    assert (found.kept, found.stopped_by, found.problem) == (4, "done", "")
    assert len(teacher.batching.batches) == 1
    asked = [call for call in teacher.calls if call.path == "/v1/chat/completions"]
    assert len(asked) == 1, "the line that failed is asked for by itself"
    by_batch = [each for each in app.forge.providers.ledger.attempts(run=found.uid) if each.batch]
    assert len(by_batch) == 4
    settled = [each.cost for each in by_batch if each.state == "settled"]
    assert max(settled) < max(row.cost for row in app.forge.distill.tasks.window(0, 4))


def test_a_batch_that_outlives_its_run_is_not_paid_twice(app: Application, teacher: Teacher) -> None:
    teacher.batching.polls = 1
    app.ask(3)
    job = app.start(batch=True)
    teacher.wait(3)  # the file, the batch, the first look
    app.forge.jobs.cancel(job)
    first = app.cancelled(job)
    assert first.reserved > 0
    assert app.states() == {"queued": 3}
    found = app.run(batch=True)
    assert (found.kept, found.billed_attempts, found.reused_answers) == (3, 0, 3)
    assert app.forge.distill.summary(first.uid).settled > 0
    assert len(teacher.batching.batches) == 1


def test_a_batch_larger_than_the_cap_is_handed_over_in_part(app: Application, teacher: Teacher) -> None:
    teacher.batching.polls = 0
    app.ask(8)
    found = app.run(cap=4_000, batch=True)
    assert found.stopped_by in ("cap", "done")
    assert 0 < found.kept <= 8
    assert found.settled + found.unknown + found.reserved <= 4_000


def test_where_a_batch_cannot_be_handed_over_it_goes_call_by_call(app: Application, teacher: Teacher) -> None:
    teacher.next(storm(400))
    app.ask(3)
    found = app.run(batch=True)
    assert (found.kept, found.stopped_by) == (3, "done")
    assert "batch" in found.problem
    assert len([call for call in teacher.calls if call.path == "/v1/chat/completions"]) == 3
