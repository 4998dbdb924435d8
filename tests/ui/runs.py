"""Training runs as their room keeps them, without an hour of training: for pictures, and tests of what is shown."""

from __future__ import annotations

import json
import math
import uuid
from typing import Any

from forge_desktop.forge import Forge
from forge_desktop.students.records_training import RunState, TrainWish

FACTS: dict[str, Any] = {
    "kind": "dataset",
    "name": "handbook v3",
    "uid": "handbook",
    "sha256": "5b0c" * 16,
    "pairs": 402,
    "train_pairs": 362,
    "validation_pairs": 40,
    "bad_lines": 0,
    "replay": {"wanted": 90, "pairs": 90, "distinct": 90},
    "left_out": [
        ["a", "pair 1f93c2d0 “What does a late hand tool cost for each day?”", "the suite library holds it"],
        ["b", "pair 77ab01ee “Who may borrow a scaffolding tower?”", "it was not accepted"],
    ],
    "notes": [],
}
PLAN: dict[str, Any] = {
    "device": "cpu",
    "device_name": "Processor",
    "dtype": "bf16",
    "checkpointing": False,
    "threads": 3,
    "interpreter": "trainer/env/bin/python",
}


def add(
    forge: Forge,
    name: str,
    state: RunState,
    *,
    step: int,
    steps: int,
    version: str = "",
    problem: str = "",
    least: float = 0.6,
) -> str:
    """A run on the student in use, with its curves; returns its uid."""
    training, student = forge.students.training, forge.students.active()
    assert student is not None
    store, uid = training._store, uuid.uuid4().hex
    store.begin(uid, name, student.sha256, TrainWish())
    made = bool(version)
    seconds = 2.9
    result = {"stop": "early", "adapter_sha256": "9f21" * 16, "tokens": step * 505, "seconds": step * seconds}
    result |= {
        "cpu_seconds": step * seconds * 2.9,
        "peak_bytes": 1_040_000_000,
        "loss": least,
        "validation": least + 0.4,
    }
    store.change(
        uid, state=state, step=step, steps=steps, data=FACTS, plan=PLAN, version=version, problem=problem,
        result=result if made else {}, ended=None if state == "running" else 1_800_000_000.0,
    )  # fmt: skip
    folder = training._running.place(uid)
    with (folder / "progress.jsonl").open("w", encoding="utf-8") as file:
        for at in range(1, step + 1):
            share = at / steps
            loss = least + 2.1 * math.exp(-5 * share) + 0.12 * math.sin(at * 2.7) * math.sin(at * 0.83)
            frame = {"event": "step", "step": at, "steps": steps, "loss": loss, "gradient_norm": 0.8, "tokens": 505}
            frame |= {"lr": 5e-4 * (0.1 + 0.9 * (1 + math.cos(math.pi * share)) / 2), "seconds": seconds}
            frame |= {"cpu_seconds": seconds * 2.9, "resident_bytes": 1_010_000_000}
            file.write(json.dumps(frame) + "\n")
            if at % 24 == 0:
                apart = least + 0.35 + 1.9 * math.exp(-6 * share) + 0.22 * max(0.0, share - 0.45)
                file.write(json.dumps({"event": "validation", "step": at, "loss": apart, "best": True}) + "\n")
    forge.events.changed("training")
    return uid
