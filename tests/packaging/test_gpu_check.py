"""The GPU check's own steps, proved on the processor with a tiny student; and how the starter is cut for travelling."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from gpucheck import carried
from gpucheck.place import Place

ROOT = Path(__file__).resolve().parents[2]


def test_a_benchmark_and_a_gate_run_through_the_check(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "build.json").write_text('{"seconds": 0}')
    out = tmp_path / "report.json"
    steps = "machine,model,measure-synthetic,gate-synthetic"
    argv = [
        sys.executable,
        ROOT / "packaging" / "gpu_check.py",
        "--backend",
        "cpu",
        "--shape",
        "tiny",
        "--steps",
        steps,
    ]
    done = subprocess.run(
        [*argv, "--work", tmp_path, "--out", out], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(out.read_text())
    [row] = told["measure-synthetic"]["rows"]
    assert row["measurement"]["figures"]["latency"]["n"] == 2
    gate = told["gate-synthetic"]
    assert {(one["arm"], one["width"]) for one in gate["rows"]} == {
        (arm, width) for arm in ("base", "adapter") for width in (1, 8)
    }
    assert gate["change_ms"]["n"] == 10


def test_the_starter_travels_in_parts_that_are_joined_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import lzma

    data = lzma.compress(bytes(range(256)) * 50)
    monkeypatch.setattr(carried, "_ROOM", carried._SPARE + carried._repository() + 100)
    folder = tmp_path / "gpu"
    (folder / "one").mkdir(parents=True)
    (folder / "one" / "something").write_bytes(b"x" * 60)
    carried._cut(data, folder)
    parts = sorted(path for path in folder.rglob("starter.*"))
    assert len(parts) > 1
    assert all(carried._size(part.parent) <= 100 for part in parts)
    place = Place(tmp_path / "work", "cpu", "tiny")
    for part in parts:
        assert not (place.work / "starter.gguf").exists()
        carried.unpack(part.parent, place)
    assert (place.work / "starter.gguf").read_bytes() == bytes(range(256)) * 50
