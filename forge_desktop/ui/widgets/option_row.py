"""One option of an answer: label, help, the field that fits, where its value comes from, and the way back."""

from __future__ import annotations

import random
from dataclasses import Field
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.base.declared import check_value
from forge_desktop.base.errors import ForgeError
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import IconButton, column, label, row, set_cls
from forge_desktop.ui.widgets.fields import ChoiceField, NumberField, OfferField, TextField

_WIDTH, _WIDE = 104, 172
_Editor = ChoiceField | NumberField | OfferField | TextField


class OptionRow(QWidget):
    """`wanted(key, value)` comes for a value that passes the check, `given_up(key)` when it is to go back.

    A number comes key by key, as `typed(key, value)`, None while it cannot be in force; `settled(key)` is its end.
    """

    wanted = Signal(str, object)
    typed = Signal(str, object)
    settled = Signal(str)
    given_up = Signal(str)

    def __init__(self, field: Field[Any], back: str) -> None:
        """`back`: where the value goes when it is given up, as in "the student's"."""
        super().__init__()
        self.key, self._field = field.name, field
        self._shown: object = None
        about = field.metadata
        self._help_text = f"{about['help']}{_limits(field)}"
        self.editor = _editor(field)
        self.editor.setAccessibleName(about["label"])
        self.editor.changed.connect(self._on_changed)
        if isinstance(self.editor, NumberField | OfferField):
            self.editor.settled.connect(self._on_settled)
        self._name = label(about["label"], tokens.TABLE, 600)
        self._name.setBuddy(self.editor)
        self._help = label(about["help"], tokens.SMALL, cls="muted", wrap=True)
        self._origin = label("", tokens.CAPTION, cls="muted")
        self._error = label("", tokens.SMALL, cls="bad", wrap=True)
        self._error.hide()
        self._back = IconButton("rotate-ccw", f"Reset {about['label']}", f"Back to {back}", size=14)
        self._back.clicked.connect(self._on_back)
        self._back.setFixedSize(theme.px(28), theme.px(28))
        place = self._back.sizePolicy()
        place.setRetainSizeWhenHidden(True)
        self._back.setSizePolicy(place)
        self.editor.setToolTip(self._help_text)
        self._lay_out()

    def show_value(self, value: object, origin: str, *, own: bool) -> None:
        """Show the value in force, where it comes from in words, and whether it can be given up here."""
        self._shown = value
        if self.editor.value() != value:  # keeps the cursor, and "1.50" while it is being typed
            self.editor.show_value(value)
        self._origin.setText(origin)
        self._back.setHidden(not own)
        self._show_error("")

    def show_error(self, error: ForgeError) -> None:
        """Say under the field why its value is not in force."""
        self._show_error(f"{error.message} {error.hint}".strip())

    def error(self) -> str:
        """The sentence under the field, empty when the value is in force."""
        return self._error.text()

    def forget(self) -> None:
        """Take the error back; what the field holds is not wanted any more."""
        self._show_error("")

    def origin(self) -> str:
        """Where the value comes from, in words."""
        return self._origin.text()

    def _lay_out(self) -> None:
        text = isinstance(self.editor, TextField)
        if text:
            texts = column(row(self._name, None, self._origin, gap=4), self._help, gap=2)
            head = row(texts, column(self._back, None), gap=2)
            head.setStretch(0, 1)
            self.setLayout(column(head, self.editor, self._error, gap=4))
            return
        self.editor.setFixedWidth(theme.px(_WIDE if isinstance(self.editor, OfferField | ChoiceField) else _WIDTH))
        end = row(self.editor, self._back, gap=2)
        if self.key == "seed":
            dice = IconButton("dices", "Draw another seed")
            dice.clicked.connect(self._on_dice)
            end.insertWidget(0, dice)
        self._origin.setAlignment(Qt.AlignmentFlag.AlignRight)
        said = row(self._origin, theme.px(30), gap=2)
        line = row(column(self._name, self._help, None, gap=2), column(end, said, None, gap=2), gap=tokens.MD)
        line.setStretch(0, 1)
        self.setLayout(column(line, self._error, gap=4))

    def _show_error(self, text: str) -> None:
        self._error.setText(text)
        self._error.setHidden(not text)
        if not isinstance(self.editor, TextField):
            set_cls(self.editor, "bad" if text else "")
        self.editor.setAccessibleDescription(text or self._help_text)

    @Slot()
    def _on_changed(self) -> None:
        try:
            value = check_value(self._field, self.editor.value())
        except ForgeError as error:
            self.show_error(error)
            self.typed.emit(self.key, None)
            return
        self._show_error("")
        if isinstance(self.editor, TextField) and value == self._shown:
            return  # the field was only passed through
        number = isinstance(self.editor, NumberField | OfferField)
        (self.typed if number else self.wanted).emit(self.key, value)

    @Slot()
    def _on_settled(self) -> None:
        self.settled.emit(self.key)

    @Slot()
    def _on_dice(self) -> None:
        self.editor.show_value(random.randrange(1, 1_000_000))  # short enough to be read and told
        self._on_changed()
        self._on_settled()

    @Slot()
    def _on_back(self) -> None:
        self.forget()
        self.given_up.emit(self.key)


def _editor(field: Field[Any]) -> _Editor:
    if field.metadata["choices"]:
        return ChoiceField(field.metadata["choices"])
    if field.metadata["offers"]:
        return OfferField(field.metadata["offers"])
    if isinstance(field.default, int | float):
        return NumberField(type(field.default))
    return TextField(56 if field.name == "stop" else 84)


def _limits(field: Field[Any]) -> str:
    low, high = field.metadata["minimum"], field.metadata["maximum"]
    return "" if low is None else f" From {low:,} to {high:,}."
