"""The student on a GPU backend, where one is at hand: a real one, or a driver that computes on the processor."""

from __future__ import annotations

import os
import re
from pathlib import Path

from forge_desktop.bench.engine_figures import Figure, NotMeasured
from forge_desktop.bench.engine_student import ask, student
from forge_desktop.engine import Engine

_QUESTION = "What is the capital of France?"


def tokens_equal(engine: Engine, model: Path, tokens: int = 7) -> Figure:
    """1 when every layer was counted on the GPU and the same tokens were chosen as on the CPU, else 0.

    ggml's Vulkan backend hides devices that are processors unless they are named.
    """
    os.environ.setdefault("GGML_VK_VISIBLE_DEVICES", "0")
    on_cpu = ask(engine, _QUESTION, tokens).answer
    with student(model, settings={"gpu_layers": 999}) as other:
        on_gpu = ask(other, _QUESTION, tokens).answer
    if on_gpu.device == "CPU":
        raise NotMeasured("not here: no backend pack, or no driver for one")
    counted = re.search(r"(\d+)/(\d+) layers", on_gpu.device)
    whole = counted is not None and counted[1] == counted[2]
    same = on_gpu.text == on_cpu.text and on_gpu.tokens == on_cpu.tokens
    return Figure(float(whole and same), more={"device": on_gpu.device, "text": on_gpu.text, "tokens": tokens})
