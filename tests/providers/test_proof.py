"""The whole way over the wire: two processes on one database, twenty kills, a long silence; the cap holds.

Every test ends with the teacher's own bill: it is never above the cap, and the ledger never below it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.providers.room import Room, open_room, work
from tests.providers.teacher import Fault, Teacher
from tests.providers.wire_worker import question, task_name

POINTS = (
    "before reserve",
    "after reserve",
    "after headers",
    "in the stream",
    "after last byte",
    "before settle",
    "after settle",
)
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the worker forks")


def _start(data_dir: Path, tasks: range, threads: int, fates: list[tuple[str, int]]) -> subprocess.Popen[str]:
    worker = ROOT / "tests" / "providers" / "wire_worker.py"
    wish = json.dumps({"tasks": [tasks.start, tasks.stop], "threads": threads, "fates": fates})
    return subprocess.Popen(
        [sys.executable, str(worker), str(data_dir), wish],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def _finished(process: subprocess.Popen[str]) -> int:
    """How many of its processes were killed."""
    out, errors = process.communicate(timeout=600)
    assert (process.returncode, errors) == (0, "")
    return sum(bool(line) for line in out.splitlines())


def _billed_and_charged(room: Room, teacher: Teacher, cap: int) -> None:
    assert teacher.bill <= cap
    assert room.providers.ledger.budgets("run-1")[0].charged >= teacher.bill
    assert room.providers.ledger.verify() == []


@pytest.mark.parametrize("tasks", [240, pytest.param(8_000, marks=pytest.mark.full)])
def test_two_processes_of_eight_workers_share_a_cap_for_a_tenth_of_the_work(data_dir: Path, tasks: int) -> None:
    with Teacher("word " * 100) as teacher, open_room(data_dir) as room:
        endpoint = room.add(teacher)
        worst = room.providers.worst(endpoint.uid, question(task_name(0)))
        one = room.providers.ask(endpoint.uid, question("one"), work("one")).cost
        cap = tasks * one // 10
        room.providers.ledger.set_cap("total", cap)
        half = tasks // 2  # both are at work while this process, too, has the database open
        started = [_start(data_dir, range(half), 8, []), _start(data_dir, range(half, tasks), 8, [])]
        assert [_finished(process) for process in started] == [0, 0]
        total = room.providers.ledger.budgets()[-1]
        assert (total.reserved, total.unknown) == (0, 0)
        assert cap - worst < total.settled <= cap
        assert len(teacher.calls) == len(room.attempts())
        _billed_and_charged(room, teacher, cap)


@pytest.mark.full
def test_twenty_kills_leave_at_most_a_fiftieth_of_the_cap_unused(data_dir: Path) -> None:
    with Teacher("word " * 100, price_in=10, price_out=6_000_000) as teacher:  # a call costs nearly its worst case
        with open_room(data_dir) as room:
            endpoint = room.add(teacher)
            worst = room.providers.worst(endpoint.uid, question(task_name(0)))
        cap = 1_500 * worst
        again = data_dir.parent / "again"
        again.mkdir()
        with open_room(again, cap=cap) as room:
            room.add(teacher)
        fates = [(POINTS[n % len(POINTS)], 40) for n in range(20)]
        _finished(_start(again, range(40_000), 1, fates))
        with open_room(again, cap=cap) as room:
            run = room.providers.ledger.budgets("run-1")[0]
            assert cap - run.settled <= 0.02 * cap
            _billed_and_charged(room, teacher, cap)


@pytest.mark.full
def test_a_teacher_that_hangs_for_half_a_minute(data_dir: Path) -> None:
    with Teacher() as teacher, open_room(data_dir) as room:
        endpoint = room.add(teacher)
        teacher.next(Fault(seconds=30.0))
        answer = room.providers.ask(endpoint.uid, question(task_name(0)), work())
        assert answer.milliseconds > 29_000
        _billed_and_charged(room, teacher, 1_000_000)
