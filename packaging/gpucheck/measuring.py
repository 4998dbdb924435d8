"""The figures: through the application's own engine, and by llama-bench of the same build."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from devtools.steps import Problem

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.records import Sampling
from forge_desktop.engine.records_plan import PlanWish
from gpucheck import machine, students
from gpucheck.place import Place, Skipped

_RUNS = 3
_READINGS = 7  # short ones: the first few still find the GPU slower than the later ones
_TOO_LITTLE = 1 << 30  # bytes: a student that takes less does not get short of them, for CUDA itself takes as much
_LARGEST = 48 << 20  # what the software driver is told to be its largest buffer, so that a cache does not fit
_SCARCE = 0.6  # of what the student needs of a GPU is left to it


def speed(place: Place, student: Path) -> dict[str, Any]:
    """Load with all layers offloaded, generate, read a long prompt; then the same sizes with llama-bench."""
    answer, prompt = (24, 96) if place.quick else (256, 2000)
    with students.engine_with(student) as (engine, _):
        started = time.monotonic()
        state = engine.warm()
        seconds = time.monotonic() - started
        students.ask(engine, f"0. {students.COUNTING}", answer)  # the first answer finds everything cold
        generated = [students.ask(engine, f"{run}. {students.COUNTING}", answer) for run in range(1, _RUNS + 1)]
        text = students.filler(engine, prompt)
        read = [students.ask(engine, f"{run} {text}", 1) for run in range(3 + _READINGS)][3:]
    result: dict[str, Any] = {
        "device": state.device,
        "load_seconds": round(seconds, 2),
        "answer_tokens": generated[0]["answer_tokens"],
        "prompt_tokens": read[0]["prompt_tokens"],
        "engine_generation": round(statistics.median(one["generation"] for one in generated), 1),
        "engine_prompt": round(statistics.median(one["prompt"] for one in read), 1),
        "runs": generated + read,
    }
    result |= bench(place, student, answer=result["answer_tokens"], prompt=result["prompt_tokens"])
    for what in ("generation", "prompt"):
        result[f"{what}_share"] = round(result[f"engine_{what}"] / result[f"bench_{what}"], 3)
    return result


def bench(place: Place, student: Path, *, answer: int, prompt: int) -> dict[str, Any]:
    """llama-bench's tokens a second for these sizes. Raises Problem."""
    layers = "0" if place.backend == "cpu" else "99"
    sizes = ["-p", str(prompt), "-n", str(answer), "-r", str(_READINGS), "-ub", "512", "-b", "512"]
    argv: list[str | Path] = [place.bench, "-m", student, "-ngl", layers, *sizes, "-o", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        raise Problem(f"llama-bench ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
    found: dict[str, Any] = {}
    for row in json.loads(done.stdout):
        found["bench_generation" if row["n_gen"] else "bench_prompt"] = round(row["avg_ts"], 1)
        settings = ("backends", "gpu_info", "n_gpu_layers", "n_ubatch", "flash_attn", "type_k", "build_commit")
        found["bench_settings"] = {key: row.get(key) for key in settings}
    return found


def memory(place: Place, student: Path) -> dict[str, Any]:
    """Predicted against used device memory at two context lengths: by the child's own buffers and by nvidia-smi."""
    rows = []
    for context in (1024, 2048) if place.quick else (4096, 8192 if student.name == "starter.gguf" else 32768):
        before = machine.used_bytes()
        with students.engine_with(student, PlanWish(context=context)) as (engine, spec):
            plan = engine.plan(spec)
            state = engine.warm()
            students.ask(engine, "Good morning.", 4)
            after = machine.used_bytes()
            rows.append(
                {
                    "context": state.context,
                    "device": state.device,
                    "plan": students.lines(plan),
                    "predicted": students.on_gpus(plan),
                    "buffers": students.buffers(engine),
                    "used": after - before if after is not None and before is not None else None,
                }
            )
    return {"rows": rows}


def batch(place: Place, student: Path) -> dict[str, Any]:
    """Thirty-two answers at once against one after the other."""
    width, tokens = (4, 12) if place.quick else (32, 128)
    sampling = Sampling(max_tokens=tokens, lookup=False)
    prompts = [[students.message(f"{number}. {students.COUNTING}")] for number in range(width)]
    with students.engine_with(student) as (engine, _):
        state = engine.warm()
        students.ask(engine, f"0. {students.COUNTING}", tokens)
        one = students.ask(engine, f"1. {students.COUNTING}", tokens)
        done = engine.generate_many(prompts, sampling, width=width)
    if done.problem:
        raise Problem(done.problem)
    written = sum(answer.answer_tokens for answer in done.answers)
    return {
        "device": state.device,
        "width": width,
        "tokens": written,
        "seconds": round(done.seconds, 2),
        "tokens_per_second": round(written / done.seconds, 1),
        "alone_tokens_per_second": round(one["generation"], 1),
        "share": round(written / done.seconds / one["generation"], 2),
        "conditions": dict(done.conditions),
    }


def pressure(place: Place, student: Path) -> dict[str, Any]:
    """Too little room on the GPU: what the plan makes of it, and the ladder when it is told to load anyway."""
    if place.backend == "cpu":
        raise Skipped("there is no GPU to be full")
    with students.engine_with(student) as (engine, spec):
        plan = engine.plan(spec)
    if place.backend == "vulkan":
        os.environ["GGML_VK_FORCE_MAX_BUFFER_SIZE"] = str(_LARGEST)
        return {"anyway": _pressed(student, _anyway(plan.layers, plan.context))}
    free = machine.free_bytes()
    if free is None:
        raise Skipped("nvidia-smi does not say what is free")
    needed = students.for_one_conversation(plan)
    if needed < _TOO_LITTLE:
        raise Skipped("the student takes too little of the GPU to get short of it")
    with machine.held(free - int(_SCARCE * needed)):
        left = machine.free_bytes()
        planned, anyway = _pressed(student, PlanWish()), _pressed(student, _anyway(plan.layers, plan.context))
    return {"needed": needed, "free": left, "planned": planned, "anyway": anyway}


def _anyway(layers: int, context: int) -> PlanWish:
    return PlanWish(context=context, gpu_layers=layers, anyway=True)


def _pressed(student: Path, wish: PlanWish) -> dict[str, Any]:
    """Load by this wish and answer; what was planned, where it ended up, and each step named."""
    with students.heard() as steps, students.engine_with(student, wish) as (engine, spec):
        try:
            plan = students.lines(engine.plan(spec))
            state = engine.warm()
        except ForgeError as error:
            return {"refused": error.message, "steps": steps}
        told = students.ask(engine, "Good morning.", 4)
        return {
            "device": state.device,
            "note": state.note,
            "steps": list(steps),
            "plan": plan,
            "answer_tokens": told["answer_tokens"],
        }
