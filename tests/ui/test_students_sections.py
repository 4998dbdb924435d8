"""The sections of the Students pane: which is in front, how one leads to another, that each can be used and read."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Button, ElidedLabel
from tests.ui.test_accessibility import NAMED, in_a_field, walk

SECTIONS = ("versions", "bases", "training", "gates")


@pytest.fixture
def pane(window: Shell) -> StudentsPane:
    made = window.visit("students")
    assert isinstance(made, StudentsPane)
    return made


def nameless(root: QWidget) -> list[str]:
    found = []
    for node in walk(QAccessible.queryAccessibleInterface(root)):
        widget = node.object()
        takes_tab = isinstance(widget, QWidget) and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if node.state().invisible or not (node.role() in NAMED or takes_tab):
            continue
        if not node.text(QAccessible.Text.Name).strip():
            found.append(f"{node.role()} {type(widget).__name__}")
    return found


def cut(root: QWidget) -> list[str]:
    found = []
    for words in root.findChildren(QLabel):
        plain = words.isVisible() and words.text() and not isinstance(words, ElidedLabel)
        if plain and not words.wordWrap() and words.sizeHint().width() > words.width() + 1:
            found.append(words.text())
        if plain and words.wordWrap() and words.heightForWidth(words.width()) > words.height() + 1:
            found.append(words.text())
    for button in root.findChildren(QAbstractButton):
        worded = button.isVisible() and button.text() and not in_a_field(button)
        if worded and button.sizeHint().width() > button.width() + 1:
            found.append(button.text())
    return found


def test_versions_are_in_front_and_the_arrow_keys_go_on(qtbot: QtBot, window: Shell, pane: StudentsPane) -> None:
    assert pane.section() == "versions"
    assert pane.versions.isVisible()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    pane._segments._buttons["versions"].setFocus()
    for key in ("bases", "training", "gates"):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
        assert pane.section() == key
        assert pane._sections[key].isVisible()


def test_every_section_is_named_and_nothing_is_cut_off(qtbot: QtBot, window: Shell, pane: StudentsPane) -> None:
    for section in SECTIONS:
        pane.show_section(section)
        for size in ((1360, 860), (880, 560)):
            window.resize(*size)
            qtbot.waitUntil(lambda: not cut(pane))
            assert not nameless(pane), section


def test_a_command_leads_to_a_section_and_what_trains_to_training(qtbot: QtBot, window: Shell) -> None:
    for section in SECTIONS:
        window.run_command("students", section)
        pane = window.visit("students")
        assert isinstance(pane, StudentsPane)
        assert pane.section() == section
    pane.show_section("versions")
    train = next(found for found in pane.findChildren(Button) if found.accessibleName() == "Train adapter")
    qtbot.mouseClick(train, Qt.MouseButton.LeftButton)
    assert pane.section() == "training"
