"""Writes LoRA adapters for the tiny student (and others, by their shapes), good ones and bad ones, with gguf."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np

# Of the tiny student: (out, in) of the weights that get an adapter.
SHAPES = {"attn_q": (32, 32), "attn_v": (32, 32), "ffn_up": (64, 32), "ffn_down": (32, 64)}


def write(
    path: Path,
    *,
    seed: int = 1,
    layers: int = 2,
    rank: int = 2,
    strength: float = 0.3,
    alpha: float = 4.0,
    architecture: str = "llama",
    kind: str = "adapter",
    shapes: Mapping[str, tuple[int, int]] = SHAPES,
    spoil: float | None = None,
) -> Path:
    """An adapter of random numbers; `spoil` takes the place of one of them."""
    draw = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(kind)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for layer in range(layers):
        for name, (out, into) in shapes.items():
            first = draw.normal(0, strength, (rank, into)).astype(np.float32)
            second = draw.normal(0, strength, (out, rank)).astype(np.float32)
            if spoil is not None and layer == layers - 1:
                second[-1, -1] = spoil
            writer.add_tensor(f"blk.{layer}.{name}.weight.lora_a", first)
            writer.add_tensor(f"blk.{layer}.{name}.weight.lora_b", second)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
