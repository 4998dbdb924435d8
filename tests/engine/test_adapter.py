"""LoRA adapters: one that fits changes the answer, any other file is refused in words, and none ends the process."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np

PROBE = str(Path(__file__).with_name("adapter_probe.py"))


def write_adapter(path: Path, *, architecture: str = "llama", width: int = 32, kind: str = "adapter") -> Path:
    """A LoRA of rank 2 on the tiny student's first query matrix."""
    draw = np.random.default_rng(1)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(kind)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 4.0)
    for name, shape in (("lora_a", (2, width)), ("lora_b", (width, 2))):
        writer.add_tensor(f"blk.0.attn_q.weight.{name}", draw.normal(0, 1, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_adapters_good_and_bad(tiny: Path, tmp_path: Path) -> None:
    good = write_adapter(tmp_path / "good.gguf")
    raw = good.read_bytes()
    (tmp_path / "cut.gguf").write_bytes(raw[: len(raw) // 2])
    (tmp_path / "noise.gguf").write_bytes(b"GGUF" + random.Random(1).randbytes(4000))
    bad = {
        str(tmp_path / "gone.gguf"): "",
        str(tmp_path / "cut.gguf"): "",
        str(tmp_path / "noise.gguf"): "",
        str(write_adapter(tmp_path / "other.gguf", architecture="qwen2")): "",
        str(write_adapter(tmp_path / "wide.gguf", width=64)): "",
        str(write_adapter(tmp_path / "model.gguf", kind="model")): "",
        str(tiny): "",
    }
    command = [sys.executable, PROBE, str(tiny), *bad, str(good), str(good)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    refused = json.loads(answer.stdout)[: len(bad)]
    for path, (code, sentence) in zip(bad, refused, strict=True):
        assert code == "ADAPTER_BAD"
        assert sentence.startswith(f"The adapter {Path(path).name} could not be loaded: ")
        assert "no reason" not in sentence
        print(sentence)
    assert json.loads(answer.stdout)[len(bad) :] == [[True, True, True]] * 2
