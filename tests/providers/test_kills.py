"""Killed at any point of a call: the bill is covered, what is unknown is bounded exactly, and nothing is paid twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.providers.killed_caller import POINTS
from tests.providers.room import CAP, open_room
from tests.providers.teacher import Teacher

# Between these points a call may have been billed, and nobody wrote down what it cost.
_IN_DOUBT = ("after connect", "after headers", "mid stream", "after last byte", "before settle")


@pytest.mark.parametrize(
    ("rounds", "threads"),
    [
        pytest.param(1, 1, id="small"),
        pytest.param(1, 4, id="small, four at once"),
        pytest.param(30, 1, id="whole", marks=pytest.mark.full),
        pytest.param(10, 8, id="whole, eight at once", marks=pytest.mark.full),
    ],
)
@pytest.mark.timeout(600)
def test_kills_at_every_point_of_a_call(data_dir: Path, rounds: int, threads: int) -> None:
    kills, tasks = rounds * len(POINTS), rounds * len(POINTS) + 8 * threads
    with Teacher("one two three") as teacher:
        with open_room(data_dir) as room:
            endpoint = room.add(teacher)
        done = subprocess.run(
            [sys.executable, "-m", "tests.providers.killed_caller", str(data_dir), endpoint.uid]
            + [str(number) for number in (kills, tasks, threads)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.splitlines() == [f"{POINTS[n % 8]} -9" for n in range(kills)] + ["end 0"], done.stderr
        with open_room(data_dir) as room:
            attempts = room.attempts()
            states = Counter(attempt.state for attempt in attempts)
            assert teacher.bill <= sum(attempt.cost for attempt in attempts) <= CAP
            assert set(states) <= {"settled", "released", "unknown"}
            in_doubt = rounds * len(_IN_DOUBT)
            worst = max(attempt.worst for attempt in attempts)
            if threads == 1:
                assert states["unknown"] == in_doubt
                assert states["released"] == rounds  # reserved, and provably never sent
            assert states["unknown"] <= kills * threads
            unknown = sum(attempt.cost for attempt in attempts if attempt.state == "unknown")
            assert unknown <= kills * threads * worst
            assert states["settled"] == tasks  # each task was paid once, whatever was killed
            assert len(teacher.calls) <= tasks + states["unknown"]
            assert room.providers.ledger.verify() == []
