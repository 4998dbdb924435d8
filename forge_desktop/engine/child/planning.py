"""What a placement takes, measured by llama.cpp itself without taking it: a load that allocates nothing."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from forge_desktop.base.child import Frame
from forge_desktop.engine.child import machine
from forge_desktop.engine.child.native import NativeLog, llama
from forge_desktop.engine.child.placing import chat_context, load_weights
from forge_desktop.engine.gguf_shape import KV_BYTES, ModelShape, read_shape
from forge_desktop.engine.records_plan import Placement

_MIB = 1024 * 1024
_COMPUTE = re.compile(r"(\S+)\s+(?:compute|output) buffer size = +([\d.]+) MiB")
_CACHE_LAYER = re.compile(r"layer +(\d+): dev = (\S+)")
_CACHE_SIZE = re.compile(r"llama_\w+: size = +([\d.]+) MiB \( *(\d+) cells")
_MOVED = re.compile(r"tensor '([\w.]+)' \(\w+\) \(and (\d+) others\) cannot be used with preferred buffer type")


@dataclass
class _Weights:
    handle: Any
    log: NativeLog


def measure(path: str, placement: Placement, *, log: NativeLog, flash: bool | None) -> Frame:
    """The frame "planned": bytes of compute buffers by device, of the cache by layer, of this process without weights.

    Raises ForgeError when the file cannot be loaded at all.
    """
    lines: list[str] = []
    log.clear()
    with log.listening(lines.append):
        # Without repacked weights, so that what the log says of moved tensors is about GPUs; the sizes are the same.
        handle = load_weights(path, placement, log=log, extra_bufts=False, progress=lambda _: None, measuring=True)
        try:
            context = chat_context(_Weights(handle, log), placement, threads=1, flash=flash)
            import numpy  # noqa: F401 - a child that answers has it in its memory too

            resident = machine.resident_memory()
            tokens = llama.llama_n_ctx_seq(context)
            llama.llama_free(context)
        finally:
            llama.llama_model_free(handle)
    shape = _shape(path)
    return {
        "ev": "planned",
        "shape": asdict(shape),
        "kv": _cache(lines, shape, placement),
        "compute": _compute(lines),
        "output_on_cpu": any(_keeps_output(line, shape) for line in lines),
        "resident": resident,
        "context": tokens,
    }


@functools.lru_cache(maxsize=1)
def _shape(path: str) -> ModelShape:
    return read_shape(Path(path))


def _keeps_output(line: str, shape: ModelShape) -> bool:
    """Whether this line says that the output stays off the GPU, as one that is too large for it does.

    llama.cpp names the first tensor only. An embedding that is the output too is moved once for each.
    """
    if (found := _MOVED.search(line)) is None:
        return False
    return found[1] == "output.weight" or (shape.tied and found[1] == "token_embd.weight" and int(found[2]) > 0)


def _compute(lines: list[str]) -> dict[str, int]:
    """Bytes by buffer name; a later line of the same buffer replaces an earlier guess of it."""
    found: dict[str, int] = {}
    output = 0
    for line in lines:
        if size := _COMPUTE.search(line):
            if "output buffer" in line:
                output = round(float(size[2]) * _MIB)
            else:
                found[size[1]] = round(float(size[2]) * _MIB)
    found["output"] = output
    return found


def _cache(lines: list[str], shape: ModelShape, placement: Placement) -> list[int]:
    """Bytes in each layer: a model may have several caches, each announcing its layers and then its size.

    The size is told in hundredths of a mebibyte; where the header's formula says the same, it says it exactly.
    """
    sizes: defaultdict[int, float] = defaultdict(float)
    announced: list[int] = []
    for line in lines:
        if layer := _CACHE_LAYER.search(line):
            announced.append(int(layer[1]))
        elif (size := _CACHE_SIZE.search(line)) and announced:
            told = float(size[1]) * _MIB
            cells = int(size[2]) * placement.sequences
            exact = [cells * row * KV_BYTES[placement.kv_type] for row in shape.kv_row]
            known = [exact[number] if number < len(exact) else 0.0 for number in announced]
            if "recurrent" in line or abs(sum(known) - told) > _MIB / 50:
                known = [told / len(announced)] * len(announced)
            for number, each in zip(announced, known, strict=True):
                sizes[number] += each
            announced = []
    return [round(sizes[number]) for number in range(len(shape.layers))]
