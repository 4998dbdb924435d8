"""The verb `doctor` as people use it: a healthy machine, what needs attention, a measurement, beside an open window."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.archive.doctor import Doctor
from forge_desktop.base.errors import ForgeError
from forge_desktop.cli.doctor import examined
from forge_desktop.engine.records_plan import Hardware
from forge_desktop.forge import Forge
from tests.archive.machines import StubEngine
from tests.data import tiny_gguf

Cli = Callable[..., subprocess.CompletedProcess[str]]
CliJson = Callable[..., dict[str, Any]]
Check = Callable[..., None]


@pytest.fixture(autouse=True)
def no_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer has put aside is no part of these tests."""
    monkeypatch.delenv("FORGE_PACKS", raising=False)


def test_a_healthy_machine_is_told_in_facts(cli_json: CliJson, check_fields: Check, starter: Path) -> None:
    told = cli_json("doctor")
    check_fields(told, ok=bool, findings=list, notes=list, hardware=dict, student=dict, crashes=list, sqlite=str)
    check_fields(told, version=str, python=str, system=str, machine=str, keyring=str, data_dir=str, data_free=int)
    assert (told["ok"], told["findings"], told["measured"]) == (True, [], None)
    hardware = told["hardware"]
    check_fields(hardware, cpu=str, features=list, cores=int, threads=int, memory_free=int, build=str, drivers=list)
    assert 0 < hardware["memory_free"] <= hardware["memory_total"]
    assert any(device["kind"] == "cpu" for device in hardware["devices"])
    assert all(fit["words"].startswith(fit["what"]) and fit["fits"] == (fit["spare"] >= 0) for fit in hardware["fits"])
    plan = told["student"]["plan"]
    assert plan["fits"]
    for line in plan["lines"]:
        assert line["needed"] == line["weights"] + line["kv"] + line["compute"]
    assert sum(line["weights"] for line in plan["lines"]) > 0.8 * starter.stat().st_size


def test_it_is_readable(cli: Cli) -> None:
    done = cli("doctor")
    for name in ("llama.cpp", "Processor", "Memory", "Device", "GPU pack", "Fits", "Student", "SQLite", "Keyring"):
        assert f"\n{name} " in done.stdout
    assert done.stdout.endswith("\nNothing needs attention.\n")
    assert done.stderr == ""


def test_what_needs_attention_gives_status_1(
    cli: Cli, cli_json: CliJson, data_dir: Path, starter: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.gguf"
    shutil.copyfile(starter, copy)
    with open(copy, "r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 1]))
    cli("models", "--import", copy)
    cli("models", "--use", "copy")
    copy.unlink()
    pack = data_dir / "packs" / "vulkan-other"
    pack.mkdir(parents=True)
    (pack / "pack.json").write_text("{")
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as database, database:
        database.execute(
            "INSERT INTO engine_crashes (model_sha256, path, what, noted) VALUES ('b', '/models/b.gguf', 'died', 1)"
        )
    (data_dir / "settings.json").write_text(json.dumps({"embedding_model": str(tmp_path / "gone.gguf")}))
    told = cli_json("doctor", expect=1)
    assert not told["ok"]
    what = "\n".join(finding["what"] for finding in told["findings"])
    for part in (
        "copy.gguf",
        "gone.gguf cannot be read",
        "vulkan-other is not used",
        "b.gguf is not loaded by itself any more: its process died",
    ):
        assert part in what
    assert all(finding["advice"] for finding in told["findings"])
    (crashed,) = [finding for finding in told["findings"] if "b.gguf is not loaded" in finding["what"]]
    assert 'forge-desktop models --use "b"' in crashed["advice"]
    assert told["student"]["plan"] is None
    text = cli("doctor", expect=1).stdout
    assert "4 things need attention:\n  1. " in text


def test_a_template_that_cannot_be_used_needs_attention(cli: Cli, cli_json: CliJson, tmp_path: Path) -> None:
    path = tiny_gguf.write(tmp_path / "latin.gguf", template="{{ raise_exception('Only in Latin.') }}")
    cli("models", "--import", path)
    cli("models", "--use", "latin")
    (finding,) = cli_json("doctor", expect=1)["findings"]
    assert 'cannot be used: the template says: "Only in Latin".' in finding["what"]
    assert finding["advice"]


def test_a_student_that_crashed_is_chosen_anew_on_the_command_line(cli: Cli, cli_json: CliJson, data_dir: Path) -> None:
    (student,) = cli_json("models")["models"]
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as database, database:
        database.execute(
            "INSERT INTO engine_crashes (model_sha256, path, what, noted) VALUES (?, '/m/a b.gguf', 'died', 1)",
            [student["sha256"]],
        )
    (finding,) = cli_json("doctor", expect=1)["findings"]
    assert 'forge-desktop models --use "a b"' in finding["advice"]
    cli("models", "--use", student["name"])
    assert cli_json("doctor")["ok"]


def test_the_student_in_use_is_measured_when_asked(cli_json: CliJson, check_fields: Check) -> None:
    told = cli_json("doctor", "--measure")
    measured = told["measured"]
    check_fields(measured, model=str, device=str, gpu_layers=int, threads=int, tokens_per_second=float)
    assert measured["tokens_per_second"] > 0
    assert measured["prompt_tokens_per_second"] > 0
    assert measured["model_sha256"] in [timing["model_sha256"] for timing in told["hardware"]["timings"]]
    again = cli_json("doctor")
    assert again["measured"] is None
    assert ["was not loaded" in " ".join(one["notes"]) for one in (told, again)] == [False, True]
    assert again["hardware"]["timings"], "it is remembered"


def test_it_looks_beside_an_open_window_and_measures_only_alone(cli: Cli, cli_json: CliJson, data_dir: Path) -> None:
    with contextlib.closing(Forge(data_dir, holder="the window")):
        assert cli_json("doctor")["ok"]
        refused = cli("doctor", "--measure", expect=1)
        assert "the window" in refused.stderr


class Hanging(StubEngine):
    """An engine whose process says nothing until it is ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def hardware(self) -> Hardware:
        assert self.ended.wait(30)
        raise ForgeError("The student's process gave no sign of life.", hint="Try again in a moment.")

    def eject(self) -> None:
        self.ended.set()


def test_an_engine_that_hangs_is_a_finding(data_dir: Path) -> None:
    engine: Any = Hanging()
    with contextlib.closing(Forge(data_dir, holder="a test")) as forge:
        forge.engine.close()
        forge.engine = engine
        forge.doctor = Doctor(engine, forge.students, forge.archive, forge.settings, data_dir)
        checkup = examined(forge, measure=False, deadline=0.05)
    assert engine.ended.is_set()
    assert checkup.hardware is None
    assert checkup.findings[0].what == "The student's process gave no sign of life."
    assert json.dumps(checkup.notes)
