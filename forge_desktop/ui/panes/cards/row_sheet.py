"""A sheet for one row of a table: a line for each of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import exact, parse_usd
from forge_desktop.base.numbers import typed_number
from forge_desktop.cards.claims import BY_HAND, changed_by_hand
from forge_desktop.cards.told_beside import in_words, joined, parted
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.inputs import fact_words
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.form_lines import form_lines
from forge_desktop.ui.widgets.sheet import Sheet

_WHOLE = frozenset({"n", "rows", "train_rows", "validation_rows", "documents", "pairs"})
_NUMBERS = frozenset({"value", "baseline", "difference", "low", "high", "share"})
_YES_NO = frozenset({"less_is_better", "verified"})
_WORDS = {
    "n": "Items (n)",
    "sha256": "File (sha256)",
    "low": "Interval from",
    "high": "Interval to",
    "less_is_better": "Less is better",
    "may_train": "May train",
    "train_rows": "To train on",
    "validation_rows": "To validate",
    "cost": "Cost in dollars",
    "share": "Share (0 to 1)",
}


def column_words(key: str) -> str:
    """What a column is called."""
    return {"n": "n", "cost": "Cost", "share": "Share"}.get(key, _WORDS.get(key, key.replace("_", " ").capitalize()))


class RowSheet(Sheet):
    """`made` carries the row once it is right: only the columns that say something."""

    made = Signal(dict)

    def __init__(
        self, title: str, keys: Sequence[str], line: Mapping[str, Any], parent: QWidget, *, locked: bool = False
    ) -> None:
        super().__init__(parent)
        self._keys, self._line, seen = tuple(keys), dict(line), in_words(line)
        self.setWindowTitle(f"{title}: a row")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fields: dict[str, QLineEdit | ChoiceField] = {key: _field(key, seen.get(key)) for key in self._keys}
        lines: list[tuple[QWidget, QWidget]] = []
        for key, made in self.fields.items():
            name = _WORDS.get(key, column_words(key))
            made.setAccessibleName(name)
            made.setEnabled(not locked)
            lines.append((label(name, tokens.SMALL, 600), made))
        self._first = self._state()
        save = PrimaryButton("Keep row", "check")
        save.clicked.connect(self._on_save)
        save.setDefault(True)
        save.setVisible(not locked)
        cancel = Button("Close" if locked else "Cancel")
        cancel.clicked.connect(self.reject)
        self.heading = ElidedLabel(f"{title}: a row", tokens.TITLE, 600)
        area = form_lines(lines, title)
        content = column(
            self.heading, self.banner, area, row(None, cancel, save), gap=tokens.MD,
            margins=(tokens.XL, 20, tokens.XL, 20),
        )  # fmt: skip
        content.setStretch(2, 1)
        self.setLayout(content)
        self.resize(theme.px(480), theme.px(min(656, 166 + 41 * len(self._keys))))

    def typed(self) -> bool:
        return self._state() != self._first

    def _state(self) -> tuple[object, ...]:
        return tuple(made.text() if isinstance(made, QLineEdit) else made.value() for made in self.fields.values())

    @Slot()
    def _on_save(self) -> None:
        line = {key: said for key, said in self._line.items() if key not in self._keys}
        for (key, made), now, first in zip(self.fields.items(), self._state(), self._first, strict=True):
            if now == first and key in self._line:
                line[key] = self._line[key]  # as it was, not as it is shown
                continue
            said, problem = _read(key, made)
            if problem:
                self.banner.show_message(problem)
                made.setFocus(Qt.FocusReason.TabFocusReason)
                return
            if key == "config":
                said = joined(str(said or ""), parted(self._line.get(key))[1]) or None
            if said is not None:
                line[key] = said
        if "metric" in self._keys:
            line = changed_by_hand(line, self._line)
            if line and line != self._line and not line.get("source"):
                line["source"] = BY_HAND
        if not line:
            self.banner.show_message("Nothing is typed yet.")
            return
        self.made.emit(line)
        self.accept()


def _field(key: str, said: object) -> QLineEdit | ChoiceField:
    if key in _YES_NO:
        choices: dict[object, str] = {None: "Not said", True: "yes", False: "no"}
        if key == "verified" and said is not True:  # what a person writes is by hand: nobody verified it
            del choices[True]
        choice = ChoiceField(choices)
        choice.setCurrentIndex(list(choices).index(said) if isinstance(said, bool | None) else 0)
        return choice
    line = QLineEdit()
    if said is not None:
        line.setText(exact(said) if key == "cost" and isinstance(said, int) else fact_words(said))
        line.setCursorPosition(0)
    return line


def _number_words(key: str, typed: str) -> str:
    if key in _WHOLE:
        return "is a whole number"
    return f"is a number, and {typed[:40]!r} is none"


def _read(key: str, made: QLineEdit | ChoiceField) -> tuple[object, str]:
    """What a column means, and what is wrong with it."""
    if isinstance(made, ChoiceField):
        return made.value(), ""
    text = made.text().strip()
    if not text:
        return None, ""
    if key == "cost":
        try:
            return parse_usd(text), ""
        except ForgeError as error:
            return None, f"Cost: {error.message}"
    if key in _WHOLE or key in _NUMBERS:
        number = typed_number(text, whole=key in _WHOLE, grouped=True)
        if isinstance(number, str):
            return None, f"{_WORDS.get(key, column_words(key))} {_number_words(key, number)}."
        return number, ""
    return text, ""
