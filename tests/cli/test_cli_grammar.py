"""The command line before any room is opened: help, version, wrong usage, no display."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]
CliJson = Callable[..., dict[str, Any]]
Start = Callable[..., "subprocess.Popen[bytes]"]

VERBS = ("index", "search", "ask", "models", "status", "doctor", "verify", "export", "tour")


def test_version_is_one_line(cli: Cli) -> None:
    assert cli("--version").stdout == "Forge Desktop 0.1.0\n"


def test_help_names_every_verb_and_every_exit_status(cli: Cli) -> None:
    text = cli("--help").stdout
    for verb in VERBS:
        assert f"\n    {verb} " in text
        assert cli(verb, "--help").stdout.startswith("usage: forge-desktop " + verb)
    for status in ("0 done", "1 an error", "2 wrong usage", "3 verify found damage", "130 interrupted"):
        assert status in text


def test_version_and_help_import_nothing_heavy(start: Start) -> None:
    code = (
        "import sys; from forge_desktop.__main__ import main; main(['--version']); main(['--help']);"
        "heavy = {'numpy', 'sqlite3', 'sqlite_utils', 'PySide6', 'llama_cpp', 'forge_desktop.forge'};"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    process = start(code, command=(sys.executable, "-c"))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


def test_what_only_reads_and_needs_no_cards_loads_nothing_of_them(start: Start, data_dir: Path) -> None:
    code = (
        "import gc, sys; from forge_desktop.__main__ import main;"
        "main(['offline', 'off']) if sys.argv[1:] else [main([verb]) for verb in ('status', 'spend', 'offline')];"
        "named = [n for n in sys.modules if n.startswith(('forge_desktop.cards', 'forge_desktop.cli.measuring'))];"
        "sys.exit((' '.join(named) or None) if gc.isenabled() else 'no garbage is collected')"
    )
    start(code, "first", command=(sys.executable, "-c")).communicate(timeout=60)  # makes what the others only read
    process = start(code, command=(sys.executable, "-c"))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("dance",),
        ("index",),
        ("search",),
        ("search", "-k", "0", "word"),
        ("search", "-k", "many", "word"),
        ("ask", "--grounding", "loosely", "why"),
        ("models", "--import", "a.gguf", "--use", "b"),
        ("--data-dir",),
        ("--data-dir", "", "status"),
        ("export", ""),
        ("models", "--import", ""),
        ("models", "--use", ""),
        ("status", "--no-such-flag"),
    ],
)
def test_wrong_usage_is_status_2(cli: Cli, data_dir: Path, arguments: tuple[str, ...]) -> None:
    done = cli(*arguments, expect=2)
    assert done.stdout == ""
    sentence, usage = done.stderr.splitlines()
    assert sentence.startswith("forge-desktop: ")
    assert usage.startswith("usage: forge-desktop")
    assert [path.name for path in data_dir.iterdir()] == ["settings.json"]


def test_wrong_usage_with_json_is_an_error_object(cli_json: CliJson) -> None:
    error = cli_json("search", "-k", "0", "word", expect=2)["error"]
    assert "1 to 1000" in error["message"]
    assert "--help" in error["hint"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_no_display_is_one_sentence(cli: Cli) -> None:
    gone = {"DISPLAY": None, "WAYLAND_DISPLAY": None, "QT_QPA_PLATFORM": None}
    done = cli(expect=1, env=gone)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "no display" in done.stderr


def test_a_data_dir_that_is_a_file_is_worded(cli: Cli, cli_json: CliJson, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    done = cli("--data-dir", blocked, "status", expect=1)
    assert str(blocked) in done.stderr
    assert "--data-dir" in done.stderr
    error = cli_json("--data-dir", blocked, "status", expect=1)["error"]
    assert str(blocked) in error["message"]


def test_a_reader_that_leaves_is_no_error(start: Start) -> None:
    process = start("--help")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) in (0, 141)


def test_one_object_refuses_what_is_no_json(one_object: Callable[[str], dict[str, Any]]) -> None:
    for text in ("{} {}", '{"a": NaN}', '{"a": 1, "a": 2}', '{"a": "\\ud800"}', "[]"):
        with pytest.raises((AssertionError, ValueError)):
            one_object(text)
