"""Adapters that PEFT wrote come in as llama.cpp's converter makes them, bit for bit; the rest is refused."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forge_desktop.students.adapter_file import BadAdapter, read_adapter
from forge_desktop.students.gguf_writing import write_gguf
from forge_desktop.students.peft_file import CONFIG, WEIGHTS, import_peft, is_peft

FOLDER = Path(__file__).parents[1] / "data" / "peft"
CASES = sorted(path.name for path in FOLDER.iterdir())


def base_of(case: str, path: Path, **changed: object) -> Path:
    """A GGUF with the header and the shapes of the base that an adapter is for; nothing in it could answer."""
    held = json.loads((FOLDER / case / "base.json").read_text())
    kind = held["architecture"]
    meta: dict[str, object] = {
        "general.architecture": kind,
        f"{kind}.attention.head_count": held["heads"],
        f"{kind}.attention.head_count_kv": held["key_value_heads"],
    }
    write_gguf(path, meta | changed, {name: np.zeros(shape, np.float16) for name, shape in held["tensors"].items()})
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A llama adapter to be changed."""
    return Path(shutil.copytree(FOLDER / "llama", tmp_path / "adapter"))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return base_of("llama", tmp_path / "base.gguf")


def configured(folder: Path, **options: object) -> None:
    file = folder / CONFIG
    file.write_text(json.dumps(json.loads(file.read_text()) | options))


def saved(folder: Path, tensors: Mapping[str, np.ndarray[Any, Any]], **entries: object) -> None:
    """A safetensors file of F32 tensors; `entries` stand in its header as they are."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, tensor in tensors.items():
        raw = np.asarray(tensor, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header | entries).encode()
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(text)) + text + body)


def pair(module: str = "layers.0.self_attn.v_proj", rank: int = 2, out: int = 16) -> dict[str, np.ndarray[Any, Any]]:
    name = f"base_model.model.model.{module}"
    return {f"{name}.lora_A.weight": np.ones((rank, 32)), f"{name}.lora_B.weight": np.ones((out, rank))}


def test_there_is_an_adapter_for_every_architecture_that_is_kept_differently() -> None:
    assert {"llama", "granite", "smollm3", "qwen2", "qwen3", "gemma3", "phi3"} <= set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_it_is_bit_for_bit_what_the_converter_makes(tmp_path: Path, case: str) -> None:
    ours = import_peft(FOLDER / case, base_of(case, tmp_path / "base.gguf"), tmp_path / "ours.gguf")
    theirs = read_adapter(FOLDER / case / "expected.gguf")
    assert sorted(ours.tensors) == sorted(theirs.tensors)
    for name, tensor in theirs.tensors.items():
        assert ours.tensors[name].dtype == tensor.dtype
        assert ours.tensors[name].tobytes() == tensor.tobytes(), name
    assert (ours.architecture, ours.alpha, ours.rank) == (theirs.architecture, theirs.alpha, theirs.rank)


@pytest.mark.full
def test_the_kept_expectations_are_what_the_converter_makes_today(tmp_path: Path) -> None:
    python, source = os.environ.get("FORGE_PEER_PYTHON"), os.environ.get("FORGE_LLAMA_CPP")
    if not python or not source:
        pytest.skip(
            "no Python with peft (FORGE_PEER_PYTHON) and no llama.cpp source (FORGE_LLAMA_CPP) to make them with"
        )
    subprocess.run([python, FOLDER.parent / "make_peft.py", source, tmp_path], check=True, capture_output=True)
    for case in CASES:
        ours = import_peft(tmp_path / case, base_of(case, tmp_path / "base.gguf"), tmp_path / "ours.gguf")
        theirs = read_adapter(tmp_path / case / "expected.gguf")
        assert {name: tensor.tobytes() for name, tensor in ours.tensors.items()} == {
            name: tensor.tobytes() for name, tensor in theirs.tensors.items()
        }


def test_a_folder_or_any_file_in_it_names_the_adapter(folder: Path, base: Path, tmp_path: Path) -> None:
    assert is_peft(folder)
    assert is_peft(folder / WEIGHTS)
    assert not is_peft(base)
    assert not is_peft(tmp_path)
    by_file = import_peft(folder / WEIGHTS, base, tmp_path / "a.gguf", {"forge.note": "x"})
    assert by_file.meta["forge.note"] == "x"


def test_a_rank_stabilised_adapter_keeps_its_strength(folder: Path, base: Path, tmp_path: Path) -> None:
    configured(folder, use_rslora=True)
    assert import_peft(folder, base, tmp_path / "a.gguf").alpha == pytest.approx(6 * math.sqrt(2))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["lm_head"]}, "whole modules"),
        ({"rank_pattern": {"q_proj": 4}}, "rank_pattern"),
        ({"alpha_pattern": {"q_proj": 4}}, "alpha_pattern"),
        ({"trainable_token_indices": [1]}, "single words"),
        ({"layer_replication": [[0, 1]]}, "layers that are repeated"),
        ({"bias": "all"}, "biases"),
        ({"lora_bias": True}, "biases"),
        ({"alora_invocation_tokens": [1]}, "aLoRA"),
        ({"target_parameters": ["x"]}, "no layers"),
        ({"init_lora_weights": "pissa"}, "changed its base"),
        ({"use_qalora": True}, "use_qalora"),
        ({"peft_type": "LOHA"}, "no LoRA adapter but LOHA"),
        ({"r": 4}, "does not have the rank 4"),
        ({"r": "2"}, "rank and alpha"),
        ({"lora_alpha": None}, "rank and alpha"),
        ({"lora_alpha": float("inf")}, "lora_alpha is inf"),
        ({"lora_alpha": float("nan")}, "lora_alpha is nan"),
        ({"lora_alpha": 10**400}, "lora_alpha is 1000"),
        ({"lora_alpha": -8}, "lora_alpha is -8, and it has to be above 0"),
        ({"lora_alpha": 0}, "lora_alpha is 0, and it has to be above 0"),
    ],
)
def test_an_option_that_cannot_be_carried_over_is_refused(
    folder: Path, base: Path, tmp_path: Path, options: dict[str, object], sentence: str
) -> None:
    configured(folder, **options)
    with pytest.raises(BadAdapter, match=sentence):
        import_peft(folder, base, tmp_path / "a.gguf")
    assert not (tmp_path / "a.gguf").exists()


def test_a_pickle_is_never_opened(folder: Path, base: Path, tmp_path: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "adapter_model.bin").write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    with pytest.raises(BadAdapter, match=r"a pickle \(adapter_model.bin\), which is never opened"):
        import_peft(folder, base, tmp_path / "a.gguf")


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        (pair("layers.9.self_attn.v_proj"), "blk.9.attn_v.weight, which the base does not have"),
        (pair("layers.0.mlp.experts"), "mlp.experts, which is not known"),
        (pair("layers.0.self_attn.v_proj", out=32), "it is for another base"),
        (pair("layers.0.self_attn.q_proj", out=6), "which 4 heads cannot share"),
        (pair("conv1"), "which is not known here"),
        ({"base_model.model.model.embed_tokens.weight": np.ones((40, 32))}, "a whole vocabulary"),
        (dict(list(pair().items())[:1]), "has no partner"),
        ({name: np.full(tensor.shape, np.nan) for name, tensor in pair().items()}, "numbers that are none"),
        ({name: tensor.reshape(-1) for name, tensor in pair().items()}, "is no matrix"),
        (pair() | pair("model.layers.0.self_attn.v_proj"), "twice"),
        (pair() | pair("visual.layers.0.self_attn.k_proj"), "a part for pictures"),
        (pair() | pair("x.layers.0.self_attn.k_proj"), "not known here"),
        ({}, "it is empty"),
    ],
)
def test_tensors_that_are_not_for_this_base_are_refused(
    folder: Path, base: Path, tmp_path: Path, tensors: dict[str, np.ndarray[Any, Any]], sentence: str
) -> None:
    saved(folder, tensors)
    with pytest.raises(BadAdapter, match=sentence):
        import_peft(folder, base, tmp_path / "a.gguf")


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [1 << 62], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]},
        {"dtype": "F32", "shape": [1], "data_offsets": [1 << 40, (1 << 40) + 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0]},
        {"dtype": "F32", "shape": [1] * 30, "data_offsets": [0, 4]},
        {"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]},
    ],
)
def test_absurd_entries_are_refused(folder: Path, base: Path, tmp_path: Path, entry: object) -> None:
    saved(folder, {}, x=entry)
    with pytest.raises(BadAdapter, match=f"its {WEIGHTS} cannot be used"):
        import_peft(folder, base, tmp_path / "a.gguf")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(100),
        struct.pack("<Q", 1 << 62) + bytes(100),
        struct.pack("<Q", 90) + b"[" * 90,
        struct.pack("<Q", 100_000) + b"[" * 100_000,
        struct.pack("<Q", 5) + b'"abc"',
        struct.pack("<Q", 15) + b'{"a":1,"a":{}}  ',
    ],
)
def test_absurd_files_are_refused(folder: Path, base: Path, tmp_path: Path, content: bytes) -> None:
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(BadAdapter, match=f"its {WEIGHTS} cannot be used"):
        import_peft(folder, base, tmp_path / "a.gguf")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"{}"])
def test_an_absurd_configuration_is_refused(folder: Path, base: Path, tmp_path: Path, content: bytes) -> None:
    (folder / CONFIG).write_bytes(content)
    with pytest.raises(BadAdapter):
        import_peft(folder, base, tmp_path / "a.gguf")


def test_turned_bits_and_cut_ends_are_read_or_refused_but_nothing_else(
    folder: Path, base: Path, tmp_path: Path
) -> None:
    content, draw = (folder / WEIGHTS).read_bytes(), random.Random(6)
    refused = 0
    for turn in range(300):
        changed = bytearray(content)
        for _ in range(draw.randint(1, 3)):
            changed[draw.randrange(3000)] ^= 1 << draw.randrange(8)
        (folder / WEIGHTS).write_bytes(changed if turn % 2 else content[: draw.randrange(len(content))])
        try:
            import_peft(folder, base, tmp_path / "a.gguf")
        except BadAdapter:
            refused += 1
    assert refused >= 150, "nothing cut short is taken"
