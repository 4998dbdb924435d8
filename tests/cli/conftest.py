"""The command line as people use it: a process of its own, with its own data directory, its JSON read strictly."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.cli import main
from tests.cli.documented import undocumented

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "forge_desktop")
PATIENCE = 120  # seconds, on a busy machine


def _environment(changes: Mapping[str, str | None] | None) -> dict[str, str]:
    merged: dict[str, str | None] = {**os.environ, "PYTHONPATH": str(ROOT), **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def _let_ctrl_c_through() -> None:
    # a shell that started the tests in the background had them ignore it, and children inherit that
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start(data_dir: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start `forge-desktop …` (or another command) with pipes; ended with the test. None removes a variable."""
    started: list[subprocess.Popen[bytes]] = []

    def run(
        *arguments: str | Path | bytes,
        env: Mapping[str, str | None] | None = None,
        command: tuple[str, ...] = COMMAND,
        cwd: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [*command, *arguments],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            cwd=cwd or data_dir.parent,
            env=_environment(env),
            preexec_fn=_let_ctrl_c_through if os.name == "posix" else None,
        )
        started.append(process)
        return process

    # The starter student likes to repeat itself; what it says is not what these tests are about.
    (data_dir / "settings.json").write_text(json.dumps({"answer_tokens": 40}))
    yield run
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()


@pytest.fixture
def cli(start: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `forge-desktop …` to its end and expect an exit status (0 unless told). Never a traceback."""

    def run(
        *arguments: str | Path | bytes, expect: int = 0, input: bytes = b"", **options: Any
    ) -> subprocess.CompletedProcess[str]:
        process = start(*arguments, **options)
        out, err = process.communicate(input, timeout=PATIENCE)
        done = subprocess.CompletedProcess(process.args, process.returncode, out.decode(), err.decode())
        assert done.returncode == expect, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def in_process(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The same in this process, which is quicker: files whose tests need no process of its own take it as `cli`."""

    def run(*arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
        try:
            status = main([str(each) for each in arguments])
        except SystemExit as ended:  # wrong usage
            status = int(ended.code or 0)
        said = capsys.readouterr()
        assert status == expect, f"status {status}\n{said.out}\n{said.err}"
        return subprocess.CompletedProcess(arguments, status, said.out, said.err)

    return run


@pytest.fixture
def cli_json(cli: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., dict[str, Any]]:
    """Run a verb with --json: stdout must be exactly one JSON object, strictly valid, and stderr empty."""

    def run(*arguments: str | Path | bytes, **options: Any) -> dict[str, Any]:
        done = cli(*arguments, "--json", **options)
        assert done.stderr == ""
        value = _one_object(done.stdout)
        assert undocumented(arguments, value) == []
        return value

    return run


@pytest.fixture
def one_object() -> Callable[[str], dict[str, Any]]:
    """The one JSON object in a text; no NaN, no repeated name, no half of a surrogate pair, nothing beside it."""
    return _one_object


def _one_object(text: str) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    value = json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
    assert isinstance(value, dict)
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate would end here
    return value


@pytest.fixture
def check_fields() -> Callable[..., None]:
    """Each named field is there and of its type (None in a tuple allows null); a bool is no number."""

    def check(value: dict[str, Any], **types: Any) -> None:
        for name, wanted in types.items():
            assert name in value, f"{name} is missing in {sorted(value)}"
            kinds = wanted if isinstance(wanted, tuple) else (wanted,)
            allowed = tuple(type(None) if kind is None else kind for kind in kinds)
            found = value[name]
            assert isinstance(found, allowed), f"{name} is {found!r}"
            assert bool in kinds or not isinstance(found, bool), f"{name} is {found!r}"

    return check
