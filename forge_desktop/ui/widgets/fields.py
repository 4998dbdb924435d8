"""Fields to choose or type a value in: lists, numbers, files, texts. They say `changed`, not what it means.

A number says `changed` with every key, and `settled` once it is typed to its end: with Enter, on leaving, on stepping.
"""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QLineEdit,
    QPlainTextEdit,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
)

from forge_desktop.base.numbers import plain
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.controls import name_buttons
from forge_desktop.ui.widgets.words import isolated

_FREE = 4  # pixels between the words of a list and its arrow


class ChoiceField(QComboBox):
    """A list of values with their labels. The wheel scrolls the page, not the value."""

    changed = Signal()

    def __init__(self, choices: dict[Any, str]) -> None:
        super().__init__()
        for value, words in choices.items():
            self.addItem(words, value)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.activated.connect(self.changed)

    def value(self) -> object:
        """The chosen value."""
        return self.currentData()

    def show_value(self, value: object) -> None:
        """Choose a value without a signal."""
        self.setCurrentIndex(self.findData(value))

    def sizeHint(self) -> QSize:
        """As usual, and a little more: what `paintEvent` leaves free beside the longest words."""
        return super().sizeHint() + QSize(2 * _FREE, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """As usual, with an ellipsis where there is no room: dressed by a style sheet, Qt cuts in mid-letter."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        style = self.style()
        control, part = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        room = style.subControlRect(control, option, part, self).width() - _FREE
        words = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, room)
        option.currentText = isolated(words) if self.isRightToLeft() else words
        painter.drawComplexControl(control, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class OfferField(QComboBox):
    """A whole number to type, or one of those that are offered by name. The wheel scrolls the page, not the value."""

    changed = Signal()
    settled = Signal()

    def __init__(self, offers: dict[int, str]) -> None:
        super().__init__()
        self._offers = offers
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for value, words in offers.items():
            self.addItem(words, value)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.activated.connect(self.changed)
        self.activated.connect(self.settled)
        line = self.lineEdit()
        assert line is not None
        line.textEdited.connect(self.changed)
        line.editingFinished.connect(self.settled)
        line.setFont(theme.font(tokens.BODY, tabular=True))

    def value(self) -> object:
        """The number chosen or typed, or the text when it is none."""
        text = self.currentText().strip()
        known = next((value for value, words in self._offers.items() if words == text), None)
        if known is not None:
            return known
        with contextlib.suppress(ValueError):
            return int(plain(text, whole=True))
        return text

    def show_value(self, value: object) -> None:
        """Show a number, by its name where it has one, without a signal."""
        self.setCurrentIndex(self.findData(value))
        self.setEditText(self._offers.get(value, str(value)))  # type: ignore[call-overload]

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        if (line := self.lineEdit()) is not None:
            line.setAccessibleName(name)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.settled.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class NumberField(QLineEdit):
    """A number to type; the arrow keys step. What is not a number comes out as its text, for the check to refuse.

    "0,7" can only be meant with a point and is read so; "1,234" can be meant in two ways and is not.
    """

    changed = Signal()
    settled = Signal()

    def __init__(self, kind: type) -> None:
        super().__init__()
        self._kind = kind
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setFont(theme.font(tokens.BODY, tabular=True))
        self.textEdited.connect(self.changed)
        self.editingFinished.connect(self.settled)

    def value(self) -> object:
        """The number typed, or the text when it is none."""
        with contextlib.suppress(ValueError, ArithmeticError):
            if "_" not in self.text():  # Python would read over it
                return self._kind(plain(self.text(), whole=self._kind is int))
        return self.text()

    def show_value(self, value: object) -> None:
        """Show a number without a signal."""
        self.setText(
            f"{value:g}" if isinstance(value, float) else f"{value:f}" if isinstance(value, Decimal) else str(value)
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        value = self.value()
        if step is None or not isinstance(value, int | float | Decimal):
            super().keyPressEvent(event)
            return
        if isinstance(value, Decimal):
            self.show_value(value + step * Decimal("0.05"))
        else:
            self.show_value(round(value + step * 0.05, 2) if self._kind is float else value + step)
        self.changed.emit()
        self.settled.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.settled.emit()  # a window that closes takes no focus away


class FileField(QLineEdit):
    """The path of a file, typed or chosen; `fitting` is a dialog's filter, as in "Pictures (*.png)"."""

    changed = Signal()

    def __init__(self, fitting: str, action: str = "Choose a file") -> None:
        super().__init__()
        self._fitting, self._action = fitting, action
        self.setPlaceholderText("None")
        self.editingFinished.connect(self.changed)
        self.browse = self.addAction(theme.icon("folder-open"), QLineEdit.ActionPosition.TrailingPosition)
        self.browse.setText(action)
        name_buttons(self)
        self.browse.triggered.connect(self._on_browse)

    def value(self) -> object:
        """The path."""
        return self.text().strip()

    def show_value(self, value: object) -> None:
        """Show a path without a signal."""
        self.setText(str(value))
        self.setToolTip(str(value))

    @Slot()
    def _on_browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, self._action, self.text(), f"{self._fitting};;All files (*)")
        if chosen:
            self.show_value(chosen)
            self.changed.emit()


class FolderField(FileField):
    """The path of a folder, typed or chosen."""

    def __init__(self) -> None:
        super().__init__("", "Choose a folder")

    @Slot()
    def _on_browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self._action, self.text())
        if chosen:
            self.show_value(chosen)
            self.changed.emit()


class TextField(QPlainTextEdit):
    """Several lines of text; Tab leaves the field."""

    changed = Signal()

    def __init__(self, height: int = 84) -> None:
        super().__init__()
        self.setProperty("cls", "field")
        self.setTabChangesFocus(True)
        self.setFixedHeight(theme.px(height))

    def value(self) -> object:
        """The text."""
        return self.toPlainText()

    def show_value(self, value: object) -> None:
        """Show a text."""
        if value != self.toPlainText():
            self.setPlainText(str(value))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.changed.emit()
