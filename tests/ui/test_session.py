"""Starting and ending: one window per data directory, worded troubles instead of tracebacks, a tidy end."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import OwnerLock
from forge_desktop.forge import Forge
from forge_desktop.ui import app as ui_app
from forge_desktop.ui.instance import Instance
from forge_desktop.ui.session import Session
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.trouble import TroubleDialog
from forge_desktop.ui.widgets.basics import Button

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(data_dir: Path) -> Iterator[Start]:
    """Starts `forge-desktop` without a verb on the test's data directory; what still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def run(**environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "forge_desktop"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=data_dir,
            env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen", **environment},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


class Visitor:
    """Answers dialogs and the window as a person would: looks every 20 ms and does the next thing that fits."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.answers: list[Callable[[TroubleDialog], None]] = []
        self._timer = QTimer(interval=20)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, TroubleDialog) and widget.isVisible():
                self.seen.append(f"{widget.message.text()} | {widget.hint.text()}")
                self.answers.pop(0)(widget)
            elif isinstance(widget, Shell) and widget.isVisible() and widget._furnished:
                self.seen.append("window")
                widget.close()


@pytest.fixture
def visitor(qapp: QApplication) -> Visitor:
    return Visitor()


def press(words: str) -> Callable[[TroubleDialog], None]:
    def act(dialog: TroubleDialog) -> None:
        next(found for found in dialog.findChildren(Button) if found.text() == words).click()

    return act


def test_the_window_opens_and_closes_cleanly(qtbot: QtBot, data_dir: Path, visitor: Visitor) -> None:
    assert Session(data_dir).run() == 0
    assert visitor.seen == ["window"]
    OwnerLock(data_dir).acquire("afterwards")  # the directory was given back


def test_every_pane_opens_in_a_process_of_its_own(start: Start) -> None:
    process = start(FORGE_SMOKE="1")
    out, err = process.communicate(timeout=150)
    assert process.returncode == 0, err
    lines = [line for line in err.decode().splitlines() if "propagateSizeHints" not in line]
    assert lines == []
    assert out.decode().split() == [
        word for key in ("corpus", "chat", "distill", "students", "cards", "settings") for word in ("pane", key)
    ]


def test_a_second_start_raises_the_first_window(qtbot: QtBot, data_dir: Path, start: Start) -> None:
    first = Instance(data_dir)
    first.listen()
    try:
        with qtbot.waitSignal(first.knocked, timeout=60_000):
            second = start()
        qtbot.waitUntil(lambda: second.poll() is not None, timeout=20_000)
        assert second.returncode == 0
        assert not (data_dir / "forge.db").exists(), "the second start touched the data"
    finally:
        first.close()


def test_two_real_starts_make_one_window_and_a_polite_kill_ends_it(
    qtbot: QtBot, data_dir: Path, start: Start, qapp: QApplication
) -> None:
    first = start()
    qtbot.waitUntil(lambda: Instance(data_dir).knock(100), timeout=60_000)
    second = start()
    assert second.wait(timeout=60) == 0
    assert first.poll() is None
    first.send_signal(signal.SIGTERM)
    _, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    assert b"Traceback" not in err
    lock = OwnerLock(data_dir)
    lock.acquire("afterwards")
    lock.release()


def test_instances_of_other_directories_do_not_meet(tmp_path: Path, qapp: QApplication) -> None:
    here, there = Instance(tmp_path / "a"), Instance(tmp_path / "b")
    here.listen()
    assert not there.knock(100)
    here.close()
    assert not Instance(tmp_path / "a").knock(100)


def test_a_newer_database_is_said_in_a_dialog_and_left_alone(data_dir: Path, visitor: Visitor) -> None:
    Forge(data_dir, holder="a test").close()
    with sqlite3.connect(data_dir / "forge.db") as database:
        (table,) = database.execute("SELECT name FROM sqlite_master WHERE name LIKE '%migrations%'").fetchone()
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        row = database.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()
        newer = ["m9999_from_the_future" if name == "name" else value for name, value in zip(columns, row, strict=True)]
        newer = [None if name == "id" else value for name, value in zip(columns, newer, strict=True)]
        database.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(columns))})", newer)
    database.close()
    before = (data_dir / "forge.db").read_bytes()
    visitor.answers = [press("Quit")]
    assert Session(data_dir).run() == 1
    assert "newer Forge Desktop" in visitor.seen[0]
    assert "--data-dir" in visitor.seen[0]
    assert (data_dir / "forge.db").read_bytes() == before


def test_a_damaged_database_is_said_in_a_dialog(data_dir: Path, visitor: Visitor) -> None:
    (data_dir / "forge.db").write_bytes(b"this is not a database" * 500)
    visitor.answers = [press("Quit")]
    assert Session(data_dir).run() == 1
    assert "is damaged" in visitor.seen[0]
    assert (data_dir / "forge.db").read_bytes() == b"this is not a database" * 500


def test_a_directory_in_use_names_the_holder_and_can_be_tried_again(data_dir: Path, visitor: Visitor) -> None:
    lock = OwnerLock(data_dir)
    lock.acquire("forge-desktop index")

    def let_go_and_try_again(dialog: TroubleDialog) -> None:
        lock.release()
        press("Try again")(dialog)

    visitor.answers = [press("Copy message"), let_go_and_try_again]
    assert Session(data_dir).run() == 0
    assert "forge-desktop index" in visitor.seen[0]
    assert str(os.getpid()) in visitor.seen[0]
    assert "forge-desktop index" in QApplication.clipboard().text()
    assert visitor.seen[-1] == "window"


def test_without_a_display_it_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    if sys.platform in ("win32", "darwin"):
        pytest.skip("these always have a display")
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ForgeError) as caught:
        ui_app.run(data_dir)
    assert "no display" in caught.value.message
    assert "tour" in caught.value.hint


def test_a_missing_system_library_is_named_with_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("a matter of Linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setattr(ui_app, "_X11_LIBRARIES", {"libnot-there.so.9": "libnot-there9"})
    with pytest.raises(ForgeError) as caught:
        ui_app._require_libraries()
    assert "libnot-there9" in caught.value.message
    assert "apt-get install libnot-there9" in caught.value.hint
    worded = ui_app._missing("libEGL.so.1: cannot open shared object file: No such file or directory")
    assert "libEGL.so.1" in worded.message
    assert "apt-get install" in worded.hint
