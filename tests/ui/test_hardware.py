"""The Hardware part of Settings: asked for when it is seen, measured on request, copied without private paths."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from forge_desktop.archive.doctor import Doctor
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.records_plan import Hardware, Timing
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.settings import SettingsPane
from forge_desktop.ui.panes.settings.hardware import HardwarePanel
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Banner, Button, ProgressRow
from tests.archive.machines import BARE, TIMING, StubEngine
from tests.ui.plans import Planner


class SlowEngine(StubEngine):
    """Answers when it is let go; measures until it is told to stop, or is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go, self.measuring = threading.Event(), threading.Event()
        self.go.set()

    def hardware(self) -> Hardware:
        assert self.go.wait(30)
        return super().hardware()

    def measure(self, check: Callable[[], None]) -> Timing:  # type: ignore[override]
        self.measuring.set()
        while not self.go.wait(0.01):
            check()
        self.answer = dataclasses.replace(self.answer, timings=(TIMING,))  # type: ignore[type-var]
        return TIMING


@pytest.fixture
def engine(forge: Forge) -> SlowEngine:
    made = SlowEngine()
    forge.students.layouts = Planner()  # type: ignore[assignment]
    forge.doctor = Doctor(made, forge.students, forge.archive, forge.settings, forge.data_dir)  # type: ignore[arg-type]
    return made


@pytest.fixture
def pane(engine: SlowEngine, window: Shell) -> SettingsPane:
    made = window.visit("settings")
    assert isinstance(made, SettingsPane)
    return made


@pytest.fixture
def panel(pane: SettingsPane) -> HardwarePanel:
    return pane.findChild(HardwarePanel)


def button(place: HardwarePanel, words: str) -> Button:
    return next(found for found in place.findChildren(Button) if found.text() == words)


def shown(place: HardwarePanel) -> str:
    return "\n".join(found.text() for found in place.findChildren(QLabel) if found.isVisible())


def go_there(qtbot: QtBot, pane: SettingsPane) -> None:
    jump = next(found for found in pane.findChildren(Button) if found.accessibleName() == "Go to Hardware")
    qtbot.mouseClick(jump, Qt.MouseButton.LeftButton)


def test_nothing_is_asked_before_it_is_seen(qtbot: QtBot, pane: SettingsPane, panel: HardwarePanel) -> None:
    QApplication.processEvents()
    assert panel.checkup() is None
    assert not pane.forge.jobs.running()
    go_there(qtbot, pane)
    qtbot.waitUntil(lambda: panel.checkup() is not None)
    qtbot.waitUntil(lambda: "7B Q4 at 8k fits on Vulkan0 with 1.2 GB to spare" in shown(panel))
    words = shown(panel)
    for fact in ("Nothing needs attention.", "GeForce RTX 4070", "11.0 GB free of 12.0 GB", "NVIDIA 580.12", "AVX2"):
        assert fact in words
    assert "reads 1,234 · writes 56.8 tokens/s" in words
    assert "The CPU is faster than this GPU" in words
    qtbot.waitUntil(lambda: panel.visibleRegion().boundingRect().top() <= 0, timeout=5_000)


def test_while_it_is_asked_it_says_so(
    qtbot: QtBot, pane: SettingsPane, panel: HardwarePanel, engine: SlowEngine
) -> None:
    engine.go.clear()
    go_there(qtbot, pane)
    qtbot.waitUntil(lambda: "Asking the engine's process" in shown(panel))
    assert not button(panel, "Copy report").isEnabled()
    engine.go.set()
    qtbot.waitUntil(lambda: "This computer" in shown(panel))
    assert "Asking" not in shown(panel)


def test_without_a_gpu_it_says_what_would_help(
    qtbot: QtBot, pane: SettingsPane, panel: HardwarePanel, engine: SlowEngine
) -> None:
    engine.answer = BARE
    go_there(qtbot, pane)
    qtbot.waitUntil(lambda: "no GPU pack is installed" in shown(panel))
    assert "Nothing has been measured yet" in shown(panel)
    engine.answer = ForgeError("The engine could not be started.", hint="Run the set-up.")
    qtbot.mouseClick(button(panel, "Look again"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Needs attention" in shown(panel))
    assert "The engine could not be started." in shown(panel)
    assert "Run the set-up." in shown(panel)


def test_measuring_shows_progress_and_ends_with_new_figures(
    qtbot: QtBot, pane: SettingsPane, panel: HardwarePanel, engine: SlowEngine
) -> None:
    engine.answer = BARE
    go_there(qtbot, pane)
    qtbot.waitUntil(lambda: "Nothing has been measured yet" in shown(panel))
    engine.go.clear()
    qtbot.mouseClick(button(panel, "Measure now"), Qt.MouseButton.LeftButton)
    progress = panel.findChild(ProgressRow)
    qtbot.waitUntil(progress.isVisible)
    assert not button(panel, "Measure now").isEnabled()
    engine.go.set()
    qtbot.waitUntil(lambda: "writes 56.8 tokens/s" in shown(panel))
    assert not progress.isVisible()
    assert button(panel, "Measure now").isEnabled()


def test_measuring_can_be_stopped(qtbot: QtBot, pane: SettingsPane, panel: HardwarePanel, engine: SlowEngine) -> None:
    go_there(qtbot, pane)
    qtbot.waitUntil(lambda: panel.checkup() is not None)
    engine.go.clear()
    qtbot.mouseClick(button(panel, "Measure now"), Qt.MouseButton.LeftButton)
    progress = panel.findChild(ProgressRow)
    qtbot.waitUntil(lambda: engine.measuring.is_set() and progress.isVisible())
    cancel = next(found for found in progress.findChildren(Button) if found.text() == "Cancel")
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not progress.isVisible())
    assert button(panel, "Measure now").isEnabled()
    assert not panel.findChild(Banner).isVisible()
    engine.go.set()


def test_the_report_is_copied_without_private_paths(
    qtbot: QtBot, pane: SettingsPane, panel: HardwarePanel, forge: Forge
) -> None:
    go_there(qtbot, pane)
    qtbot.waitUntil(lambda: panel.checkup() is not None)
    qtbot.mouseClick(button(panel, "Copy report"), Qt.MouseButton.LeftButton)
    text = QApplication.clipboard().text()
    assert "7B Q4 at 8k fits" in text
    assert str(forge.data_dir) not in text


def test_the_help_menu_leads_there(qtbot: QtBot, window: Shell, engine: SlowEngine) -> None:
    action = next(found for found in window.findChildren(QAction) if found.text() == "&Hardware…")
    action.trigger()
    assert window.current_pane() == "settings"
    panel = window.findChild(HardwarePanel)
    qtbot.waitUntil(lambda: panel.checkup() is not None)
    focus = QApplication.focusWidget()
    assert focus is not None
    assert panel.isAncestorOf(focus)


@pytest.mark.parametrize("size", [(1360, 860), (880, 560)])
def test_nothing_is_cut_off(qtbot: QtBot, pane: SettingsPane, panel: HardwarePanel, size: tuple[int, int]) -> None:
    pane.window().resize(*size)
    go_there(qtbot, pane)
    qtbot.waitUntil(lambda: "This computer" in shown(panel))
    QApplication.processEvents()
    for text in panel.findChildren(QLabel):
        if text.isVisible() and text.text() and type(text) is QLabel:
            wide = text.sizeHint().width() <= text.width() + 1
            assert text.heightForWidth(text.width()) <= text.height() + 1 if text.wordWrap() else wide, text.text()
