"""What a fault of a teacher means for tasks, for their cost, and for what a run says at its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from forge_desktop.distill.records_runs import RunSummary
from forge_desktop.forge import Forge
from tests.distill.rooms import Application, answered
from tests.distill.test_run_killed import CAP, ROOT, Opened
from tests.providers.teacher import Fault, Teacher, storm


def _reset(app: Application) -> None:
    for endpoint in app.forge.providers.endpoints.list():
        app.forge.providers.router.reset(endpoint.uid)


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429])
def test_a_fault_of_the_teacher_fails_no_task_and_uses_up_no_attempt(
    app: Application, teacher: Teacher, status: int
) -> None:
    app.ask(3)
    for _ in range(4):
        teacher.always = storm(status, "0" if status == 429 else None)
        found = app.run(concurrency=4)
        assert (found.failed, found.settled, found.stopped_by) == (0, 0, "teachers")
        assert found.problem
        assert app.states() == {"queued": 3}
        _reset(app)
    teacher.always = None
    found = app.run()
    assert (found.kept, found.stopped_by, found.problem) == (3, "done", "")


def test_what_was_paid_before_such_a_fault_is_used_again(app: Application, teacher: Teacher) -> None:
    teacher.answer = lambda body: answered(body) if len(body["messages"]) > 2 else "Not in its form."
    teacher.next(Fault(), storm(401))
    app.ask(1)
    assert app.run(concurrency=1).stopped_by == "teachers"
    assert app.states() == {"queued": 1}
    _reset(app)
    found = app.run(concurrency=1)
    assert (found.kept, found.reused_answers, found.billed_attempts) == (1, 1, 1)
    assert len(teacher.bodies) == 3


def test_a_last_call_above_its_reservation_is_told_at_the_end(app: Application, teacher: Teacher) -> None:
    teacher.next(Fault(usage={"prompt_tokens": 60_000, "completion_tokens": 60_000, "total_tokens": 120_000}))
    app.ask(1)
    found = app.run(concurrency=1)
    assert app.forge.providers.ledger.stopped
    assert (found.stopped_by, found.problem) == ("ledger", app.forge.providers.ledger.stopped)
    app.teacher = None  # its bill is the usual one


def test_a_task_that_failed_shows_what_its_calls_stay_charged(app: Application, teacher: Teacher) -> None:
    teacher.next(*[Fault(after=3, then="cut")] * 3)
    app.ask(1)
    found = app.run(concurrency=1)
    assert (found.failed, found.settled) == (1, 0)
    assert app.forge.distill.tasks.get(1).cost == found.unknown > 0


def test_a_run_whose_process_was_killed_says_so_to_whoever_looks(
    opened: Opened, data_dir: Path, teacher: Teacher, tmp_path: Path
) -> None:
    app = opened()
    app.index(tmp_path / "documents", 3)
    app.ask(3)
    app.close()
    teacher.always = Fault(then="hang")
    command = [sys.executable, str(ROOT / "tests/distill/run_to_be_killed.py"), str(data_dir), str(CAP), "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        with teacher.arrived:
            assert teacher.arrived.wait_for(lambda: len(teacher.calls) >= 2, timeout=60)
        assert _seen(data_dir).stopped_by == "", "it goes on"
        process.kill()
        process.communicate()
    found = _seen(data_dir)
    assert (found.stopped_by, found.tasks, found.ended) == ("killed", 0, None)
    assert "queue" in found.problem
    teacher.always = None
    app = opened()
    assert app.run(cap=CAP).kept == 3
    assert [run.stopped_by for run in app.forge.distill.runs()] == ["done", "killed"]


def _seen(data_dir: Path) -> RunSummary:
    """The newest run, as a command that only reads sees it."""
    forge = Forge(data_dir, holder="test", read_only=True)
    try:
        return forge.distill.runs()[0]
    finally:
        forge.close()
