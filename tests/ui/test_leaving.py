"""The window asks before it closes in a run, and its sheets close with it."""

from __future__ import annotations

import threading

from PySide6.QtWidgets import QDialog, QMessageBox
from pytestqt.qtbot import QtBot

from forge_desktop.base.jobs import JobContext
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.distill import DistillPane
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Notice

SOON = 10_000


def test_a_run_that_is_under_way_is_spoken_of_before_the_window_closes(
    qtbot: QtBot, window: Shell, forge: Forge
) -> None:
    go_on = threading.Event()

    def work(_: JobContext) -> None:
        go_on.wait(30)

    forge.jobs.start("distill", "distil", work)
    try:
        window.leave()
        (box,) = window.findChildren(QMessageBox)
        assert window.isVisible()
        assert "A run is under way." in box.informativeText()
        next(b for b in box.buttons() if b.text() == "Stay").click()
        assert window.isVisible()
        window.leave()
        box = window.findChildren(QMessageBox)[-1]
        next(b for b in box.buttons() if b.text() == "Close").click()
        qtbot.waitUntil(window.isHidden, timeout=SOON)
    finally:
        go_on.set()
        qtbot.waitUntil(lambda: not forge.jobs.running(), timeout=SOON)


def test_training_gates_and_the_like_are_spoken_of_with_what_becomes_of_them(
    qtbot: QtBot, window: Shell, forge: Forge
) -> None:
    go_on = threading.Event()

    def work(_: JobContext) -> None:
        go_on.wait(30)

    for lane, kind in (
        ("train", "train"),
        ("train", "gate"),
        ("train", "train"),
        ("compare", "compare"),
        ("a", "export"),
    ):
        forge.jobs.start(lane, kind, work)
    for kind in ("import", "download"):
        forge.jobs.start(kind, kind, work)
    try:
        window.leave()
        (box,) = window.findChildren(QMessageBox)
        words = box.informativeText()
        for fact in (
            "An adapter is being trained. Its checkpoint is saved; resume",
            "1 training run waits for its turn and stays in the list",
            "1 gate waits for its turn and stays in the list",
            "Versions are being compared",
            "An export is being written",
            "An import is under way",
            "A base is being downloaded. What has come is kept",
        ):
            assert fact in words
        assert "A gate runs" not in words
        next(b for b in box.buttons() if b.text() == "Stay").click()
    finally:
        go_on.set()
        qtbot.waitUntil(lambda: not forge.jobs.running(), timeout=SOON)


def test_without_anything_under_way_it_closes_with_its_sheets(qtbot: QtBot, window: Shell) -> None:
    sheet = QDialog(window.visit("distill"))
    sheet.open()
    qtbot.waitUntil(sheet.isVisible)
    window.leave()
    assert window.isHidden()
    assert sheet.isHidden()


def test_a_message_moves_out_of_the_way_of_what_a_pane_keeps_free(qtbot: QtBot, window: Shell) -> None:
    pane = window.visit("distill")
    assert isinstance(pane, DistillPane)
    pane.notice.emit(Notice("Something was done."))
    before = window._toast.y()
    pane.page.item.show()
    pane.page._fit()
    qtbot.waitUntil(lambda: window._toast.y() < before, timeout=SOON)
