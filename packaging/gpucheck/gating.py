"""A gate's work on the GPU: scores and answers of the shipped questions with an adapter, many at once; its change."""

from __future__ import annotations

import dataclasses
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from forge_desktop.engine import AdapterSpec, Engine, StudentSpec
from forge_desktop.students.adapter_file import write_adapter
from forge_desktop.students.gate_items import GateItem, drawn, item_of
from forge_desktop.students.gguf_file import read_gguf
from forge_desktop.students.measuring import Measurer
from forge_desktop.students.records_gate import GateWish
from forge_desktop.students.shipped_suites import REGRESSION, shipped
from forge_desktop.students.trainer.job import ADAPTER, PROJECTIONS
from gpucheck import students
from gpucheck.place import Place

_CHANGES = 10
_WIDTH = 8


def gate(place: Place, student: Path) -> dict[str, Any]:
    """Items a second at one and at eight at once, the base's and the adapter's likelihoods, and changes of adapters."""
    items = drawn([item_of(one) for one in shipped(REGRESSION)[1]], 4 if place.quick else 64, 1)
    file, trained = _adapter(place, student)
    with students.engine_with(student) as (engine, spec):
        engine.warm()
        worn = dataclasses.replace(spec, adapter=AdapterSpec(str(file), students.sha256_of(file)))
        first = _change(engine, worn)
        changes = [_change(engine, one) for _ in range(_CHANGES // 2) for one in (spec, worn)]
        state = engine.state()
        rows = [_arm(engine, arm, items, width) for width in (1, _WIDTH) for arm in (spec, worn)]
    by_width = {width: [row for row in rows if row["width"] == width] for width in (1, _WIDTH)}
    return {
        "device": state.device,
        "adapter": {"bytes": file.stat().st_size, "trained_here": trained},
        "first_change_ms": first,
        "change_ms": {"p50": round(statistics.median(changes), 2), "most": max(changes), "n": len(changes)},
        "rows": rows,
        "gain": round(
            sum(row["items_per_second"] for row in by_width[_WIDTH])
            / sum(row["items_per_second"] for row in by_width[1]),
            2,
        ),
    }


def _arm(engine: Engine, spec: StudentSpec, items: list[GateItem], width: int) -> dict[str, Any]:
    """One arm's scores and answers, as a gate measures them."""
    measurer = Measurer(engine, GateWish(width=width, max_tokens=32), lambda: None)
    measurer.measure(spec, items[:2])  # the first ones find this form of the work cold
    started = time.monotonic()
    found = measurer.measure(spec, items)
    seconds = time.monotonic() - started
    nlls = [value for one in found if (value := one.scores.get("nll")) is not None]
    tokens = sum(one.scores.get("answer_tokens") or 0 for one in found)
    return {
        "arm": "adapter" if spec.adapter else "base",
        "width": width,
        "items": len(items),
        "seconds": round(seconds, 2),
        "items_per_second": round(len(items) / seconds, 2),
        "answer_tokens_per_second": round(tokens / seconds, 1),
        "nll": round(statistics.fmean(nlls), 4),
        "problems": sorted({one.problem for one in found if one.problem}),
        "conditions": dict(measurer.conditions.get("answer", {})),
    }


def _change(engine: Engine, spec: StudentSpec) -> float:
    started = time.monotonic()
    engine.use(spec)
    engine.warm()
    return round(1000 * (time.monotonic() - started), 2)


def _adapter(place: Place, student: Path) -> tuple[Path, bool]:
    """The adapter that was trained on this base here; else one of random numbers on all projections, rank 8."""
    trained = place.work / f"learn-{student.stem}" / "whole" / ADAPTER
    if trained.is_file():
        return trained, True
    draw, model, tensors = np.random.default_rng(1), read_gguf(student), {}
    for name, tensor in model.tensors.items():
        if name.startswith("blk.") and name.split(".")[2] in PROJECTIONS:
            rows, columns = tensor.shape
            tensors[f"{name}.lora_a"] = draw.normal(0, 0.02, (8, columns)).astype(np.float32)
            tensors[f"{name}.lora_b"] = draw.normal(0, 0.02, (rows, 8)).astype(np.float32)
    path = place.work / f"random-{student.stem}.gguf"
    write_adapter(path, model.architecture, tensors, 16.0)
    return path, False
