"""The bytes of a model by layer, and the rows of its cache, as the header tells them."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from forge_desktop.engine.gguf_shape import kv_bytes, padded, read_shape
from tests.data import tiny_gguf


def test_the_starter_is_taken_apart_to_the_byte(starter: Path) -> None:
    shape = read_shape(starter)
    assert len(shape.layers) == 30
    assert shape.tied
    assert 0 < starter.stat().st_size - shape.weights < 2_000_000  # the header, most of it the vocabulary
    assert set(shape.kv_row) == {2 * 3 * 64}
    assert (shape.key_length, shape.value_length, shape.window, shape.trained_context) == (64, 64, 0, 8192)
    assert shape.allows_q8


def test_the_cache_of_the_starter_at_32k_is_what_llama_cpp_reports(starter: Path) -> None:
    shape = read_shape(starter)
    assert sum(kv_bytes(shape, context=32_768)) == 720 * 1024**2
    assert sum(kv_bytes(shape, context=4096, sequences=2, kv_type="q8_0")) == round(95.625 * 1024**2)


def test_a_window_and_small_heads_are_seen(tmp_path: Path) -> None:
    shape = read_shape(tiny_gguf.sliding(tmp_path / "sliding.gguf", window=64))
    assert shape.window == 64
    assert not shape.allows_q8


def write(path: Path, *, output: bool, kv_heads: list[int] | int | None) -> Path:
    """A header with three layers of 400, 800 and 1,200 bytes."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(3)
    writer.add_embedding_length(16)
    writer.add_head_count(4)
    if kv_heads is not None:
        writer.add_head_count_kv(kv_heads)
    names = {"token_embd.weight": 50, "output_norm.weight": 5} | {f"blk.{n}.w": 100 * (n + 1) for n in range(3)}
    for name, count in (names | ({"output.weight": 70} if output else {})).items():
        writer.add_tensor(name, np.zeros(count, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_an_output_of_its_own_is_no_copy_of_the_embedding(tmp_path: Path) -> None:
    tied = read_shape(write(tmp_path / "tied.gguf", output=False, kv_heads=2))
    own = read_shape(write(tmp_path / "own.gguf", output=True, kv_heads=2))
    assert (tied.layers, tied.embedding, tied.output, tied.tied, tied.weights) == (
        (400, 800, 1200),
        200,
        220,
        True,
        2620,
    )
    assert (own.embedding, own.output, own.tied, own.weights) == (200, 300, False, 2900)


def test_a_type_that_is_newer_than_the_table_counts_by_the_room_it_takes(tmp_path: Path) -> None:
    path = write(tmp_path / "model.gguf", output=True, kv_heads=2)
    known = read_shape(path)
    raw, name = path.read_bytes(), b"blk.1.w"
    place = raw.index(name) + len(name) + 4 + 8  # after the number of dimensions and the one there is
    path.write_bytes(raw[:place] + (250).to_bytes(4, "little") + raw[place + 4 :])
    assert read_shape(path).layers[1] == pytest.approx(known.layers[1], abs=32)  # up to the alignment
    assert read_shape(path).weights == pytest.approx(known.weights, abs=32)


@pytest.mark.parametrize(
    ("heads", "rows"), [(2, (16, 16, 16)), ([2, 0, 1], (16, 0, 8)), ([1], (32, 32, 32)), (None, (32, 32, 32))]
)
def test_layers_may_differ_in_what_they_keep(
    tmp_path: Path, heads: list[int] | int | None, rows: tuple[int, ...]
) -> None:
    assert read_shape(write(tmp_path / "model.gguf", output=True, kv_heads=heads)).kv_row == rows


@pytest.mark.parametrize(("context", "expected"), [(1, 256), (256, 256), (257, 512), (4096, 4096)])
def test_a_context_is_rounded_as_llama_cpp_does(context: int, expected: int) -> None:
    assert padded(context) == expected
