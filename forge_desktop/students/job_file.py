"""What the trainer is told, as a file, and whether the files that a run rests on are still what they were."""

from __future__ import annotations

import json
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import write_atomically
from forge_desktop.students.estimating import BaseShape, Setting
from forge_desktop.students.files import hash_file
from forge_desktop.students.records_training import TrainWish
from forge_desktop.students.run_log import read_json
from forge_desktop.students.store import Base
from forge_desktop.students.verifying import changed, quick_problem

JOB = "job.json"
_OF_JOB = (
    "rank", "alpha", "learning_rate", "epochs", "targets", "dropout", "weight_decay", "clip", "warmup", "seed",
    "row_tokens", "accumulate", "evaluate_every", "patience", "workers", "hold",
)  # fmt: skip


def write_job(folder: Path, base: Base, shape: BaseShape, wish: TrainWish, setting: Setting) -> None:
    """What the trainer is told: everything resolved, so that it decides nothing by itself."""
    job = {name: getattr(wish, name) for name in _OF_JOB} | {
        "base": str(base.path),
        "base_sha256": base.sha256,
        "architecture": shape.architecture,
        "targets": list(wish.targets),
        "device": setting.device,
        "dtype": setting.dtype,
        "checkpointing": setting.checkpointing,
        "threads": setting.threads,
    }
    write_atomically(folder / JOB, json.dumps(job, indent=1).encode() + b"\n")


def move_base(path: Path, base: Base) -> None:
    """The base may lie elsewhere by now; that decides nothing."""
    write_atomically(path, json.dumps(read_json(path) | {"base": str(base.path)}, indent=1).encode() + b"\n")


def is_whole(adapter: Path, sha256: str) -> bool:
    """Whether a file is there with these bytes."""
    try:
        return hash_file(adapter) == sha256
    except ForgeError:
        return False


def refuse_changed(base: Base) -> None:
    """Raise ForgeError where the base's file is not the one that was imported."""
    problem = quick_problem(base)
    if not problem and base.path.stat().st_mtime_ns != base.modified_ns and hash_file(base.path) != base.sha256:
        problem = changed(base)
    if problem:
        raise ForgeError(problem, hint="Import the file again in Students, or choose another student.")
