"""Training an adapter: `python -m forge_desktop.bench trainer --trainer-python P [--peer-python P]`.

The starter student, rank 8 on all projections, one thread. The same made-up lessons, in the same rows of up to 512
tokens (--row), go through our trainer and, with --peer-python, through transformers + peft, whose batch is a row's
lessons padded to the longest. Both compute in the same number format, with and without checkpointing, a process each,
one after the other. Tokens are the lessons' own (padding is not counted), seconds are the process's CPU time of the
steps after the first, and the peak is the whole process's resident memory, importing and loading included.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import itertools
import json
import os
import random
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import resources_dir
from forge_desktop.students import kit
from forge_desktop.students.trainer.job import PROGRESS, TRAIN, Job, Lesson, read_lessons
from forge_desktop.students.trainer.packing import plan

_STARTER = "SmolLM2-135M-Instruct.Q4_1.gguf"
_ROW = 512
_WORDS = 30_000
_LEAST = 1000  # ids below are left to special tokens
_PEER = Path(__file__).with_name("trainer_peer.py")


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench trainer", description=__doc__)
    parser.add_argument("--trainer-python", required=True, metavar="P", help="a Python with torch and gguf")
    parser.add_argument("--peer-python", metavar="P", help="a Python with transformers, peft, torch and gguf")
    parser.add_argument("--base", type=Path, default=resources_dir() / "students" / _STARTER, help="a GGUF file")
    parser.add_argument("--architecture", default="llama", help="the base's (llama)")
    parser.add_argument("--steps", type=int, default=6, metavar="N", help="steps to time, after one that is not (6)")
    parser.add_argument("--dtype", choices=("bf16", "f32"), nargs="+", default=["bf16"], help="number formats (bf16)")
    parser.add_argument("--row", type=int, nargs="+", default=[_ROW], metavar="N", help="tokens of a row (512)")
    parser.add_argument("--words", type=int, default=_WORDS, metavar="N", help="token ids are below this (30000)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--json", action="store_true", help="print one JSON object a measurement")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="forge-bench-") as place:
        folder = Path(place)
        if options.peer_python:
            _peer(options.peer_python, "convert", str(options.base), str(folder / "peer"))
        for row, dtype, checkpointing in itertools.product(options.row, options.dtype, (False, True)):
            asked = _Asked(row, dtype, checkpointing)
            ours = _ours(folder, options, asked)
            theirs = _theirs(folder, options, asked) if options.peer_python else {}
            _tell(asked, ours, theirs, json_wanted=options.json)
    return 0


@dataclass(frozen=True)
class _Asked:
    """One measurement."""

    row: int
    dtype: str
    checkpointing: bool

    @property
    def folder(self) -> str:
        return f"{self.row}-{self.dtype}-{self.checkpointing}"


def lessons(count: int, words: int = _WORDS) -> list[Lesson]:
    """Made-up lessons of 30 to 250 tokens, a third of each the answer."""
    draw = random.Random(7)
    found = []
    for number in range(count):
        length = draw.randint(30, 250)
        ids = tuple(draw.randrange(_LEAST, words) for _ in range(length))
        found.append(Lesson(ids, length - length // 3, str(number)))
    return found


def _ours(place: Path, options: argparse.Namespace, asked: _Asked) -> dict[str, Any]:
    folder = place / asked.folder
    folder.mkdir()
    with options.base.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    job = Job(
        str(options.base), sha256, options.architecture, epochs=1, row_tokens=asked.row, dtype=asked.dtype, threads=1,
        device=options.device, checkpointing=asked.checkpointing, checkpoint_every=10_000, learning_rate=1e-4,
    )  # fmt: skip
    job.write(folder)
    (folder / TRAIN).write_text("".join(json.dumps(_as_json(one)) + "\n" for one in _enough(job, options)))
    laid = kit.lay_out(folder.parent)
    trainer = subprocess.Popen(
        kit.command(options.trainer_python, "run", str(folder)),
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **kit.environment(laid, threads=1)},
    )  # fmt: skip
    assert trainer.stderr is not None
    said = trainer.stderr.read()
    if trainer.wait():
        raise ForgeError(f"The trainer ended with status {trainer.returncode}.", hint=said.strip()[-500:])
    events = [json.loads(line) for line in (folder / PROGRESS).read_text().splitlines()]
    steps = [(event["tokens"], event["cpu_seconds"], event["seconds"]) for event in events if event["event"] == "step"]
    return _figures(steps, next(event for event in events if event["event"] == "done"))


def _theirs(folder: Path, options: argparse.Namespace, asked: _Asked) -> dict[str, Any]:
    """The same rows, in the same order, through the peer."""
    job = Job("", "", options.architecture, epochs=1, row_tokens=asked.row)
    rows = [row for step in plan(job, read_lessons(folder / asked.folder / TRAIN)) for row in step.rows]
    request = {
        "model": str(folder / "peer"),
        "dtype": asked.dtype,
        "device": options.device,
        "checkpointing": asked.checkpointing,
        "batches": [[_as_json(lesson) for lesson in row.lessons] for row in rows],
    }
    (folder / "peer.json").write_text(json.dumps(request))
    found = json.loads(_peer(options.peer_python, "train", str(folder / "peer.json")))
    return _figures(found["steps"], found)


def _peer(python: str, *arguments: str) -> str:
    done = subprocess.run(
        [python, str(_PEER), *arguments],
        capture_output=True, text=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    if done.returncode:
        raise ForgeError(f"The peer ended with status {done.returncode}.", hint=done.stderr.strip()[-500:])
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def _enough(job: Job, options: argparse.Namespace) -> list[Lesson]:
    """As many lessons as make one step more than will be timed."""
    count = 1
    while len(plan(job, lessons(count, options.words))) < options.steps + 1:
        count += 1
    return lessons(count, options.words)


def _as_json(lesson: Lesson) -> dict[str, Any]:
    return {"ids": list(lesson.ids), "start": lesson.start, "pair": lesson.pair}


def _figures(steps: Sequence[Sequence[float]], told: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens a second: the median over the steps after the first, which pays for what is set up once."""
    later = steps[1:]
    return {
        "tokens_per_cpu_second": statistics.median(tokens / cpu for tokens, cpu, _ in later),
        "tokens_per_second": statistics.median(tokens / wall for tokens, _, wall in later),
        "peak_mb": told["peak_bytes"] / 1e6,
        "device_mb": told["device_bytes"] / 1e6,
    }


def _tell(asked: _Asked, ours: dict[str, Any], theirs: dict[str, Any], *, json_wanted: bool) -> None:
    if json_wanted:
        print(json.dumps({**dataclasses.asdict(asked), "ours": ours, "peer": theirs}), flush=True)
        return
    print(f"{asked.dtype}, rows of {asked.row}, {'with' if asked.checkpointing else 'without'} checkpointing")
    named = [("tokens_per_cpu_second", "tokens/CPU s"), ("tokens_per_second", "tokens/s"), ("peak_mb", "MB")]
    for name, unit in [*named, *([("device_mb", "MB of the GPU")] if ours["device_mb"] else [])]:
        line = f"  {unit:13} ours {ours[name]:8,.0f}"
        if theirs:
            line += f"   transformers + peft {theirs[name]:8,.0f}   ratio {ours[name] / theirs[name]:.2f}"
        print(line, flush=True)
