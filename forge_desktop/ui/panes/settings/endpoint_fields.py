"""Fields of the sheet for an endpoint: a name, an editor, a line of help, and under it what is wrong with the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import IconLabel, column, label, row, set_cls


class Editor(Protocol):
    """What a field needs of what is typed into."""

    def value(self) -> Any: ...
    def show_value(self, value: Any) -> None: ...


class SheetField(QWidget):
    """One line of the sheet. `edited` with every change by the person."""

    edited = Signal()

    def __init__(self, name: str, editor: QWidget, hint: str = "", beside: QWidget | None = None) -> None:
        super().__init__()
        self.editor: Any = editor
        self._hint = label(hint, tokens.SMALL, cls="muted", wrap=True)
        self._hint.setVisible(bool(hint))
        self._icon = IconLabel("circle-alert", 13, "bad")
        self._error = label("", tokens.SMALL, cls="bad", wrap=True)
        error = row(self._icon, self._error, gap=5)
        error.setStretch(1, 1)
        heading = label(name, tokens.SMALL, 600)
        heading.setBuddy(editor)
        editor.setAccessibleName(name)
        editor.setAccessibleDescription(hint)
        line = row(editor, *([beside] if beside is not None else []))
        line.setStretch(0, 1)
        self.setLayout(column(heading, line, self._hint, error, gap=3))
        self.show_error("")
        for signal in ("changed", "textEdited"):
            if (found := getattr(editor, signal, None)) is not None:
                found.connect(self._on_edited)

    def value(self) -> Any:
        """What is typed or chosen."""
        return self.editor.value()

    def show_value(self, value: Any) -> None:
        """Show a value without a signal."""
        self.editor.show_value(value)

    def show_hint(self, words: str) -> None:
        """Say something else under the field."""
        self._hint.setText(words)
        self._hint.setVisible(bool(words))
        self.editor.setAccessibleDescription(words)

    def show_error(self, words: str) -> None:
        """Say what is wrong; "" takes it back."""
        self._error.setText(words)
        self._error.setVisible(bool(words))
        self._icon.setVisible(bool(words))
        if isinstance(self.editor, QLineEdit | QComboBox):
            set_cls(self.editor, "bad" if words else "")
        if words:
            self.editor.setAccessibleDescription(words)

    def error(self) -> str:
        """The sentence under the field."""
        return self._error.text()

    @Slot()
    def _on_edited(self) -> None:
        self.show_error("")
        self.edited.emit()


class LineEditor(QLineEdit):
    """One line of text."""

    def __init__(self, placeholder: str = "") -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setFont(theme.font(tokens.TABLE))

    def value(self) -> str:
        """The text without blanks around it."""
        return self.text().strip()

    def show_value(self, value: object) -> None:
        """Show a text without a signal."""
        self.setText(str(value))


class NumberEditor(LineEditor):
    """A whole number; empty is 0, "not known"."""

    def value(self) -> Any:
        """The number, or the text when it is none, for the check to refuse."""
        text = self.text().strip().replace(",", "").replace(" ", "")
        return int(text) if text.isascii() and text.isdigit() else (text or 0)

    def show_value(self, value: object) -> None:
        """Show a number; nothing for 0."""
        self.setText(f"{value:,}" if isinstance(value, int) and value else "")


class ModelEditor(QComboBox):
    """A model's name to type, or one of those that the server lists."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setFont(theme.font(tokens.TABLE))
        self.editTextChanged.connect(self.changed)
        self.setMinimumContentsLength(16)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def offer(self, names: list[str]) -> None:
        """Offer these; what is typed stays."""
        typed = self.currentText()
        self.blockSignals(True)
        self.clear()
        self.addItems(names)
        self.setEditText(typed)
        self.blockSignals(False)

    def value(self) -> str:
        """The name."""
        return self.currentText().strip()

    def show_value(self, value: object) -> None:
        """Show a name without a signal."""
        self.blockSignals(True)
        self.setEditText(str(value))
        self.blockSignals(False)

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        if (line := self.lineEdit()) is not None:
            line.setAccessibleName(name)


class ChecksEditor(QWidget):
    """Several of a few words; the value is those that are ticked."""

    changed = Signal()

    def __init__(self, choices: Mapping[str, tuple[str, str]]) -> None:
        super().__init__()
        self._boxes: dict[str, QCheckBox] = {}
        for value, (words, tip) in choices.items():
            box = QCheckBox(words)
            box.setToolTip(tip)
            box.setFont(theme.font(tokens.TABLE))
            box.clicked.connect(self.changed)
            self._boxes[value] = box
        self.setLayout(row(*self._boxes.values(), None, gap=tokens.LG))

    def value(self) -> tuple[str, ...]:
        """Those ticked, in the order they stand in."""
        return tuple(value for value, box in self._boxes.items() if box.isChecked())

    def show_value(self, value: object) -> None:
        """Tick these without a signal."""
        assert isinstance(value, tuple)
        for name, box in self._boxes.items():
            box.setChecked(name in value)

    def box(self, value: str) -> QCheckBox:
        """The box of one of them."""
        return self._boxes[value]


def pair(*fields: SheetField) -> QHBoxLayout:
    """Fields side by side, each as wide as the other."""
    line = row(*(column(field, None, gap=0) for field in fields), gap=tokens.MD)
    for place in range(len(fields)):
        line.setStretch(place, 1)
    return line


def heading(words: str, more: str = "") -> QVBoxLayout:
    """The words above a group of fields."""
    parts = [label(words, tokens.TABLE, 600)]
    if more:
        parts.append(label(more, tokens.SMALL, cls="muted", wrap=True))
    return column(*parts, gap=2, margins=(0, tokens.SM, 0, 0))
