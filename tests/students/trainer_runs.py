"""Real training runs for tests: a tiny job in a folder, the trainer's child with a hand on its pipes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from forge_desktop.base.frames import Frame, frame_bytes, read_frame
from forge_desktop.students import kit
from forge_desktop.students.trainer.job import TRAIN, VALIDATION, Job
from tests.students import trainer_shapes
from tests.students.trainer_python import trainer_python


def make_job(
    folder: Path, *, lessons: int = 12, validation: int = 4, held: int = 0, case: str = "llama", **settings: Any
) -> Path:
    """A job on a tiny base: random questions, each with an answer that follows from it; `held` more are none."""
    folder.mkdir()
    base = folder.parent / f"{case}.gguf"
    if not base.exists():
        trainer_shapes.make(folder.parent, case)
    draw = random.Random(3)
    for name, count in ((TRAIN, lessons), (VALIDATION, validation)):
        with (folder / name).open("w") as file:
            for number in range(count):
                asked = [draw.randint(3, 90) for _ in range(draw.randint(4, 12))]
                told = [(token * 7) % 90 + 3 for token in asked[:4]] + [2]
                row = {"ids": asked + told, "start": len(asked), "pair": f"{name}-{number}"}
                file.write(json.dumps(row) + "\n")
            for _ in range(held if name == TRAIN else 0):
                row = {"ids": [draw.randint(3, 90) for _ in range(12)], "start": 4, "held": True}
                file.write(json.dumps(row) + "\n")
    architecture = str(trainer_shapes.CASES[case].get("architecture", case))
    options = {
        "rank": 4,
        "alpha": 8.0,
        "learning_rate": 5e-3,
        "epochs": 4,
        "row_tokens": 48,
        "dropout": 0.05,
        "patience": 0,
    }
    job = Job(str(base), sha256_of(base), architecture, **{**options, "threads": 1, "checkpoint_every": 1, **settings})
    job.write(folder)
    return folder


class Trainer:
    """The trainer's child on one folder. Leaving the block ends it."""

    def __init__(
        self,
        folder: Path,
        *verb: str,
        before: Callable[[], None] | None = None,
        after: Sequence[str] = (),
        **env: str,
    ) -> None:
        laid = kit.lay_out(folder.parent)
        self.process = subprocess.Popen(
            kit.command(str(trainer_python()), *(verb or ("run",)), str(folder), *after),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=before,
            env={**os.environ, **kit.environment(laid, threads=1), **env},
        )  # fmt: skip
        self.events: list[Frame] = []

    def __enter__(self) -> Trainer:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.end()

    def ask(self, op: str) -> None:
        """Send a request."""
        assert self.process.stdin is not None
        self.process.stdin.write(frame_bytes({"op": op}))
        self.process.stdin.flush()

    def leave(self) -> None:
        """Close the child's input, as the end of its parent would."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def until(self, event: str, **fields: Any) -> Frame:
        """The next event of this kind with these fields; fails when the child ends before."""
        assert self.process.stdout is not None
        while (frame := read_frame(self.process.stdout)) is not None:
            self.events.append(frame)
            if frame["event"] == event and all(frame.get(name) == value for name, value in fields.items()):
                return frame
        raise AssertionError(f"no {event} {fields} among {self.names()}; {self.end()}")

    def end(self) -> str:
        """Wait for the child's own end; what it said on standard error. Its status is in `process.returncode`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        if not self.process.stdout.closed:
            while (frame := read_frame(self.process.stdout)) is not None:
                self.events.append(frame)
        said = "" if self.process.stderr.closed else self.process.stderr.read().decode()
        self.process.wait(timeout=60)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        return said

    def names(self) -> list[str]:
        """The kinds of the events so far."""
        return [str(frame["event"]) for frame in self.events]


def train(folder: Path, status: int = 0, **env: str) -> list[Frame]:
    """Run a job to its end; its events."""
    with Trainer(folder, **env) as trainer:
        said = trainer.end()
        assert trainer.process.returncode == status, said
        return trainer.events


def sha256_of(path: Path) -> str:
    """A file's sha256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
