"""Adapters and GGUF files: what is written is read again, and nothing damaged is believed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from forge_desktop.students.adapter_file import BadAdapter, check_adapter, read_adapter, write_adapter
from forge_desktop.students.gguf_file import BLOCKS, BadGguf, read_gguf
from forge_desktop.students.gguf_writing import write_gguf
from tests.data import tiny_gguf

Tensors = dict[str, np.ndarray[Any, Any]]
Q, DOWN = "blk.0.attn_q.weight", "blk.1.ffn_down.weight"


def made(rank: int = 4, seed: int = 1) -> Tensors:
    """Two matrices of the tiny student, changed."""
    draw = np.random.default_rng(seed)
    shapes = {
        f"{Q}.lora_a": (rank, 32),
        f"{Q}.lora_b": (32, rank),
        f"{DOWN}.lora_a": (rank, 64),
        f"{DOWN}.lora_b": (32, rank),
    }
    return {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.write(tmp_path_factory.mktemp("base") / "tiny.gguf")


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    write_adapter(tmp_path / "adapter.gguf", "llama", made(), 8.0, {"forge.base_sha256": "0" * 64})
    return tmp_path / "adapter.gguf"


def test_the_header_of_a_real_student_is_read_as_the_reference_reads_it(starter: Path) -> None:
    ours, theirs = read_gguf(starter), gguf.GGUFReader(starter)
    assert ours.architecture == "llama"
    assert ours.meta["llama.block_count"] == 30
    assert "tokenizer.ggml.tokens" not in ours.meta, "long lists are left out"
    assert list(ours.tensors) == [tensor.name for tensor in theirs.tensors]
    for tensor in theirs.tensors:
        info = ours.tensors[tensor.name]
        assert (info.shape, info.offset) == (tuple(int(size) for size in reversed(tensor.shape)), tensor.data_offset)
    name = "blk.3.ffn_up.weight"
    theirs_there = next(tensor for tensor in theirs.tensors if tensor.name == name)
    assert np.array_equal(ours.data(name), theirs_there.data.view(np.uint8).reshape(ours.data(name).shape))


def test_the_sizes_of_quantised_blocks_are_those_of_the_reference() -> None:
    theirs = {int(kind): sizes for kind, sizes in gguf.constants.GGML_QUANT_SIZES.items()}
    assert {kind: theirs[kind] for kind in BLOCKS} == dict(BLOCKS)


def test_what_is_written_is_read_again_here_and_by_the_reference(tmp_path: Path) -> None:
    meta: dict[str, object] = {
        "general.architecture": "llama",
        "a.text": "Grüße",
        "a.yes": True,
        "a.count": 7,
        "a.share": 0.5,
        "a.large": np.uint64(1 << 40),
        "a.words": ["one", "two"],
        "a.numbers": [1, 2, 3],
    }
    tensors: Tensors = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.ones(5, np.float16)}
    write_gguf(tmp_path / "x.gguf", meta, tensors)
    ours = read_gguf(tmp_path / "x.gguf")
    assert dict(ours.meta) == meta
    assert list(ours.tensors) == ["a", "b"]
    assert all(np.array_equal(ours.data(name), tensor) for name, tensor in tensors.items())
    theirs = gguf.GGUFReader(tmp_path / "x.gguf")
    assert {field.name: field.contents() for field in theirs.fields.values()} | meta == {
        field.name: field.contents() for field in theirs.fields.values()
    }
    assert [tensor.data.tolist() for tensor in theirs.tensors] == [tensors["a"].tolist(), tensors["b"].tolist()]


def test_the_same_adapter_has_the_same_bytes_whatever_order_it_comes_in(tmp_path: Path, adapter: Path) -> None:
    turned = dict(reversed(made().items()))
    sha256 = write_adapter(tmp_path / "again.gguf", "llama", turned, 8.0, {"forge.base_sha256": "0" * 64})
    assert (tmp_path / "again.gguf").read_bytes() == adapter.read_bytes()
    assert read_adapter(adapter).sha256 == sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter.gguf", "again.gguf"], "nothing is left lying"


def test_an_adapter_that_fits_says_what_it_changes(adapter: Path, base: Path) -> None:
    found = check_adapter(adapter, base)
    assert (found.architecture, found.alpha, found.rank, found.targets) == ("llama", 8.0, 4, (Q, DOWN))
    assert found.meta["forge.base_sha256"] == "0" * 64
    assert all(np.array_equal(found.tensors[name], tensor) for name, tensor in made().items())


def test_adapters_of_other_number_forms_are_read(tmp_path: Path, base: Path) -> None:
    """Other programs write them so."""
    path = tmp_path / "other.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    tensors = made(rank=32)
    kinds = (gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.BF16) * 2
    for (name, tensor), kind in zip(tensors.items(), kinds, strict=True):
        writer.add_tensor(name, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = check_adapter(path, base)
    for name, tensor in tensors.items():
        assert np.allclose(found.tensors[name], tensor, atol=0.03)


def without(name: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {key: tensor for key, tensor in tensors.items() if key != name}


def renamed(before: str, after: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {key.replace(before, after): tensor for key, tensor in tensors.items()}


def shaped(name: str, shape: tuple[int, ...]) -> Callable[[Tensors], Tensors]:
    return lambda tensors: tensors | {name: np.zeros(shape, np.float32)}


def holding(value: float) -> Callable[[Tensors], Tensors]:
    return lambda tensors: tensors | {f"{Q}.lora_b": np.full((32, 4), value, np.float32)}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (holding(float("nan")), "numbers that are none"),
        (holding(float("inf")), "numbers that are none"),
        (without(f"{Q}.lora_a"), "has no partner"),
        (without(f"{DOWN}.lora_b"), "has no partner"),
        (renamed("blk.1", "blk.7"), "which the base does not have"),
        (renamed("blk.1.ffn_down", "blk.1.attn_norm"), "which is no matrix in the base"),
        (renamed(".lora_", ".dora_"), "no part of a LoRA adapter"),
        (shaped(f"{Q}.lora_a", (4, 64)), "it is for another base"),
        (shaped(f"{Q}.lora_b", (64, 4)), "it is for another base"),
        (shaped(f"{Q}.lora_b", (32, 5)), "do not fit together"),
        (shaped(f"{Q}.lora_b", (4, 32, 1)), "is no matrix"),
        (lambda tensors: {}, "it is empty"),
    ],
)
def test_an_adapter_that_cannot_be_used_is_refused_in_words(
    tmp_path: Path, base: Path, change: Callable[[Tensors], Tensors], sentence: str
) -> None:
    path = tmp_path / "bad.gguf"
    header = {
        "general.type": "adapter",
        "general.architecture": "llama",
        "adapter.type": "lora",
        "adapter.lora.alpha": 8.0,
    }
    write_gguf(path, header, change(made()))
    with pytest.raises(BadAdapter, match=sentence):
        check_adapter(path, base)
    if "base" not in sentence:
        with pytest.raises(BadAdapter, match=sentence):
            write_adapter(tmp_path / "unwritten.gguf", "llama", change(made()), 8.0)
        assert not (tmp_path / "unwritten.gguf").exists()


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"general.architecture": "qwen2"}, "the architecture qwen2, and the base is llama"),
        ({"general.type": "model"}, "no LoRA adapter"),
        ({"adapter.type": "control"}, "no LoRA adapter"),
        ({"adapter.lora.alpha": float("nan")}, "its alpha is no number"),
        ({"adapter.lora.alpha": "16"}, "does not say its alpha"),
        ({"general.architecture": ""}, "does not say which architecture"),
        ({"general.alignment": 24}, "alignment is impossible"),
    ],
)
def test_a_header_that_is_not_an_adapters_is_refused_in_words(
    tmp_path: Path, base: Path, entries: Mapping[str, object], sentence: str
) -> None:
    header = {
        "general.type": "adapter",
        "general.architecture": "llama",
        "adapter.type": "lora",
        "adapter.lora.alpha": 8.0,
    }
    write_gguf(tmp_path / "bad.gguf", header | entries, made())
    with pytest.raises(BadAdapter, match=sentence):
        check_adapter(tmp_path / "bad.gguf", base)


def test_a_base_is_no_adapter_and_a_file_that_is_not_there_is_named(tmp_path: Path, base: Path, adapter: Path) -> None:
    with pytest.raises(BadAdapter, match="no LoRA adapter"):
        read_adapter(base)
    with pytest.raises(BadAdapter, match="cannot be read"):
        read_adapter(tmp_path / "nowhere.gguf")
    with pytest.raises(BadAdapter, match="its base cannot be read"):
        check_adapter(adapter, tmp_path / "nowhere.gguf")


def claims(tensors: int, entries: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, entries) + rest


def entry(kind: int, rest: bytes) -> bytes:
    return struct.pack("<Q", 1) + b"k" + struct.pack("<I", kind) + rest


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GGUF",
        b"\0" * 4096,
        b"GGML" + bytes(64),
        b"GGUF" + struct.pack(">IQQ", 3, 1, 1) + bytes(64),
        claims(1 << 63, 0, bytes(64)),
        claims(0, 1 << 63, bytes(64)),
        claims(900_000, 0, bytes(64)),
        claims(0, 1, struct.pack("<Q", 1 << 62) + bytes(64)),
        claims(0, 1, entry(8, struct.pack("<Q", 1 << 62)) + bytes(64)),
        claims(0, 1, entry(9, struct.pack("<IQ", 8, 1 << 62)) + bytes(64)),
        claims(0, 1, entry(9, struct.pack("<IQ", 4, 1 << 61)) + bytes(64)),
        claims(0, 1, entry(9, struct.pack("<IQ", 9, 1)) + bytes(64)),
        claims(0, 1, entry(77, bytes(64))),
        claims(0, 2, entry(0, b"\1") + entry(0, b"\1") + bytes(64)),
        claims(1, 0, struct.pack("<Q", 1) + b"t" + struct.pack("<I4QIQ", 4, *[1 << 62] * 4, 0, 0) + bytes(64)),
        claims(1, 0, struct.pack("<Q", 1) + b"t" + struct.pack("<IQIQ", 1, 0, 0, 0) + bytes(64)),
        claims(1, 0, struct.pack("<Q", 1) + b"t" + struct.pack("<IQIQ", 1, 4, 0, 1 << 62) + bytes(64)),
        claims(1, 0, struct.pack("<Q", 1) + b"t" + struct.pack("<IQIQ", 1, 4, 999, 0) + bytes(64)),
        claims(1, 0, struct.pack("<Q", 1) + b"t" + struct.pack("<I", 1 << 30) + bytes(64)),
        claims(1, 0, struct.pack("<Q", 2) + b"\xff\xfe" + bytes(64)),
    ],
)
def test_absurd_headers_are_refused_at_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "absurd.gguf"
    path.write_bytes(content)
    with pytest.raises(BadGguf):
        read_gguf(path)
    with pytest.raises(BadAdapter):
        read_adapter(path)


def test_an_adapter_cut_short_anywhere_is_refused(tmp_path: Path, adapter: Path, base: Path) -> None:
    content = adapter.read_bytes()
    last = len(content) - len(made()[f"{DOWN}.lora_b"].tobytes()) % 32
    path = tmp_path / "cut.gguf"
    for length in [*range(0, 700, 7), *range(700, last, 97), last - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(BadAdapter):
            check_adapter(path, base)


def test_an_adapter_with_bits_turned_is_read_or_refused_but_nothing_else(
    tmp_path: Path, adapter: Path, base: Path
) -> None:
    content, draw = adapter.read_bytes(), random.Random(6)
    path, refused = tmp_path / "turned.gguf", list[str]()
    for _ in range(400):
        changed = bytearray(content)
        for _ in range(draw.randint(1, 4)):
            changed[draw.randrange(600)] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        try:
            check_adapter(path, base)
        except BadAdapter as error:
            refused.append(str(error))
    assert len(refused) > 200
    assert all(sentence and not sentence.endswith(".") for sentence in refused)
