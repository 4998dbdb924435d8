"""The synthetic student: a file the engine's own header reader knows, the same for the same seed."""

from __future__ import annotations

import math
from pathlib import Path

import gguf
import numpy as np
import synthetic_gguf

from forge_desktop.engine.gguf_header import read_header


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    shape = synthetic_gguf.SHAPES["tiny"]
    digests = [
        synthetic_gguf.write(tmp_path / f"{number}.gguf", shape, seed=seed) for number, seed in enumerate((1, 1, 2))
    ]
    assert digests[0] == digests[1] != digests[2]
    header = read_header(tmp_path / "0.gguf")
    assert (header.architecture, header.layers, header.context) == ("llama", shape.layers, shape.context)
    assert header.vocabulary == shape.vocabulary
    assert header.template == synthetic_gguf.TEMPLATE
    assert not list(tmp_path.glob(".*.part"))


def test_the_weights_are_small_numbers_around_nothing_and_special_tokens_are_silent(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    synthetic_gguf.write(path, synthetic_gguf.SHAPES["tiny"])
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    for name in ("blk.0.attn_q.weight", "output.weight"):
        weights = gguf.dequantize(tensors[name].data, tensors[name].tensor_type)
        assert np.isfinite(weights).all()
        assert math.isclose(weights.std(), 0.02, rel_tol=0.05)
        assert abs(weights.mean()) < 0.001
    output = gguf.dequantize(tensors["output.weight"].data, tensors["output.weight"].tensor_type)
    special = len(synthetic_gguf.SPECIAL)
    assert not output[:special].any()
    assert output[special:].any(axis=1).all()


def test_a_seven_billion_shape_is_what_it_says() -> None:
    shape = synthetic_gguf.SHAPES["7b"]
    tensors = list(synthetic_gguf._tensors(shape))
    weights = sum(math.prod(tensor.dimensions) for tensor in tensors)
    assert 6.7e9 < weights < 6.8e9
    assert 3.7e9 < sum(tensor.size for tensor in tensors) < 4.0e9
    tokens, types, _ = synthetic_gguf.vocabulary(shape.vocabulary)
    assert len(tokens) == len(set(tokens)) == len(types) == shape.vocabulary
