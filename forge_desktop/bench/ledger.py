"""How fast the spending ledger is: `python -m forge_desktop.bench ledger [--json]`.

Calls are reserved, sent and settled, each step durable on the disk before the next begins: by one thread, by many that
share commits, and by many that each commit alone. Then a ledger of many attempts is asked what the window asks.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.clock import SystemClock
from forge_desktop.providers.ledger import Ledger, NewAnswer, NewAttempt
from forge_desktop.providers.records import Purpose, Usage
from forge_desktop.storage import Database

_ANSWER = NewAnswer("An answer of some length. " * 40, "", "end", 500.0, None)
_numbers = itertools.count()


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench ledger", description=__doc__)
    parser.add_argument("--calls", type=int, default=2_000, help="how many calls each way (2000)")
    parser.add_argument("--threads", type=int, default=32, help="how many threads (32)")
    parser.add_argument("--attempts", type=int, default=100_000, help="a ledger of so many to be read (100000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = {
            "one_thread": _rate(Path(folder, "one"), 1, options.calls // 4, alone=False),
            "threads_sharing": _rate(Path(folder, "shared"), options.threads, options.calls, alone=False),
            "threads_one_by_one": _rate(Path(folder, "alone"), options.threads, options.calls // 4, alone=True),
            "reads_ms": _reads(Path(folder, "large"), options.attempts),
        }
    print(json.dumps(found) if options.json else "\n".join(f"{key:20} {value}" for key, value in found.items()))
    return 0


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[Ledger]:
    folder.mkdir()
    with (
        contextlib.closing(Database(folder / "forge.db")) as db,
        contextlib.closing(Ledger(db, folder, SystemClock())) as ledger,
    ):
        ledger.open_run("run", 10**15)
        yield ledger


def _new(n: int) -> NewAttempt:
    purpose = Purpose("teacher", "run", f"task-{n}", "answer")
    return NewAttempt("endpoint", "Loopback", "model", purpose, f"{n:064x}", "f" * 64, 20_000)


def _pay(ledger: Ledger, each: Callable[[Callable[[], Any]], Any]) -> None:
    attempt = each(lambda: ledger.reserve(_new(next(_numbers))))
    each(lambda: ledger.sent(attempt))
    each(lambda: ledger.settle(attempt, Usage(800, 300), 4_000, _ANSWER))


def _rate(folder: Path, threads: int, calls: int, *, alone: bool) -> dict[str, float]:
    """Calls a second and milliseconds of each step; `alone`: no step shares a commit with another."""
    lock = threading.Lock()
    times: list[float] = []

    def each(step: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        with lock if alone else contextlib.nullcontext():
            done = step()
        times.append(time.perf_counter() - started)
        return done

    with _opened(folder) as ledger, ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        list(pool.map(lambda _n: _pay(ledger, each), range(calls)))
        seconds = time.perf_counter() - started
    times.sort()
    return {
        "calls": calls,
        "calls_a_second": round(calls / seconds, 1),
        "steps_a_second": round(3 * calls / seconds, 1),
        "step_ms_p50": round(1_000 * statistics.median(times), 2),
        "step_ms_p95": round(1_000 * times[int(len(times) * 0.95)], 2),
    }


def _reads(folder: Path, attempts: int) -> dict[str, float]:
    """Milliseconds of what the window asks of a large ledger, the median of nine."""
    asked: dict[str, Callable[[Ledger], object]] = {
        "budgets": lambda ledger: ledger.budgets("run"),
        "by_day": lambda ledger: ledger.by_day(90),
        "forecast": lambda ledger: ledger.forecast(),
        "run_totals": lambda ledger: ledger.run_totals("run"),
        "attempts_page": lambda ledger: ledger.attempts(limit=200),
        "attempts_of_run": lambda ledger: ledger.attempts(run="run", limit=200),
        "unknown_attempts": lambda ledger: ledger.attempts(state="unknown", limit=200),
        "tried": lambda ledger: ledger.tried("task-5", "answer"),
        "answer_for": lambda ledger: ledger.answer_for("task-5", "answer"),
    }
    with _opened(folder) as ledger:
        for first in range(0, attempts, 1_000):
            made = ledger.reserve_all([_new(n) for n in range(first, min(first + 1_000, attempts))])
            ledger.sent_all(made)
            with ThreadPoolExecutor(32) as pool:
                list(pool.map(lambda uid: ledger.settle(uid, Usage(800, 300), 4_000, _ANSWER), made))
        found = {name: _median(ledger, ask) for name, ask in asked.items()}
        started = time.perf_counter()
        if problems := ledger.verify():
            raise ForgeError(f"The ledger is not sound: {problems[0]}")
        found["verify"] = round(1_000 * (time.perf_counter() - started), 1)
    started = time.perf_counter()
    with (
        contextlib.closing(Database(folder / "forge.db")) as db,
        contextlib.closing(Ledger(db, folder, SystemClock())) as ledger,
    ):
        found["open"] = round(1_000 * (time.perf_counter() - started), 1)
        started = time.perf_counter()
        ledger.recover()
        found["recover"] = round(1_000 * (time.perf_counter() - started), 1)
    return found


def _median(ledger: Ledger, ask: Callable[[Ledger], object]) -> float:
    times = []
    for _ in range(9):
        started = time.perf_counter()
        ask(ledger)
        times.append(time.perf_counter() - started)
    return round(1_000 * statistics.median(times), 2)
