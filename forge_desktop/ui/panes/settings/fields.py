"""One row per setting: label, help, the field that fits its type, the error under it, back to the default."""

from __future__ import annotations

from dataclasses import Field
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.settings import check_setting
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import IconButton, IconLabel, column, label, row, set_cls
from forge_desktop.ui.widgets.fields import ChoiceField, FileField, NumberField, TextField

_WIDTH = 220


class SettingRow(QWidget):
    """A setting in the dialog. Emits `wanted(key, value)` for a value that passes the check.

    A number comes when it is typed to its end: its beginning is often another one.
    """

    wanted = Signal(str, object)

    def __init__(self, field: Field[Any], value: object) -> None:
        super().__init__()
        self.key, self._default = field.name, field.default
        self._typed: object = None  # a number that can be in force, until it settles
        about = field.metadata
        self.editor = _editor(field)
        self.editor.setAccessibleName(about["label"])
        self.editor.setAccessibleDescription(about["help"])
        self.editor.changed.connect(self._on_changed)
        if isinstance(self.editor, NumberField):
            self.editor.settled.connect(self._on_settled)
        self._reset = IconButton("rotate-ccw", f"Reset {about['label']}", f"Back to {_words(field, field.default)}")
        self._reset.clicked.connect(self._on_reset)
        place = self._reset.sizePolicy()
        place.setRetainSizeWhenHidden(True)  # so that the fields stay in one column
        self._reset.setSizePolicy(place)
        self._help = label(_help(field), tokens.SMALL, cls="muted", wrap=True)
        self._error_icon = IconLabel("circle-alert", 13, "bad")
        self._error = label("", tokens.SMALL, cls="bad", wrap=True)
        name = label(about["label"], tokens.TABLE, 600, wrap=True)
        name.setBuddy(self.editor)
        error = row(self._error_icon, self._error, gap=5)
        error.setStretch(1, 1)
        if isinstance(self.editor, TextField):
            top = row(column(name, self._help, gap=2), self._reset)
            top.setStretch(0, 1)
            self.setLayout(column(top, self.editor, error, gap=6, margins=(18, 12, 14, 12)))
        else:
            self.editor.setFixedWidth(theme.px(_WIDTH))
            line = row(column(name, self._help, gap=2), tokens.LG, self.editor, self._reset)
            line.setStretch(0, 1)
            self.setLayout(column(line, error, gap=4, margins=(18, 12, 14, 12)))
        self.show_value(value)

    def show_value(self, value: object) -> None:
        """Show the value in force and take back any error."""
        self._typed = None
        if self.editor.value() != value:  # keeps the cursor, and "1.50" while it is being typed
            self.editor.show_value(value)
        self._show_error("")
        self._reset.setHidden(value == self._default)

    def show_error(self, error: ForgeError) -> None:
        """Say under the field why its value is not in force."""
        self._show_error(f"{error.message} {error.hint}".strip())

    def error(self) -> str:
        """The sentence under the field, empty when the value is in force."""
        return self._error.text()

    def unsettled(self) -> bool:
        """Whether the field holds a value that is not in force, for the person to correct or to type to its end."""
        return bool(self.error()) or self._typed is not None

    def _show_error(self, text: str) -> None:
        self._error.setText(text)
        self._error.setHidden(not text)
        self._error_icon.setHidden(not text)
        if not isinstance(self.editor, TextField):
            set_cls(self.editor, "bad" if text else "")
        self.editor.setAccessibleDescription(text or self._help.text())

    @Slot()
    def _on_changed(self) -> None:
        value, self._typed = self.editor.value(), None
        try:
            checked = check_setting(self.key, value)
        except ForgeError as error:
            self.show_error(error)
            return
        self._show_error("")
        if isinstance(self.editor, NumberField):
            self._typed = checked
        else:
            self.wanted.emit(self.key, checked)

    @Slot()
    def _on_settled(self) -> None:
        checked, self._typed = self._typed, None
        if checked is not None:
            self.wanted.emit(self.key, checked)

    @Slot()
    def _on_reset(self) -> None:
        self.show_value(self._default)
        self.wanted.emit(self.key, self._default)


def _editor(field: Field[Any]) -> ChoiceField | FileField | NumberField | TextField:
    if field.metadata["choices"]:
        return ChoiceField(field.metadata["choices"])
    if isinstance(field.default, bool):
        return ChoiceField({True: "On", False: "Off"})
    if isinstance(field.default, int | float | Decimal):
        return NumberField(type(field.default))
    return FileField(field.metadata["file"]) if field.metadata["file"] else TextField()


def _help(field: Field[Any]) -> str:
    low, high = field.metadata["minimum"], field.metadata["maximum"]
    limits = "" if low is None else f" From {low:,} to {high:,}."
    return f"{field.metadata['help']}{limits}"


def _words(field: Field[Any], value: object) -> str:
    choices = field.metadata["choices"]
    return str(choices[value]) if choices else str(value) or "nothing"
