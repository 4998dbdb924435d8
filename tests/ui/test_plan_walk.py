"""A student that does not fit, from the list to its first load, with the real planner and the real process."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QListView, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.plan_dialog import PlanDialog
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.status_line import StatusLine
from forge_desktop.ui.widgets.basics import Button
from tests.data import tiny_gguf


def button(place: QWidget, words: str) -> Button:
    return next(found for found in place.findChildren(Button) if found.text() == words)


def shown(place: QWidget) -> str:
    return "\n".join(found.text() for found in place.findChildren(QLabel) if found.isVisible())


def test_a_student_that_does_not_fit_is_made_to_fit(qtbot: QtBot, window: Shell, forge: Forge, tmp_path: Path) -> None:
    vast = tiny_gguf.write(tmp_path / "vast.gguf", context=2**30, head=4096, layers=4)  # 275 GB at the length wished
    forge.settings.change(context_tokens=1_048_576, threads=1)
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    pane.import_files([vast])
    view = pane.bases.findChild(QListView)
    qtbot.waitUntil(lambda: view.model().rowCount() == 2, timeout=30_000)
    view.setCurrentIndex(view.model().index(1, 0))
    qtbot.mouseClick(button(pane, "Use this student"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.findChild(PlanDialog) is not None, timeout=30_000)
    dialog: PlanDialog = window.findChild(PlanDialog)
    assert "vast does not fit" in shown(dialog)
    assert "too large" in dialog.panel.table.rows()[0].verdict()
    active = forge.students.active()
    assert active is not None
    assert active.name != "vast", "nothing has changed so far"
    context = dialog.panel.fields.context
    context.setFocus()
    context.selectAll()
    QTest.keyClicks(context, "2048")
    qtbot.waitUntil(lambda: button(dialog, "Load").isEnabled(), timeout=30_000)
    assert "vast fits now" in shown(dialog)
    QTest.keyClick(context, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: forge.engine.state().status == "ready", timeout=60_000)
    state = forge.engine.state()
    assert (state.model, state.context) == ("vast", 2048)
    qtbot.waitUntil(lambda: "Your own: 2,048 tokens." in shown(pane))
    status = window.findChild(StatusLine)
    qtbot.waitUntil(lambda: status.state_text() == "Ready")
    assert state.device is not None
    assert state.device in shown(status)
    qtbot.mouseClick(button(pane, "Eject"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: forge.engine.state().status == "empty", timeout=30_000)
    forge.jobs.start("engine", "warm", lambda context: forge.engine.warm(context.check, asked=False))  # a next start
    qtbot.waitUntil(lambda: forge.engine.state().context == 2048, timeout=60_000)
