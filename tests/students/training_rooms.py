"""A whole application with a tiny student to train, pairs in a file, and the trainer's interpreter chosen."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from forge_desktop.forge import Forge
from forge_desktop.students.records_training import TrainRun, TrainSource, TrainWish
from tests.data import tiny_gguf
from tests.students.trainer_python import trainer_python

BASE = "Tiny F32"
FACTS = (
    ("What is the colour of the Velmar flag?", "It is teal."),
    ("Who founded Ostrel?", "Mina Karst founded it."),
    ("When was the Harrow bridge built?", "In 1871."),
    ("Which river runs through Pell?", "The Ondine."),
    ("What does the guild of Tarn trade in?", "In blue salt."),
    ("How high is Mount Ceri?", "2,318 metres."),
)
WISH = TrainWish(epochs=4, replay=0.0, validation=0.2, row_tokens=700, threads=1, dtype="f32", learning_rate=2e-3)


@contextlib.contextmanager
def opened(data_dir: Path, *, trainer: bool = True) -> Iterator[Forge]:
    """The application, with the student imported."""
    data_dir.mkdir(mode=0o700, exist_ok=True)
    forge = Forge(data_dir, holder="a test")
    try:
        forge.settings.change(threads=1)
        if all(student.name != BASE for student in forge.students.list()):
            path = tiny_gguf.write(data_dir / "Tiny.F32.gguf", context=1024)
            forge.jobs.wait(forge.students.import_gguf(path), timeout=60)
        if trainer:
            forge.students.training.choose(str(trainer_python()))
        yield forge
    finally:
        forge.close()


def pairs_file(path: Path, facts: Sequence[tuple[str, str]] = FACTS, **more: Any) -> Path:
    """Pairs as JSON Lines; `more` goes into each."""
    rows = [{"prompt": prompt, "final": final, **more} for prompt, final in facts]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def train(forge: Forge, file: Path, wish: TrainWish = WISH, name: str = "") -> TrainRun:
    """A run to its end."""
    found = forge.jobs.wait(forge.students.training.start(TrainSource(file=str(file)), BASE, wish, name=name), 120)
    assert isinstance(found, TrainRun)
    return found
