"""How soon the window knows that the child died, how soon another one answers, and how soon Stop stops."""

from __future__ import annotations

import os
import random
import signal
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

from forge_desktop.base.child import RestartBudget
from forge_desktop.base.errors import Cancelled
from forge_desktop.bench.engine_figures import Figure, NotMeasured, percentile, rounded
from forge_desktop.bench.engine_student import SENTENCE, STORY, ask, student
from forge_desktop.engine import Engine

_DYING = [sys.executable, "-m", "forge_desktop.engine.child.die_on_signal"]


def deaths(model: Path, rounds: int) -> tuple[dict[str, Figure], dict[str, Any]]:
    """The child killed, faulting and aborting in the middle of an answer; the figures, and the old ones."""
    if sys.platform == "win32":
        raise NotMeasured("signals are needed")
    kinds = {"kill": signal.SIGKILL, "fault": signal.SIGUSR1, "abort": signal.SIGUSR2}
    known: dict[str, list[float]] = {kind: [] for kind in kinds}
    again: dict[str, list[float]] = {kind: [] for kind in kinds}
    loads = []
    with student(model, command=_DYING, budget=RestartBudget(deaths=1000)) as engine:
        ask(engine, "Say hello.", 4)
        for _ in range(rounds):
            engine.eject()
            began = time.perf_counter()
            engine.warm()
            loads.append(1000 * (time.perf_counter() - began))
            for kind, number in kinds.items():
                end, answer = _killed(engine, number)
                known[kind].append(end)
                again[kind].append(answer)
    load = statistics.median(loads)
    worst = max(again, key=lambda kind: statistics.median(again[kind]))
    figures = {
        f"death_by_{kind}_ms": Figure(statistics.median(known[kind]), more={"each_ms": rounded(known[kind], 1)})
        for kind in kinds
    }
    figures["answering_again_beyond_load_ms"] = Figure(
        statistics.median(again[worst]) - load,
        more={
            "start_and_load_ms": rounded(loads, 0),
            "answering_again_ms": {kind: rounded(values, 0) for kind, values in again.items()},
        },
    )
    old = {
        "death_known_ms": round(statistics.median(known["kill"]), 1),
        "answering_again_ms": round(statistics.median(again["kill"]), 1),
    }
    return figures, old


def cancels(engine: Engine, count: int) -> tuple[Figure, dict[str, Any]]:
    """From the press of Stop until the engine is back, at random moments while it reads a prompt of some 3,000 tokens.

    What was read stays, so one prompt is gone through in many steps: every depth of it is met.
    """
    draw = random.Random(7)
    taken: list[float] = []
    number = 0
    while len(taken) < count:
        number += 1
        text = f"{number}. " + SENTENCE * 250
        while len(taken) < count:
            spent = _cancelled(engine, text, draw.uniform(0.02, 0.6))
            if spent is None:
                break  # it was read to its end: on to another prompt
            taken.append(spent)
    figure = Figure(
        percentile(taken, 0.95),
        more={"cancels": len(taken), "median_ms": round(statistics.median(taken), 1), "most_ms": round(max(taken), 1)},
    )
    return figure, {"cancel_in_prompt_ms": rounded(sorted(taken), 1)}


def _cancelled(engine: Engine, text: str, delay: float) -> float | None:
    """Milliseconds from the press to the return; None when the answer had begun before."""
    pressed, moment = threading.Event(), [0.0]

    def press() -> None:
        moment[0] = time.perf_counter()
        pressed.set()

    def check() -> None:
        if pressed.is_set():
            raise Cancelled

    timer = threading.Timer(delay, press)
    timer.start()
    answer = ask(engine, text, 2, check=check).answer
    back = time.perf_counter()
    timer.cancel()
    timer.join()
    return 1000 * (back - moment[0]) if answer.stop == "cancelled" and not answer.answer_tokens else None


def _killed(engine: Engine, number: int) -> tuple[float, float]:
    """Milliseconds until the caller knows, and until the next answer's first token."""
    moment = [0.0]

    def kill(_text: str) -> None:
        if not moment[0] and engine.pid is not None:
            moment[0] = time.perf_counter()
            os.kill(engine.pid, number)

    ask(engine, STORY, 400, on_text=kill)
    known = time.perf_counter()
    first = ask(engine, "Say hello.", 1).answer
    return 1000 * (known - moment[0]), 1000 * (known - moment[0]) + first.ttft_ms
