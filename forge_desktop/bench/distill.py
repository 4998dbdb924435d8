"""How fast a run is: `python -m forge_desktop.bench distill [--json]`.

Tasks with recorded drafts, evidence from a real index, a teacher on loopback in a process of its own that takes half a
second for each answer, every call through the ledger. Nothing can be faster than the calls one after the other, so many
at once: that is what the time is set against.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from forge_desktop.distill.records import NewTask
from forge_desktop.distill.records_runs import RunSummary, RunWish
from forge_desktop.forge import Forge
from forge_desktop.providers.records import Endpoint, Rates

_SYLLABLES = ["ba", "do", "fe", "gu", "ha", "ki", "lo", "mu", "ne", "po", "ra", "si", "tu", "va", "we", "zo"]
_PASSAGES_A_FILE = 20


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench distill", description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000, help="how many tasks (1000)")
    parser.add_argument("--concurrency", type=int, default=32, help="calls at once (32)")
    parser.add_argument("--milliseconds", type=float, default=500.0, help="what the teacher takes for an answer (500)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = _measured(Path(folder), options.tasks, options.concurrency, options.milliseconds)
    print(json.dumps(found) if options.json else "\n".join(f"{key:20} {value}" for key, value in found.items()))
    return 0


def _measured(folder: Path, tasks: int, concurrency: int, milliseconds: float) -> dict[str, object]:
    facts = _facts(tasks)
    documents = folder / "documents"
    documents.mkdir()
    for start in range(0, tasks, _PASSAGES_A_FILE):
        text = "\n\n".join(f"# {name}\n\n{sentence}" for name, _, sentence in facts[start : start + _PASSAGES_A_FILE])
        (documents / f"{start:06}.md").write_text(text)
    (folder / "data").mkdir()
    with _teacher(milliseconds) as port, contextlib.closing(Forge(folder / "data", holder="bench")) as forge:
        forge.jobs.wait(forge.corpus.index([documents]))
        made = forge.providers.endpoints.add(Endpoint("", "loopback", f"http://127.0.0.1:{port}/v1", "model"))
        forge.providers.prices.set(made, Rates(150_000, 600_000))
        forge.distill.tasks.add([NewTask(question, draft="I do not know.") for _, question, _ in facts])
        with _lag() as longest:
            cpu, started = time.process_time(), time.perf_counter()
            summary = forge.jobs.wait(forge.distill.run(RunWish(cap=10**9, concurrency=concurrency)))
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert isinstance(summary, RunSummary)
    least = milliseconds / 1000 * -(-tasks // concurrency)
    return {
        "tasks": summary.tasks,
        "kept": summary.kept,
        "rejected": summary.rejected,
        "billed_attempts": summary.billed_attempts,
        "seconds": round(seconds, 2),
        "at_least_seconds": round(tasks * milliseconds / 1000 / concurrency, 2),
        "in_whole_rounds_seconds": round(least, 2),
        "ratio": round(seconds / (tasks * milliseconds / 1000 / concurrency), 3),
        "processor_seconds": round(cpu, 2),
        "processor_ms_a_task": round(1000 * cpu / max(1, tasks), 2),
        "longest_lag_ms": round(1000 * longest[0], 1),
        "load_average": [round(value, 1) for value in os.getloadavg()] if hasattr(os, "getloadavg") else [],
    }


def _facts(count: int) -> list[tuple[str, str, str]]:
    """Name, question and sentence of facts of which no two say nearly the same."""
    chance = random.Random(7)

    def word() -> str:
        return "".join(chance.choices(_SYLLABLES, k=3))

    found = []
    for n in range(count):
        name, place, kind = word().capitalize(), word().capitalize(), word()
        sentence = (
            f"The {kind} {name} of {place} was built by {word()} {word()} and weighs {n * 7 + 3} {word()} pounds."
        )
        found.append((name, f"Who built the {kind} {name} of {place}?", sentence))
    return found


@contextlib.contextmanager
def _teacher(milliseconds: float) -> Iterator[int]:
    command = (sys.executable, "-m", "forge_desktop.bench.loopback_teacher", str(milliseconds))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.communicate()


@contextlib.contextmanager
def _lag() -> Iterator[list[float]]:
    """How long another thread of this process, as the window's is one, had to wait for its turn at most, in seconds."""
    over, longest = threading.Event(), [0.0]

    def watch() -> None:
        while True:
            began = time.perf_counter()
            if over.wait(0.005):
                return
            longest[0] = max(longest[0], time.perf_counter() - began - 0.005)

    thread = threading.Thread(target=watch, name="forge-bench-lag")
    thread.start()
    try:
        yield longest
    finally:
        over.set()
        thread.join()
