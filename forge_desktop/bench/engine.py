"""What the application adds to llama.cpp: `python -m forge_desktop.bench engine [--model FILE] [--json]`.

Every figure that the engine is held to, with its target, in one run: one thread, processor time of this process and the
child together, which other work on the machine hardly touches, both sides taking turns.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forge_desktop.base.paths import resources_dir
from forge_desktop.bench import (
    engine_batch,
    engine_cache,
    engine_death,
    engine_gate,
    engine_gpu,
    engine_lookup,
    engine_speed,
)
from forge_desktop.bench import engine_peers as peers
from forge_desktop.bench.engine_figures import Figure, NotMeasured, measured, table
from forge_desktop.bench.engine_student import ask, student
from forge_desktop.engine import Engine

Figures = dict[str, Figure]


@dataclass(frozen=True)
class _Size:
    """How much is measured: tokens of long and short answers, rounds, turns, words of a document, cancels."""

    tokens: int
    rounds: int
    turns: int = 5
    cancels: int = 40
    answer: int = 120
    sentences: int = 45
    words: int = 90
    prompts: int = 9
    batch: int = 16


_QUICK = _Size(tokens=8, rounds=1, turns=2, cancels=2, answer=16, sentences=5, words=10, prompts=1, batch=2)


@dataclass
class _Run:
    """What the parts of a run share. `old` are the figures that have no target."""

    model: Path
    size: _Size
    peers: peers.Peers
    engine: Engine
    flash: bool = False
    old: dict[str, Any] = field(default_factory=dict)


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    starter = resources_dir() / "students" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench engine", description=__doc__)
    parser.add_argument("--model", type=Path, default=starter, help="a GGUF file (the starter student)")
    parser.add_argument("--tokens", type=int, default=512, help="tokens to write in a round (512)")
    parser.add_argument("--rounds", type=int, default=3, help="how often both take turns (3)")
    parser.add_argument("--only", default="", help="parts of names of figures, with commas; the others are left out")
    parser.add_argument("--quick", action="store_true", help="only see that everything runs: the figures mean nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if options.quick:
        os.environ.setdefault("FORGE_MEASURE", "0")  # the students need not find out how to compute fastest
    size = _QUICK if options.quick else _Size(options.tokens, options.rounds)
    found = measure(options.model, size, peers.Peers if options.quick else peers.find, options.only)
    print(json.dumps(found) if options.json else _readable(found))
    return 0


def measure(model: Path, size: _Size, find: Callable[[], peers.Peers], only: str = "") -> dict[str, Any]:
    """Every figure by name; times in milliseconds unless the name says otherwise. `find` may compile the others."""
    began = time.monotonic()
    figures: Figures = {}
    with student(model) as engine:
        ask(engine, "Say hello.", 4)  # the first load of all also finds out how to compute fastest
        engine.eject()
        cold = ask(engine, "Say hello.", 4).answer  # starts the child and loads the model first
        shared = _Run(model, size, find(), engine)
        shared.old |= {"model": model.name, "device": cold.device, "threads": 1}
        shared.old["cold_first_token_ms"] = round(cold.ttft_ms, 1)
        for names, part in _PARTS.items():
            if not only or any(word in name for word in only.split(",") for name in names):
                figures |= measured(names, lambda part=part: part(shared))  # type: ignore[misc]
    return {
        **shared.old,
        "minutes": round((time.monotonic() - began) / 60, 1),
        "load_average": [round(value, 1) for value in os.getloadavg()] if hasattr(os, "getloadavg") else [],
        "figures": table(figures),
    }


def _generation(shared: _Run) -> Figures:
    figure, old = engine_speed.generation(
        shared.engine, shared.model, shared.peers.bench, shared.size.tokens, shared.size.rounds
    )
    shared.old |= old
    shared.flash = bool(figure.more.get("llama_bench_flash"))
    return {"generation_starter": figure}


def _second(shared: _Run) -> Figures:
    model = shared.peers.second
    if model is None:
        raise NotMeasured("the second student is not here (python3 packaging/dev.py peers)")
    with student(model) as engine:
        ask(engine, "Say hello.", 4)
        figure, _ = engine_speed.generation(engine, model, shared.peers.bench, shared.size.tokens, shared.size.rounds)
    return {"generation_second": figure}


def _server(shared: _Run) -> Figures:
    return engine_speed.beside_server(
        shared.engine, shared.model, shared.peers.server, flash=shared.flash, rounds=shared.size.rounds
    )


def _follow_ups(shared: _Run) -> Figures:
    shared.old |= engine_cache.first_tokens(shared.engine, shared.size.sentences)
    size = shared.size
    return {"follow_up_first_token": engine_cache.follow_ups(shared.engine, shared.model, size.turns, size.words)}


def _batched(shared: _Run) -> Figures:
    size = shared.size
    return engine_batch.batched(
        shared.engine,
        shared.model,
        shared.peers.server,
        flash=shared.flash,
        rounds=size.rounds,
        prompts=size.batch,
        tokens=min(24, size.answer),
    )


def _gate(shared: _Run) -> Figures:
    size = shared.size
    return engine_gate.gate(
        shared.engine, "gate_batched_starter", rounds=size.rounds, items=size.batch, tokens=min(24, size.answer)
    )


def _gate_second(shared: _Run) -> Figures:
    size = shared.size
    if shared.peers.second is None:
        raise NotMeasured("the second student is not here (python3 packaging/dev.py peers)")
    with student(shared.peers.second) as engine:
        ask(engine, "Say hello.", 4)
        return engine_gate.gate(
            engine, "gate_batched_second", rounds=size.rounds, items=size.batch, tokens=min(24, size.answer)
        )


def _restored(shared: _Run) -> Figures:
    size = shared.size
    figure = engine_cache.restored(shared.engine, size.rounds, 15 * size.words)
    return {"restored_conversation": figure}


def _cancels(shared: _Run) -> Figures:
    figure, old = engine_death.cancels(shared.engine, shared.size.cancels)
    shared.old |= old
    return {"cancel_p95_ms": figure}


def _deaths(shared: _Run) -> Figures:
    figures, old = engine_death.deaths(shared.model, 5 if shared.size.rounds > 1 else 1)
    shared.old |= old
    return figures


_PARTS: dict[tuple[str, ...], Callable[[_Run], Figures]] = {
    ("generation_starter",): _generation,
    ("generation_second",): _second,
    ("python_cost_growth",): lambda shared: {"python_cost_growth": engine_speed.python_cost(shared.model)},
    ("server_ms_per_token", "server_warm_first_token"): _server,
    ("follow_up_first_token",): _follow_ups,
    ("restored_conversation",): _restored,
    ("gpu_tokens_equal",): lambda shared: {"gpu_tokens_equal": engine_gpu.tokens_equal(shared.engine, shared.model)},
    ("lookup_quoting", "lookup_other"): lambda shared: engine_lookup.lookup(
        shared.engine, shared.size.answer, min(2, shared.size.rounds), shared.size.prompts
    ),
    ("batched_sequential", "batched_server_cold"): _batched,
    ("gate_batched_starter",): _gate,
    ("gate_batched_second",): _gate_second,
    ("adapter_swap_ms",): lambda shared: engine_gate.swaps(shared.engine, shared.model),
    ("cancel_p95_ms",): _cancels,
    (
        "death_by_kill_ms",
        "death_by_fault_ms",
        "death_by_abort_ms",
        "answering_again_beyond_load_ms",
    ): _deaths,
}


def _readable(found: dict[str, Any]) -> str:
    """One line for each figure: met or not, value, target, and the note."""
    lines = [f"{key:32} {value}" for key, value in found.items() if key != "figures"]
    words = {True: "met", False: "MISSED", None: "-"}
    for name, figure in found["figures"].items():
        value = "" if figure["value"] is None else f"{figure['value']:g}"
        lines.append(f"{name:32} {words[figure['met']]:7} {value:10} {figure['target']:10} {figure['note']}".rstrip())
    return "\n".join(lines)
