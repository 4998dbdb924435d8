"""The header reader: facts of good files, one sentence for every bad one, and never anything else."""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.gguf_header import read_header
from tests.data import tiny_gguf


def test_facts_of_the_starter(starter: Path) -> None:
    header = read_header(starter)
    assert (header.architecture, header.quantisation, header.gguf_version) == ("llama", "Q4_1", 3)
    assert (header.parameters, header.layers, header.context, header.vocabulary) == (134_515_008, 30, 8192, 49_152)
    assert header.file_bytes == 98_362_432
    assert "<|im_start|>" in header.template


def test_facts_of_a_tiny_one(tiny: Path) -> None:
    header = read_header(tiny)
    assert (header.name, header.layers, header.context, header.quantisation) == ("Tiny", 2, 512, "F32")


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "layers": ({"claimed_layers": 600}, "600 layers"),
    "more layers than tensors": ({"claimed_layers": 40}, "40 layers but holds 2"),
    "no layers": ({"claimed_layers": 0}, "0 layers"),
    "part": ({"values": {"split.count": 3}}, "one of 3 parts"),
    "adapter": ({"values": {"general.type": "adapter"}}, "LoRA adapter"),
    "embedding": ({"values": {"llama.attention.causal": False}}, "embedding model"),
    "pictures": ({"values": {"general.type": "mmproj"}}, "reads pictures"),
    "alignment": ({"values": {"general.alignment": 3}}, "alignment of 3"),
}


@pytest.mark.parametrize("name", BAD)
def test_models_that_cannot_be_used_are_named(tmp_path: Path, name: str) -> None:
    options, sentence = BAD[name]
    path = tiny_gguf.write(tmp_path / "bad.gguf", **options)
    with pytest.raises(ForgeError, match=sentence) as refused:
        read_header(path)
    assert str(path) in refused.value.message
    assert refused.value.hint


def patched(tiny: Path, place: int, content: bytes) -> bytes:
    raw = tiny.read_bytes()
    return raw[:place] + content + raw[place + len(content) :]


def test_what_is_only_named_like_a_gguf_is_not_told_to_end_so(tmp_path: Path) -> None:
    for name, hint in (("noise.gguf", "only named like one"), ("noise.pdf", "ends in .gguf")):
        (tmp_path / name).write_bytes(b"%PDF-1.7 and more")
        with pytest.raises(ForgeError, match="is not a GGUF file") as refused:
            read_header(tmp_path / name)
        assert hint in refused.value.hint


def test_bytes_that_are_no_gguf(tmp_path: Path, tiny: Path) -> None:
    cases = {
        "is empty": b"",
        "is not a GGUF file": b"%PDF-1.7 and more",
        "ends in the middle": b"GGUF",
        "version 1, an older": patched(tiny, 4, struct.pack("<I", 1)),
        "version 50331648, a newer or foreign": patched(tiny, 4, struct.pack(">I", 3)),
        "claims 1,099,511,627,776 tensors": patched(tiny, 8, struct.pack("<Q", 2**40)),
        "claims 1,099,511,627,776 header entries": patched(tiny, 16, struct.pack("<Q", 2**40)),
        "claims a text of 18,446,744,073,709,551,615 bytes": patched(tiny, 24, b"\xff" * 8),
    }
    for sentence, content in cases.items():
        path = tmp_path / "bad.gguf"
        path.write_bytes(content)
        with pytest.raises(ForgeError, match=sentence):
            read_header(path)


def test_a_file_cut_anywhere_is_refused(tmp_path: Path, tiny: Path) -> None:
    raw, path = tiny.read_bytes(), tmp_path / "cut.gguf"
    for size in [*range(0, 3000, 37), *range(3000, len(raw), 1999), len(raw) - 1]:
        path.write_bytes(raw[:size])
        with pytest.raises(ForgeError):
            read_header(path)


@given(st.lists(st.tuples(st.integers(0, 12_000), st.binary(min_size=1, max_size=9)), min_size=1, max_size=4))
def test_damage_gives_facts_or_a_sentence(tiny: Path, tmp_path_factory: Any, damage: list[tuple[int, bytes]]) -> None:
    raw = bytearray(tiny.read_bytes())
    for place, content in damage:
        raw[place : place + len(content)] = content
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    path.write_bytes(raw)
    with contextlib.suppress(ForgeError):
        assert 1 <= read_header(path).layers <= 512


def test_things_that_are_not_files(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="No such file"):
        read_header(tmp_path / "gone.gguf")
    with pytest.raises(ForgeError):
        read_header(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs")
def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(ForgeError, match="is not a file"):
        read_header(tmp_path / "pipe.gguf")
