"""The measurements run and print one JSON object each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from forge_desktop.bench import engine_figures


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "forge_desktop.bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)


def figures(*arguments: str) -> dict[str, Any]:
    done = bench(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_every_figure_of_the_engine_has_its_place(starter: Path) -> None:
    found = figures("engine", "--model", str(starter), "--quick")
    assert found["ratio"] > 0
    assert found["device"] == "CPU"
    assert len(found["llama_cpp_cpu_ms_per_token"]) == 1
    assert found["answering_again_ms"] > 0
    assert set(found["figures"]) == set(engine_figures.TARGETS)
    for name, figure in found["figures"].items():
        assert (figure["value"] is None) == (figure["met"] is None) == bool(figure["note"]), name
        assert not figure["note"].startswith("failed"), figure
    for name in ("python_cost_growth", "follow_up_first_token", "cancel_p95_ms", "death_by_abort_ms"):
        assert found["figures"][name]["value"] is not None


def test_a_figure_is_held_to_its_target_and_one_that_is_missing_says_why() -> None:
    def fails() -> dict[str, engine_figures.Figure]:
        raise engine_figures.NotMeasured("no server here")

    found = engine_figures.measured(["server_ms_per_token"], fails)
    found["lookup_quoting"] = engine_figures.Figure(2.1, more={"answers": 3})
    found["cancel_p95_ms"] = engine_figures.Figure(151.0)
    rows = engine_figures.table(found)
    assert rows["server_ms_per_token"]["note"] == "not measured: no server here"
    assert rows["server_ms_per_token"]["met"] is None
    assert rows["lookup_quoting"]["met"] is True
    assert rows["lookup_quoting"]["answers"] == 3
    assert rows["cancel_p95_ms"]["met"] is False
    assert rows["batched_sequential"]["value"] is None


def test_a_share_of_measured_values() -> None:
    values = [float(number) for number in range(1, 41)]
    assert engine_figures.percentile(values, 0.95) == 38.0
    assert engine_figures.percentile([7.0], 0.95) == 7.0


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
