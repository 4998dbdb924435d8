"""Runs that are killed without warning, wherever they are: the queue is finished all the same, and the books hold."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.distill.rooms import Application, Opened
from tests.providers.teacher import Fault, Teacher

ROOT = Path(__file__).resolve().parents[2]
CONCURRENCY = 3
CAP = 1_000_000


def _killed(data_dir: Path, teacher: Teacher, after: int) -> bool:
    """Let a process run until the teacher has had so many more requests, then kill it. False where it ended first."""
    wanted = len(teacher.calls) + after
    command = [sys.executable, str(ROOT / "tests/distill/run_to_be_killed.py"), str(data_dir), str(CAP)]
    with subprocess.Popen(
        [*command, str(CONCURRENCY)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        with teacher.arrived:
            arrived = teacher.arrived.wait_for(
                lambda: len(teacher.calls) >= wanted or process.poll() is not None, timeout=60
            )
        assert arrived or process.poll() is not None
        ended = process.poll() is not None
        process.kill()
        process.communicate()
    return not ended


def _survived(opened: Opened, data_dir: Path, teacher: Teacher, folder: Path, *, tasks: int, kills: int) -> None:
    app: Application = opened()
    app.index(folder, tasks)
    app.ask(tasks)
    app.close()
    chance = random.Random(tasks)
    teacher.always = Fault(seconds=0.02)
    killed = sum(_killed(data_dir, teacher, chance.randint(1, 3)) for _ in range(kills))
    teacher.always = None
    app = opened()
    assert app.run(cap=CAP).stopped_by == "done"
    ledger = app.forge.providers.ledger
    for row in app.forge.distill.tasks.window(0, tasks, states=["failed"]):
        assert ledger.tried(row.uid, "turn-1") == 3, "only what was sent three times is not sent again by itself"
    app.forge.distill.tasks.again()
    assert app.run(cap=CAP).stopped_by == "done"
    assert app.states() == {"kept": tasks}
    total = ledger.budgets()[-1]
    assert teacher.bill <= total.charged
    assert total.reserved == 0
    unknown = ledger.attempts(state="unknown", limit=1_000)
    assert len(unknown) <= killed * CONCURRENCY
    assert total.unknown == sum(each.worst for each in unknown)
    assert len(teacher.bodies) <= tasks + len(unknown)


def test_a_run_killed_again_and_again_is_finished_and_pays_nothing_twice(
    opened: Opened, data_dir: Path, teacher: Teacher, tmp_path: Path
) -> None:
    _survived(opened, data_dir, teacher, tmp_path / "documents", tasks=8, kills=2)


@pytest.mark.full
def test_a_run_killed_many_times(opened: Opened, data_dir: Path, teacher: Teacher, tmp_path: Path) -> None:
    _survived(opened, data_dir, teacher, tmp_path / "documents", tasks=60, kills=20)
