"""What every room's tests share: data directory, starter student, sample, and the check that nothing is left."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:  # Qt is loaded by the tests that show something, and by no others
    from PySide6.QtWidgets import QApplication

# Before any QApplication, keyring or room exists: no window, no person's keyring, no person's data.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_SCALE_FACTOR", "1")
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
os.environ.setdefault("FORGE_MEASURE", "0")  # measured settings would differ from run to run, and so could answers
_NOBODYS = os.path.join(tempfile.gettempdir(), f"forge-tests-{os.getpid()}")
os.environ["FORGE_DATA_DIR"] = _NOBODYS
os.environ["FORGE_PACKS"] = ""  # no shipped pack: the processor computes, whatever GPU there is

ROOT = Path(__file__).resolve().parents[1]
STARTER = ROOT / "resources" / "students" / "SmolLM2-135M-Instruct.Q4_1.gguf"
SAMPLE = ROOT / "resources" / "sample"
_PATIENCE = 5.0  # seconds a thread or child that was told to end may take

hypothesis.settings.register_profile("forge", deadline=None, max_examples=60, derandomize=True)
hypothesis.settings.register_profile("full", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("full" if os.environ.get("FORGE_FULL_TESTS") else "forge")


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh data directory, also in FORGE_DATA_DIR for the processes the test starts."""
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("FORGE_DATA_DIR", str(path))
    return path


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """The application as it is made for people, with its fonts; always started light.

    For the tests of every room: there is one application in a process, and the first test to ask for it makes it.
    """
    from forge_desktop.ui import theme
    from forge_desktop.ui.application import application

    app = application()
    theme.apply(app, "light")
    return app


@pytest.fixture(scope="session")
def starter() -> Path:
    """The starter student's GGUF file."""
    if not STARTER.is_file():
        pytest.fail("The starter student is missing: run `python3 packaging/dev.py setup`.")
    return STARTER


@pytest.fixture(scope="session")
def sample_dir() -> Path:
    """The sample corpus that ships with the application. Read only: copy it to change it."""
    if not SAMPLE.is_dir():
        pytest.fail("resources/sample is missing.")
    return SAMPLE


class _Record(logging.Handler):
    """Keeps the warnings and errors that the application logs during one test."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.expected: list[re.Pattern[str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")

    def unexpected(self) -> list[str]:
        return [line for line in self.lines if not any(pattern.search(line) for pattern in self.expected)]


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[_Record]:
    """Fail a test that logs a warning or an error it did not announce with `expect_log`."""
    logger = logging.getLogger("forge_desktop")
    level, handlers = logger.level, list(logger.handlers)
    record = _Record()
    logger.addHandler(record)
    yield record
    for handler in list(logger.handlers):
        if handler not in handlers:  # ours, and what start_logging() opened inside the test
            logger.removeHandler(handler)
            handler.close()
    logger.setLevel(level)
    if lines := record.unexpected():
        pytest.fail("Unexpected log lines (expect_log announces one):\n" + "\n".join(lines), pytrace=False)


@pytest.fixture
def expect_log(quiet_log: _Record) -> Callable[[str], None]:
    """Announce a warning or error that this test is meant to log: `expect_log(r"regular expression")`."""
    return lambda pattern: quiet_log.expected.append(re.compile(pattern))


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves one of our threads or any child process behind.

    What a wider-scoped fixture started before the test is not counted. A test whose module-wide fixture starts its
    child later carries `@pytest.mark.shared_child`; the whole run is checked for such children at its end.
    """
    threads, children = set(threading.enumerate()), _children()
    yield
    if request.node.get_closest_marker("shared_child"):
        return
    if left := _left_after(_PATIENCE, threads, children):
        pytest.fail("The test left running: " + ", ".join(left), pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Shared fixtures are closed by now: whatever still runs was forgotten."""
    shutil.rmtree(_NOBODYS, ignore_errors=True)
    if left := _left_after(_PATIENCE, {threading.main_thread()}, {}):
        print("\nThe tests left running: " + ", ".join(left), file=sys.stderr)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _left_after(patience: float, threads: set[threading.Thread], children: dict[int, str]) -> list[str]:
    deadline = time.monotonic() + patience
    while True:
        left = [
            f"thread {thread.name}"
            for thread in threading.enumerate()
            if thread not in threads and (thread.name.startswith("forge-") or not thread.daemon)
        ]
        left += [f"process {pid} ({command})" for pid, command in _children().items() if pid not in children]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def _children() -> dict[int, str]:
    """Our child processes and their commands; empty where the system has no /proc."""
    found = {}
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            pids = task.read_text().split()
        except OSError:  # the thread ended between the listing and the reading
            continue
        for pid in pids:
            try:
                command = (
                    Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                )
            except OSError:
                continue
            if "resource_tracker" not in command:  # the standard library's own, it lives as long as the process
                found[int(pid)] = command or "ended, not waited for"
    return found
