"""Every pane can be used without a mouse and without sight: names, order, sizes, both directions of writing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QToolBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from forge_desktop.ui.panes import PANES
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import ElidedLabel
from forge_desktop.ui.widgets.rail import NavigationRail

_Role = QAccessible.Role
NAMED = {
    _Role.PushButton,
    _Role.CheckBox,
    _Role.EditableText,
    _Role.ComboBox,
    _Role.Table,
    _Role.List,
    _Role.ButtonMenu,
    _Role.RadioButton,
    _Role.SpinBox,
    _Role.Slider,
    _Role.ProgressBar,
}
OPAQUE = {_Role.Table, _Role.List, _Role.Tree}  # their cells speak for themselves


@pytest.fixture(params=list(PANES))
def shown(request: pytest.FixtureRequest, qtbot: QtBot, window: Shell) -> Shell:
    """The window with each pane in front in turn."""
    window.visit(request.param)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QApplication.processEvents()
    return window


def walk(node: QAccessibleInterface, depth: int = 0) -> Iterator[QAccessibleInterface]:
    yield node
    if depth > 40 or node.role() in OPAQUE:
        return
    for place in range(node.childCount()):
        child = node.child(place)
        if child is not None and child.isValid():
            yield from walk(child, depth + 1)


def in_a_field(widget: QWidget) -> bool:
    """Whether it is a part of Qt's own line edit, spin box, combo box or scroll bar."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QLineEdit | QAbstractSpinBox | QComboBox | QMenu | QToolBar):
            return True
        parent = parent.parentWidget()
    return False


def test_every_control_has_a_name(shown: Shell) -> None:
    root = QAccessible.queryAccessibleInterface(shown)
    assert root is not None
    nodes, nameless = 0, []
    for node in walk(root):
        if node.state().invisible:
            continue
        nodes += 1
        widget = node.object()
        takes_tab = isinstance(widget, QWidget) and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if (node.role() in NAMED or takes_tab) and not node.text(QAccessible.Text.Name).strip():
            nameless.append((str(node.role()), type(widget).__name__))
    assert nodes > 20
    assert not nameless


def test_the_keyboard_reaches_every_control(shown: Shell) -> None:
    wanted = {
        widget
        for widget in shown.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
        and not (type(widget) is QAbstractScrollArea or in_a_field(widget))
    }
    reached = set()
    for _ in range(len(wanted) + 50):
        shown.focusNextChild()
        focus = QApplication.focusWidget()
        if focus in reached:
            break
        reached.add(focus)
    missed = [f"{type(widget).__name__} {widget.accessibleName()}" for widget in wanted - reached]
    assert len(reached) >= 3  # rail, status bar, and the pane itself
    assert not missed


@pytest.mark.parametrize("size", [(1360, 860), (880, 560)])
def test_no_text_is_cut_off(qtbot: QtBot, shown: Shell, size: tuple[int, int]) -> None:
    shown.resize(*size)
    QApplication.processEvents()
    cut = []
    for found in shown.findChildren(QLabel):
        plain = found.isVisible() and found.text() and not isinstance(found, ElidedLabel)
        if plain and not found.wordWrap() and found.sizeHint().width() > found.width() + 1:
            cut.append((found.text(), found.sizeHint().width(), found.width()))
        if plain and found.wordWrap() and found.heightForWidth(found.width()) > found.height() + 1:
            cut.append((found.text(), found.heightForWidth(found.width()), found.height()))
    for button in shown.findChildren(QAbstractButton):
        worded = button.isVisible() and button.text() and not in_a_field(button)
        if worded and button.sizeHint().width() > button.width() + 1:
            cut.append((button.text(), button.sizeHint().width(), button.width()))
    assert not cut


def test_every_target_is_at_least_24_pixels(shown: Shell) -> None:
    small = [
        (type(button).__name__, button.accessibleName(), button.width(), button.height())
        for button in shown.findChildren(QAbstractButton)
        if button.isVisible() and not in_a_field(button) and min(button.width(), button.height()) < 24
    ]
    assert not small


def test_the_window_mirrors_for_right_to_left(qapp: QApplication, shown: Shell) -> None:
    rail = shown.findChild(NavigationRail)
    assert rail.mapTo(shown, QPoint(0, 0)).x() < 10
    try:
        qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        QApplication.processEvents()
        assert rail.mapTo(shown, QPoint(0, 0)).x() > shown.width() - 120
        assert not shown.grab().isNull()
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def test_labels_show_plain_text_only(shown: Shell) -> None:
    marked = [
        found.text()
        for found in shown.findChildren(QLabel)
        if found.text() and found.textFormat() not in (Qt.TextFormat.PlainText,) and not in_a_field(found)
    ]
    assert not marked
