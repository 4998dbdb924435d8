"""The whole application with a tiny student, adapters made for it in the test, and suites written for it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forge_desktop.forge import Forge
from forge_desktop.students.adapter_file import write_adapter
from forge_desktop.students.gguf_file import read_gguf
from forge_desktop.students.records_gate import GateReport, GateWish
from forge_desktop.students.records_versions import AdapterOrigin, Version
from tests.data import tiny_gguf

PATIENCE = 600.0
QUICK = GateWish(regression=False, safety=False, width=8, max_tokens=6, resamples=1000)


class GateRoom:
    """The application on a data directory, with one tiny base."""

    def __init__(self, data_dir: Path, base: Path) -> None:
        self.forge = Forge(data_dir, holder="test")
        self.forge.settings.change(threads=1)
        self.path = base
        known = {student.path: student for student in self.forge.students.list()}
        if str(base) not in known:
            self.wait(self.forge.students.import_gguf(base))
        self.sha256 = next(one.sha256 for one in self.forge.students.list() if one.path == str(base))
        versions = self.forge.students.registry.versions()
        self.base = next(one for one in versions if one.is_base and one.base_sha256 == self.sha256)

    def close(self) -> None:
        """End everything."""
        self.forge.close()

    def wait(self, job: int) -> Any:
        """A job's result."""
        return self.forge.jobs.wait(job, timeout=PATIENCE)

    def version(self, file: Path, origin: AdapterOrigin = "imported", **more: Any) -> Version:
        """An adapter's version."""
        return self.forge.students.registry.add(file, self.sha256, origin=origin, **more)

    def suite(self, folder: Path, name: str, rows: Sequence[dict[str, Any]], kind: str = "recall") -> str:
        """A suite of these rows."""
        file = folder / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        self.wait(self.forge.distill.suites.bring_in(file, name, kind))
        return name

    def gate(self, version: Version, wish: GateWish) -> GateReport:
        """A gate's report."""
        found = self.wait(self.forge.students.gates.start(version.uid, wish))
        assert isinstance(found, GateReport)
        return found


@contextlib.contextmanager
def opened(data_dir: Path, base: Path) -> Iterator[GateRoom]:
    """The room until the block ends."""
    room = GateRoom(data_dir, base)
    try:
        yield room
    finally:
        room.close()


def tiny(path: Path) -> Path:
    """A tiny student with room for a question and its passages."""
    return tiny_gguf.write(path, context=4096)


def adapter(path: Path, base: Path, *, strength: float, seed: int = 1, rank: int = 4) -> Path:
    """A LoRA on every projection: B is random of this size, or zero."""
    draw = np.random.default_rng(seed)
    tensors: dict[str, np.ndarray[Any, Any]] = {}
    model = read_gguf(base)
    for name, info in sorted(model.tensors.items()):
        if name.startswith("blk.") and len(info.shape) == 2:
            out, into = info.shape
            tensors[f"{name}.lora_a"] = draw.normal(0, 0.3, (rank, into)).astype(np.float32)
            tensors[f"{name}.lora_b"] = (strength * draw.normal(0, 1, (out, rank))).astype(np.float32)
    write_adapter(path, model.architecture, tensors, alpha=float(rank))
    return path


def facts(count: int, answer: str = "aaaa aaaa") -> list[dict[str, Any]]:
    """Questions of which each has the same answer."""
    return [{"question": f"What is the name of bridge {n}?", "answer": answer} for n in range(1, count + 1)]
