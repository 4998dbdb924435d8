"""A student that was stopped: said with its file, loaded again only by a person, at the next start too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from forge_desktop.base.events import EngineChanged
from forge_desktop.engine.records import StudentSpec
from forge_desktop.forge import Forge
from forge_desktop.ui.engine_banner import EngineBanner
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.status_line import StatusLine
from forge_desktop.ui.widgets.basics import Button

STOPPED = EngineChanged("stopped", "a-model", None, None, "The student /models/a.gguf was stopped.")


@pytest.fixture
def banner(window: Shell) -> EngineBanner:
    return window.findChild(EngineBanner)


def button(place: EngineBanner, words: str) -> Button:
    return next(found for found in place.findChildren(Button) if found.text() == words)


def test_a_stopped_student_is_said_and_loaded_again(
    qtbot: QtBot, window: Shell, banner: EngineBanner, forge: Forge
) -> None:
    assert not banner.isVisible()
    forge.events.publish(STOPPED)
    qtbot.waitUntil(banner.isVisible)
    assert banner.accessibleName().startswith(
        "The student /models/a.gguf was stopped. It is not loaded again by itself"
    )
    qtbot.mouseClick(button(banner, "Load again"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not banner.isVisible())
    qtbot.waitUntil(lambda: forge.engine.state().status == "ready", timeout=60_000)


def test_another_one_is_chosen_in_students(qtbot: QtBot, window: Shell, banner: EngineBanner, forge: Forge) -> None:
    forge.events.publish(STOPPED)
    qtbot.waitUntil(banner.isVisible)
    qtbot.mouseClick(button(banner, "Choose another"), Qt.MouseButton.LeftButton)
    assert window.current_pane() == "students"
    assert banner.isVisible(), "it still holds"


def test_a_dismissed_message_comes_back_only_for_another_stop(
    qtbot: QtBot, window: Shell, banner: EngineBanner, forge: Forge
) -> None:
    forge.events.publish(STOPPED)
    qtbot.waitUntil(banner.isVisible)
    banner._on_close()
    forge.events.publish(STOPPED)
    QApplication.processEvents()
    assert not banner.isVisible()
    forge.events.publish(EngineChanged("loading", "a-model"))
    forge.events.publish(STOPPED)
    qtbot.waitUntil(banner.isVisible)


def test_a_long_path_does_not_widen_the_window(qtbot: QtBot, window: Shell, banner: EngineBanner, forge: Forge) -> None:
    window.resize(880, 560)
    path = "/home/ada/" + "a-very-long-folder-name/" * 8 + "model.gguf"
    forge.events.publish(EngineChanged("stopped", "a-model", None, None, f"The student {path} was stopped."))
    qtbot.waitUntil(banner.isVisible)
    QApplication.processEvents()
    assert window.width() == 880
    assert path in banner.accessibleName()
    for text in banner.findChildren(QLabel):
        assert not text.wordWrap() or text.heightForWidth(text.width()) <= text.height() + 1


def test_a_student_that_crashed_is_not_loaded_at_the_next_start(
    qtbot: QtBot, forge: Forge, open_window: Callable[[], Shell]
) -> None:
    student = forge.students.active()
    assert student is not None
    spec = StudentSpec(student.name, student.path, student.sha256)
    forge.engine._crashes.stop(spec, "was killed (signal 9)")  # what an earlier run of the application left behind
    forge.engine.use(spec, asked=False)
    window = open_window()
    banner = window.findChild(EngineBanner)
    assert banner.isVisible()
    forge.jobs.start("engine", "warm", lambda context: forge.engine.warm(context.check, asked=False))
    qtbot.waitUntil(lambda: not forge.jobs.running())
    assert Path(student.path).name in banner.accessibleName()
    assert not window._banner.isVisible(), "one message is enough"
    assert window.findChild(StatusLine).state_text() == "Stopped"
    qtbot.mouseClick(button(banner, "Load again"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: forge.engine.state().status == "ready", timeout=60_000)
    qtbot.waitUntil(lambda: not banner.isVisible())
