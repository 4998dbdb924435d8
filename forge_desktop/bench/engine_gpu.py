"""The student on a GPU backend, where one is at hand: a real one, or a driver that computes on the processor."""

from __future__ import annotations

import os
import re
from pathlib import Path

from forge_desktop.bench.engine_figures import Figure, NotMeasured
from forge_desktop.bench.engine_student import ask, student
from forge_desktop.engine import Engine

_QUESTIONS = (
    "Repeat this word for word: The pump is serviced at noon.",
    "Count from one to ten.",
    "What is the capital of France?",
)


def tokens_equal(engine: Engine, model: Path, tokens: int = 7) -> Figure:
    """The share of answers whose tokens are those of the CPU; 0 unless every layer was counted on the GPU.

    The backends round differently: where two tokens are almost as likely, either may come. ggml's Vulkan backend hides
    devices that are processors unless they are named.
    """
    os.environ.setdefault("GGML_VK_VISIBLE_DEVICES", "0")
    rows = []
    with student(model, settings={"gpu_layers": 999}) as other:
        for question in _QUESTIONS:
            on_gpu = ask(other, question, tokens).answer
            if on_gpu.device == "CPU":
                raise NotMeasured("not here: no backend pack, or no driver for one")
            on_cpu = ask(engine, question, tokens).answer
            rows.append({"gpu": on_gpu.text, "cpu": on_cpu.text, "same": on_gpu.tokens == on_cpu.tokens})
    counted = re.search(r"(\d+)/(\d+) layers", on_gpu.device)
    whole = counted is not None and counted[1] == counted[2]
    share = sum(bool(row["same"]) for row in rows) / len(rows)
    return Figure(share if whole else 0.0, more={"device": on_gpu.device, "answers": rows})
