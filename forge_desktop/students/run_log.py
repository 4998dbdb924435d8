"""What is known of a training run: its curves, and the log that its repetition and its card rest on."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forge_desktop import __version__
from forge_desktop.base.paths import write_atomically
from forge_desktop.students.records_training import Learnt, TrainPoint
from forge_desktop.students.store import Base
from forge_desktop.students.store_training import RunRow

LOG = "run.json"
_PROGRESS, _JOB = "progress.jsonl", "job.json"
_LIBRARIES = ("llama_cpp_python", "numpy")


def events(folder: Path) -> list[dict[str, Any]]:
    """What the trainer told, in order; a line that a kill cut is left out."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / _PROGRESS).read_bytes().splitlines():
            with contextlib.suppress(ValueError):
                frame = json.loads(line)
                if isinstance(frame, dict):
                    found.append(frame)
    return found


def points(folder: Path) -> list[TrainPoint]:
    """The curves by step; steps that were done again after a kill are there once. Tokens and seconds add up."""
    by_step: dict[int, dict[str, Any]] = {}
    validations: dict[int, float] = {}
    for frame in events(folder):
        step = int(frame.get("step", 0))
        if frame["event"] == "step":
            by_step[step] = frame
        elif frame["event"] == "validation":
            validations[step] = float(frame["loss"])
    found, tokens, seconds, busy = [], 0, 0.0, 0.0
    for step, frame in sorted(by_step.items()):
        tokens += int(frame["tokens"])
        seconds += float(frame["seconds"])
        busy += float(frame["cpu_seconds"])
        found.append(
            TrainPoint(
                step=step,
                loss=float(frame["loss"]),
                learning_rate=float(frame["lr"]),
                gradient_norm=float(frame["gradient_norm"]),
                tokens=tokens,
                seconds=round(seconds, 4),
                cpu_seconds=round(busy, 4),
                resident_bytes=int(frame["resident_bytes"]),
                validation=validations.get(step),
            )
        )
    return found


def made(
    row: RunRow, base: Base | None, learnt: Sequence[Learnt], folder: Path, gates: Sequence[str]
) -> dict[str, Any]:
    """The whole log of a run as plain values."""
    told = events(folder)
    loading: dict[str, Any] = next((frame for frame in reversed(told) if frame["event"] == "loading"), {})
    job = read_json(folder / _JOB)
    return {
        "run": row.uid,
        "number": row.number,
        "name": row.name,
        "state": row.state,
        "problem": row.problem,
        "created": row.created,
        "started": row.started,
        "ended": row.ended,
        "again_of": row.again_of,
        "version": row.version,
        "gates": list(gates),
        "base": _base(row, base),
        "data": dict(row.data),
        "pairs": [{"pair": one.pair, "part": one.part, "documents": list(one.documents)} for one in learnt],
        "wish": dataclasses.asdict(row.wish),
        "plan": dict(row.plan),
        "job": job,
        "job_sha256": row.job_sha256,
        "seed": row.wish.seed,
        "device": loading.get("device", ""),
        "dtype": loading.get("dtype", ""),
        "threads": loading.get("threads", 0),
        "checkpointing": bool(job.get("checkpointing", False)),
        "trainer": {
            **{name: loading.get(name, "") for name in ("python", "torch", "gguf", "numpy", "ray")},
            "kit_sha256": row.plan.get("kit_sha256", ""),
            "interpreter": row.plan.get("interpreter", ""),
        },
        "application": {"forge_desktop": __version__, **{name: _version(name) for name in _LIBRARIES}},
        "result": dict(row.result),
        "steps": [frame for frame in told if frame["event"] == "step"],
        "validations": [frame for frame in told if frame["event"] == "validation"],
        "events": [frame for frame in told if frame["event"] not in ("step", "validation")],
    }


def write(folder: Path, log: Mapping[str, Any]) -> None:
    """Keep the log beside the run's files."""
    write_atomically(folder / LOG, json.dumps(log, indent=1).encode() + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """The object of a file; empty where there is none, or it is damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _base(row: RunRow, base: Base | None) -> dict[str, Any]:
    if base is None:
        return {"sha256": row.base_sha256}
    named = ("sha256", "name", "architecture", "parameters", "quantisation", "file_bytes", "context")
    return {name: getattr(base, name) for name in named}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
