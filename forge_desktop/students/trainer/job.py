"""What a training run is told and what it learns from: job.json and the lessons beside it. Needs no torch."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JOB, TRAIN, VALIDATION = "job.json", "train.jsonl", "validation.jsonl"
PROGRESS, STATE, BEST, ADAPTER, RESULT = "progress.jsonl", "state.pt", "best.pt", "adapter.gguf", "result.json"
DONE, FAILED, CANCELLED, DIVERGED = 0, 1, 3, 4  # how the process ends
PROJECTIONS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
_UNTOLD = ("base", "checkpoint_every")  # these two do not decide what comes out


class BadJob(ValueError):  # noqa: N818 - a sentence for the person, not only a programming error
    """The job cannot be run. Its text is one sentence."""


@dataclass(frozen=True)
class Job:
    """Everything that decides the adapter's bytes, with the lessons and the base's own bytes.

    `base` is where the base's file lies, `base_sha256` what it must be. `evaluate_every` and `checkpoint_every` count
    steps; 0 measures the validation lessons after each epoch, and saves every 20 steps. `patience` counts validations
    without improvement; 0 never stops early. `hold` is how much the held lessons weigh beside those to learn. `workers`
    counts the processes that share each step. `device` is "auto", "cuda", "mps" or "cpu"; `dtype` "auto", "f32" or
    "bf16"; `threads` 0 leaves one core to the person.
    """

    base: str
    base_sha256: str
    architecture: str
    rank: int = 8
    alpha: float = 16.0
    learning_rate: float = 5e-4
    epochs: int = 4
    targets: tuple[str, ...] = PROJECTIONS
    dropout: float = 0.0
    weight_decay: float = 0.0
    clip: float = 1.0
    warmup: float = 0.05
    seed: int = 1
    row_tokens: int = 512
    accumulate: int = 1
    evaluate_every: int = 0
    patience: int = 3
    checkpointing: bool = False
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0
    checkpoint_every: int = 0
    workers: int = 1
    hold: float = 1.0
    meta: Mapping[str, str] = field(default_factory=dict)  # further entries of the adapter's header

    def as_json(self) -> dict[str, Any]:
        """What job.json holds."""
        return {**dataclasses.asdict(self), "targets": list(self.targets), "meta": dict(self.meta)}

    def write(self, folder: Path) -> None:
        """Write job.json."""
        (folder / JOB).write_text(json.dumps(self.as_json(), indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Lesson:
    """Token ids of a prompt and its answer; loss counts from `start`, the first id of the answer.

    One that is `held` is no lesson to learn: at each of its tokens the student shall go on as its base does.
    """

    ids: tuple[int, ...]
    start: int
    pair: str = ""
    held: bool = False


def read_job(folder: Path) -> Job:
    """The job of a folder. Raises BadJob."""
    try:
        found = json.loads((folder / JOB).read_text(encoding="utf-8"))
        known = {field.name for field in dataclasses.fields(Job)}
        if unknown := sorted(set(found) - known):
            raise BadJob(f"The job has a field {unknown[0]!r} that this trainer does not know.")
        job = Job(**{**found, "targets": tuple(found.get("targets", PROJECTIONS))})
    except OSError as error:
        raise BadJob(f"The job cannot be read: {error.strerror}.") from error
    except (TypeError, AttributeError, json.JSONDecodeError) as error:
        raise BadJob(f"The job is no job: {error}.") from error
    _check(job)
    return job


def _check(job: Job) -> None:
    if job.rank < 1 or job.alpha <= 0 or job.epochs < 1 or job.row_tokens < 2 or job.accumulate < 1 or job.workers < 1:
        raise BadJob("Rank, alpha, epochs, tokens of a row, rows of a step and workers must be more than nothing.")
    if not job.targets or set(job.targets) - set(PROJECTIONS):
        raise BadJob(f"The adapter's targets must be among {', '.join(PROJECTIONS)}.")
    if job.hold < 0 or not 0 <= job.dropout < 1 or job.learning_rate <= 0 or not 0 <= job.warmup <= 1 or job.clip <= 0:
        raise BadJob(
            "Dropout, the weight of held lessons, learning rate, warm-up or the clipping of gradients is out of range."
        )
    if job.device not in ("auto", "cuda", "mps", "cpu") or job.dtype not in ("auto", "f32", "bf16"):
        raise BadJob("The device must be auto, cuda, mps or cpu, and the number format auto, f32 or bf16.")


def read_lessons(path: Path) -> list[Lesson]:
    """The lessons of a file, in order; none when there is no file. Raises BadJob."""
    if not path.is_file():
        return []
    found = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                lesson = Lesson(
                    tuple(map(int, row["ids"])), int(row["start"]), str(row.get("pair", "")), bool(row.get("held"))
                )
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise BadJob(f"Line {number} of {path.name} is no lesson.") from error
            if not 1 <= lesson.start < len(lesson.ids):
                raise BadJob(f"Line {number} of {path.name} has no answer to learn.")
            found.append(lesson)
    return found


def fingerprint(job: Job, folder: Path, resolved: Mapping[str, object]) -> str:
    """The sha256 of what decides the outcome: settings as resolved here, and the lessons' bytes."""
    told = {name: value for name, value in job.as_json().items() if name not in _UNTOLD}
    total = hashlib.sha256(json.dumps({**told, **resolved}, sort_keys=True).encode())
    for name in (TRAIN, VALIDATION):
        path = folder / name
        total.update(hashlib.sha256(path.read_bytes() if path.is_file() else b"").digest())
    return total.hexdigest()


def check_base(base: Path, expected: str) -> None:
    """Raises BadJob where the base's file is not the one with this sha256."""
    try:
        with base.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadJob(f"The base cannot be read: {error.strerror}.") from error
    if found != expected:
        raise BadJob("The base is not the file that this job is for (its sha256 differs).")
