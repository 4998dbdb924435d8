"""The set-up's decisions: when it is done already, what it asks for, and the sentence for each failure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from devtools import checks, commands, environment, locks, machine, steps, trainer

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / "packaging" / "dev.py"


def test_an_environment_is_ready_only_with_its_own_stamp(tmp_path: Path) -> None:
    stamp = tmp_path / "stamp.json"
    assert not environment.stamped("runtime", stamp)
    for broken in ("", "[]", '{"runtime": "of another lock"}'):
        stamp.write_text(broken)
        assert not environment.stamped("runtime", stamp)
    stamp.write_text(json.dumps({"runtime": environment.stamp_key("runtime")}))
    assert environment.stamped("runtime", stamp)
    assert not environment.stamped("dev", stamp)


def test_what_tests_need_is_enough_to_run(tmp_path: Path) -> None:
    stamp = tmp_path / "stamp.json"
    stamp.write_text(json.dumps({"dev": environment.stamp_key("dev")}))
    assert environment.stamped("runtime", stamp)


def test_the_trainers_environment_has_a_stamp_of_its_own(tmp_path: Path) -> None:
    stamp = tmp_path / "stamp.json"
    assert not trainer.stamped(stamp)
    for broken in ("", "[]", '"of another lock"'):
        stamp.write_text(broken)
        assert not trainer.stamped(stamp)
    stamp.write_text(json.dumps(trainer.stamp_key()))
    assert trainer.stamped(stamp)


def test_what_torch_needs_is_locked_beside_it() -> None:
    names = {requirement.name for name in ("trainer", "torch") for requirement in locks.read(name)}
    assert {
        "torch",
        "gguf",
        "numpy",
        "ray",
        "safetensors",
        "sympy",
        "networkx",
        "jinja2",
        "fsspec",
        "filelock",
    } <= names
    assert not [name for name in names if name.startswith(("nvidia", "cuda", "triton"))]


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_the_window_needs_a_display_only_on_linux(environ: dict[str, str], platform: str, expected: bool) -> None:
    assert machine.has_display(environ, platform) is expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], True),
        (["--data-dir", "there"], True),
        (["--data-dir=there", "--verbose"], True),
        (["tour"], False),
        (["--data-dir", "there", "index", "folder"], False),
        (["--version"], False),
    ],
)
def test_only_a_start_without_a_verb_opens_the_window(arguments: list[str], expected: bool) -> None:
    assert commands.opens_window(arguments) is expected


def test_a_missing_library_is_noticed() -> None:
    table = {"libc.so.6": "libc6", "libforge-not-there.so.9": "libforge-not-there9"}
    assert machine.missing_libraries(table) == (["libforge-not-there.so.9"] if sys.platform == "linux" else [])


def test_what_is_missing_is_one_line_to_paste(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    text = machine.advice(["build-essential", "libgl1"], ["libGL.so.1"])
    assert text.endswith("package manager: build-essential, libGL.so.1")
    (tmp_path / "apt-get").touch(mode=0o755)
    text = machine.advice(["build-essential", "libgl1"], ["libGL.so.1"])
    assert text.endswith("sudo apt-get install -y build-essential libgl1")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"FORGE_CACHE_DIR": "/somewhere"}, Path("/somewhere")),
        ({"HOME": ""}, ROOT / "build" / "cache"),
        ({}, ROOT / "build" / "cache"),
        ({"HOME": "/proc/no-such-home"}, ROOT / "build" / "cache"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="each system has its own places")
def test_the_cache_has_a_place_even_without_a_home(environ: dict[str, str], expected: Path) -> None:
    assert machine.cache_dir(environ) == expected


def test_a_full_disk_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(steps.Problem, match=r"needs 1000000\.0 GB of disk space, and .* left\."):
        machine.require_space(tmp_path / "not" / "made", 1_000_000)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full."),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "its sha256 differs"),
        ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "cannot be reached"),
        ("No CMAKE_CXX_COMPILER could be found.", "no working C++ compiler"),
        ("c++: fatal error: Killed signal terminated program cc1plus", "ran out of memory"),
        (
            "the requirement click==8.5.1 (from versions: none)\nERROR: No matching distribution found",
            "has no click==8.5.1.",
        ),
        ("ERROR: No matching distribution found for numpy==2.4.6", "has no numpy==2.4.6 for this Python"),
    ],
)
def test_a_failed_tool_becomes_one_sentence(output: str, sentence: str) -> None:
    assert sentence in (steps.explain(f"before\n{output}\nafter") or "")


def test_an_unknown_failure_names_the_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(steps, "LOG", tmp_path / "setup.log")
    with pytest.raises(steps.Problem, match=r"^It broke\. It ended with status 3\. The details are in .*setup\.log\.$"):
        steps.run([sys.executable, "-c", "print('noise'); raise SystemExit(3)"], failed="It broke.")
    assert "noise" in (tmp_path / "setup.log").read_text()
    with pytest.raises(steps.Problem, match=r"^It broke\. .*no-such-tool cannot be started: No such file"):
        steps.run([tmp_path / "no-such-tool"], failed="It broke.")


def test_only_the_pinned_file_is_the_starter_student(tmp_path: Path, starter: Path) -> None:
    from devtools import starter as bringing

    assert bringing.in_place(starter)
    assert bringing.matches(starter)
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    assert not bringing.in_place(other)
    assert not bringing.matches(other)
    assert not bringing.matches(other, size=4)


def test_an_old_python_is_told_so_in_one_sentence() -> None:
    code = f"import sys; sys.version_info = (3, 9, 2); exec(compile(open({str(DEV)!r}).read(), 'dev.py', 'exec'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Forge Desktop needs Python 3.11 or newer; ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["test", "--nonsense"]])
def test_a_wrong_command_is_refused_before_anything_is_installed(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, str(DEV), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "usage: dev.py" in done.stderr


def test_the_frozen_application_is_tried_where_it_is_asked_for() -> None:
    usual = [name for name, _ in checks.plan(Path(sys.executable), full=False, frozen=False)]
    assert [name for name, _ in checks.plan(Path(sys.executable), full=True, frozen=True)][: len(usual)] == usual
    assert "frozen smoke test" not in usual
    assert usual[-1] == "pytest"


def test_a_checks_status_and_closing_line_reach_the_summary() -> None:
    code = "print('===== 2 failed, 1 passed in 0.10s ====='); raise SystemExit(1)"
    outcome = checks.check("pytest", [sys.executable, "-c", code], dict(os.environ))
    assert outcome.status == 1
    assert outcome.closing == "2 failed, 1 passed in 0.10s"
    assert "FAILED (1)" in outcome.line()
    assert checks.check("gone", ["/no/such/tool"], {}).status == 127


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_ctrl_c_waits_for_the_application_to_end_tidily(tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\ntrap 'sleep 1; echo kept; exit 130' INT\necho up\nwhile :; do sleep 0.05; done\n")
    slow.chmod(0o755)
    code = (
        "import signal, sys, pathlib; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from devtools import environment; sys.exit(environment.start(pathlib.Path(sys.argv[1])))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, slow],
        cwd=DEV.parent,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.read() == b"kept\n"
    assert process.returncode == 130
