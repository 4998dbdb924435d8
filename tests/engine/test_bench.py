"""The measurements run and print one JSON object each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "forge_desktop.bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)


def figures(*arguments: str) -> dict[str, Any]:
    done = bench(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_engine_beside_the_bare_loop(starter: Path) -> None:
    found = figures("engine", "--model", str(starter), "--tokens", "20", "--rounds", "1")
    assert found["ratio"] > 0
    assert found["device"] == "CPU"
    assert len(found["llama_cpp_cpu_ms_per_token"]) == 1
    assert found["answering_again_ms"] > 0


def test_index() -> None:
    found = figures("index", "--files", "5", "--kilobytes", "2", "--copies", "1", "--repeat", "1")
    assert (found["text"]["documents"], found["text"]["failed"]) == (5, 0)
    assert (found["mixed"]["documents"], found["mixed"]["failed"]) == (14, 0)
    assert all(found[name]["of_slowest"] > 0 for name in found)


def test_startup() -> None:
    found = figures("startup", "--rounds", "1")
    assert 0 < found["first_paint_ms"] < found["rooms_open_ms"]


def test_what_can_be_measured_is_listed() -> None:
    done = bench("weather")
    assert done.returncode == 2
    assert "retrieval" in done.stderr


def test_a_file_that_is_no_model_is_worded(tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"no")
    done = bench("engine", "--model", str(tmp_path / "no.gguf"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not a GGUF file" in done.stderr
