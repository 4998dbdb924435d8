"""The ledger and its processes: killed at any point, several at once, the cap holds and nothing billed is missing."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.providers.ledger import Ledger
from tests.conftest import ROOT
from tests.providers.ledgers import SetClock, call, opened, pay

POINTS = ("before reserve", "after reserve", "after sent", "before settle", "after settle")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the worker forks")


def _start(data_dir: Path, **wish: Any) -> subprocess.Popen[str]:
    worker = ROOT / "tests" / "providers" / "ledger_worker.py"
    return subprocess.Popen(
        [sys.executable, str(worker), str(data_dir), json.dumps({"seed": 0, **wish})],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def _finish(*started: subprocess.Popen[str]) -> None:
    for process in started:
        _out, errors = process.communicate(timeout=170)
        assert (process.returncode, errors) == (0, "")


def _bill(data_dir: Path) -> int:
    return sum(int(line) for line in (data_dir / "bill").read_text().splitlines())


def _fates(count: int, reach: int) -> list[tuple[int, str]]:
    chance = random.Random(5)
    return [(chance.randrange(reach), POINTS[n % len(POINTS)]) for n in range(count)]


@needs_fork
@pytest.mark.parametrize(
    ("kills", "worsts", "least"),
    [pytest.param(5, 60, 0.88, id="small"), pytest.param(20, 1_500, 0.98, marks=pytest.mark.full, id="whole")],
)
def test_kills_of_one_worker_waste_no_more_than_their_calls(
    data_dir: Path, kills: int, worsts: int, least: float
) -> None:
    cap = worsts * 1_000
    _finish(_start(data_dir, cap=cap, worst=1_000, threads=1, tasks=10 * worsts, fates=_fates(kills, worsts // kills)))
    with opened(data_dir) as ledger:
        assert ledger.recover() == 0
        run, bill = ledger.budgets("run")[0], _bill(data_dir)
        assert bill <= run.charged <= cap
        assert run.reserved == 0
        in_flight = sum(point in ("after sent", "before settle") for _n, point in _fates(kills, 1))
        assert run.unknown == in_flight * 1_000
        assert run.charged - run.unknown >= cap - in_flight * 1_000 - 1_000
        assert run.settled >= least * cap


@needs_fork
@pytest.mark.parametrize(
    ("kills", "tasks"), [pytest.param(6, 60, id="small"), pytest.param(40, 400, marks=pytest.mark.full, id="whole")]
)
def test_kills_of_many_threads_leave_at_most_what_was_in_flight(data_dir: Path, kills: int, tasks: int) -> None:
    wish = {"cap": 10**9, "worst": 1_000, "threads": 8, "tasks": tasks}
    _finish(_start(data_dir, **wish, fates=_fates(kills, tasks // 2)))
    with opened(data_dir) as ledger:
        run = ledger.budgets("run")[0]
        lost = ledger.attempts(state="unknown", limit=10**6)
        assert len(lost) <= kills * 8
        assert run.unknown == sum(made.worst for made in lost)
        assert run.reserved == 0
        assert _bill(data_dir) <= run.charged


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.full)])
def test_kills_at_any_moment(data_dir: Path, kills: int) -> None:
    chance, seen = random.Random(7), 0
    for seed in range(kills):
        started = _start(data_dir, cap=10**9, worst=1_000, threads=8, tasks=10**6, seed=1_000 * seed, alone=True)
        bill = data_dir / "bill"
        while started.poll() is None and (bill.stat().st_size if bill.exists() else 0) <= seen:
            threading.Event().wait(0.002)  # until it has paid something
        threading.Event().wait(chance.random() * 0.2)
        started.kill()
        _out, errors = started.communicate()
        assert errors == ""
        seen = bill.stat().st_size
    with opened(data_dir) as ledger:
        ledger.recover()
        run = ledger.budgets("run")[0]
        assert run.reserved == 0
        assert _bill(data_dir) <= run.charged
        assert len(ledger.attempts(state="unknown", limit=10**6)) <= kills * 8


@needs_fork
@pytest.mark.parametrize("tasks", [100, pytest.param(8_000, marks=pytest.mark.full)])
def test_two_processes_of_eight_workers_never_pass_the_cap(data_dir: Path, tasks: int) -> None:
    cap = 2 * tasks * 500 // 10
    with opened(data_dir):
        wish = {"cap": cap, "worst": 999, "threads": 8, "tasks": tasks}
        _finish(_start(data_dir, **wish, seed=1), _start(data_dir, **wish, seed=2))
    with opened(data_dir) as ledger:
        run = ledger.budgets("run")[0]
        assert _bill(data_dir) == run.settled <= cap
        assert run.settled > cap - 2_000
        assert (run.reserved, run.unknown) == (0, 0)


@pytest.fixture
def two(data_dir: Path) -> Iterator[Sequence[Ledger]]:
    with opened(data_dir) as one, opened(data_dir) as other:
        yield one, other


def test_a_living_ledgers_calls_are_its_own(two: Sequence[Ledger], data_dir: Path) -> None:
    one, other = two
    reserved, sent = one.reserve(call(10)), one.reserve(call(20))
    one.sent(sent)
    assert other.recover() == 0
    one.close()
    assert other.recover() == 2
    assert {made.uid: made.state for made in other.attempts()} == {reserved: "released", sent: "unknown"}
    assert other.budgets()[-1].charged == 20
    assert len(list((data_dir / "ledger-owners").iterdir())) == 2  # the other's, and the mirror's lock


def test_a_batch_whose_number_is_known_waits_for_its_end(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        for batch in ("known", "unknown"):
            ledger.sent_all(ledger.reserve_all([call(10, batch=batch), call(10, batch=batch)]))
        with ledger._db.write() as connection:
            connection.executemany(
                "INSERT INTO batches(uid, endpoint, remote_id, state, lines, created, changed)"
                " VALUES (?, ?, ?, ?, ?, 0, 0)",
                [("known", "e", "remote-1", "sent", 2), ("unknown", "e", "", "sent", 2)],
            )
    with opened(data_dir) as ledger:
        assert ledger.recover() == 2
        assert {(made.batch, made.state) for made in ledger.attempts()} == {("known", "sent"), ("unknown", "unknown")}


def test_caps_set_by_one_hold_for_the_other(two: Sequence[Ledger], data_dir: Path) -> None:
    one, other = two
    one.set_cap("total", 100)
    pay(other, call(60), 60)
    assert one.budgets()[-1].headroom == 40
    with opened(data_dir, SetClock()) as third:
        assert third.caps() == {"total": 100}
