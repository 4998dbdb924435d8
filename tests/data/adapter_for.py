"""Writes tiny LoRA adapters that fit a GGUF model: random ones, and such that change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from forge_desktop.students.adapter_file import write_adapter
from forge_desktop.students.gguf_file import read_gguf


def write(
    path: Path,
    base: Path,
    *,
    seed: int = 1,
    rank: int = 2,
    strength: float = 1.0,
    targets: Sequence[str] = ("attn_q", "ffn_down"),
    base_sha256: str = "",
) -> Path:
    """An adapter of the base's first layer; with `strength` 0 it changes nothing."""
    draw = np.random.default_rng(seed)
    model = read_gguf(base)
    tensors = {}
    for target in targets:
        name = f"blk.0.{target}.weight"
        rows, columns = model.tensors[name].shape
        tensors[f"{name}.lora_a"] = draw.normal(0, 1, (rank, columns)).astype(np.float32)
        tensors[f"{name}.lora_b"] = (strength * draw.normal(0, 1, (rows, rank))).astype(np.float32)
    write_adapter(path, model.architecture, tensors, 4.0, {"forge.base_sha256": base_sha256} if base_sha256 else {})
    return path
