"""What a person's computer, electricity and money are: a field for each setting of costs, kept as it is typed."""

from __future__ import annotations

import dataclasses
from collections.abc import Set
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QScrollArea, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.numbers import twofold
from forge_desktop.base.settings import Settings, check_setting
from forge_desktop.cards.comparing.costs import SETTINGS
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import column, label, row, set_cls
from forge_desktop.ui.widgets.fields import NumberField
from forge_desktop.ui.widgets.words import plain_tip

_PARTS = (
    ("The computer", ("hardware", "years", "residual", "hours")),
    ("Electricity and disk", ("watts", "electricity", "disk")),
    ("What is asked of it", ("tokens", "input_per_output", "cached")),
    ("Your money", ("currency", "rate")),
)
_UNITS = {"residual": "%", "cached": "%", "watts": "W", "hours": "h", "years": "years", "tokens": "tokens"}
_IN_MONEY = ("hardware", "electricity", "disk")
_ASSUMED = "assumed"


class CostInput(QWidget):
    """One field. `wanted` carries the setting and a value that passes its check."""

    wanted = Signal(str, object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.key = name, SETTINGS[name]
        self._field = next(f for f in dataclasses.fields(Settings) if f.name == self.key)
        about: Any = self._field.metadata
        text = isinstance(self._field.default, str)
        self.editor = QLineEdit() if text else NumberField(type(self._field.default))
        self.editor.setAccessibleName(about["label"])
        self.editor.setAccessibleDescription(about["help"])
        self.editor.setToolTip(plain_tip(about["help"]))
        self.editor.setFixedWidth(theme.px(104))
        self.editor.editingFinished.connect(self._on_typed)
        self.editor.textEdited.connect(self._on_edited)
        self.unit = label(_UNITS.get(name, ""), tokens.SMALL, cls="muted")
        self.unit.setMinimumWidth(theme.px(44))
        self._mark = label("", tokens.CAPTION, cls="muted")
        self._problem = label("", tokens.SMALL, cls="bad", wrap=True)
        self._problem.hide()
        named = label(about["label"], tokens.SMALL, wrap=True)
        named.setBuddy(self.editor)
        line = row(column(named, self._mark, gap=0), self.editor, self.unit, gap=8)
        line.setStretch(0, 1)
        self.setLayout(column(line, self._problem, gap=2))
        self._shown: object = None

    def show_value(self, value: object, *, assumed: bool, currency: str) -> None:
        """Show the value in force; `assumed` while nobody has set it."""
        if value != self._shown or not self.editor.hasFocus():
            self._shown = value
            form = "," if isinstance(value, int) else "f" if isinstance(value, Decimal) else ""
            self.editor.setText(format(value, form))
            self._say("")
        self._mark.setText(_ASSUMED if assumed else "")
        self._mark.setVisible(assumed)
        if self.name in _IN_MONEY:
            self.unit.setText(currency)

    @Slot()
    def _on_edited(self) -> None:
        self._check()

    @Slot()
    def _on_typed(self) -> None:
        checked = self._check()
        if checked is not None and checked != self._shown:
            self._shown = checked
            self.wanted.emit(self.key, checked)

    def _check(self) -> object:
        value = self.editor.value() if isinstance(self.editor, NumberField) else self.editor.text().strip()
        try:
            checked = check_setting(self.key, value)
        except ForgeError as error:
            self._say(self._why(value) or f"{error.message} {error.hint}".strip())
            return None
        self._say("")
        return checked

    def _why(self, value: object) -> str:
        """What a number has to be, in the words of a person; "" where it is no number that is asked for."""
        least, most = (self._field.metadata.get(end) for end in ("minimum", "maximum"))
        if not isinstance(self.editor, NumberField) or least is None or most is None:
            return ""
        name = self._field.metadata["label"]
        said = self.editor.text().strip()
        if not said:
            return f"{name}: type a number, 0 for nothing." if least == 0 else f"{name}: type a number."
        if not isinstance(self._field.default, int) and (why := twofold(said)):
            return f"{name}: {said[:40]!r} {why}."
        what = "a whole number" if isinstance(self._field.default, int) else "a number"
        return f"{name} is {what} from {least:,g} to {most:,.10g}, and {said[:40]!r} is none."

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        set_cls(self.editor, "bad" if problem else "")


class CostForm(QScrollArea):
    """All of them. `wanted` carries a setting and its new value."""

    wanted = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Your costs")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.inputs = {name: CostInput(name) for _, names in _PARTS for name in names}
        lines: list[QWidget | int] = []
        for title, names in _PARTS:
            lines += [*([tokens.SM] if lines else []), _head(title), *(self.inputs[name] for name in names)]
        for made in self.inputs.values():
            made.wanted.connect(self.wanted)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(column(*lines, None, gap=8, margins=(0, 0, 10, 0)))
        self.setWidget(inside)

    def show_settings(self, settings: Settings, assumed: Set[str]) -> None:
        """Show what is in force."""
        for name, made in self.inputs.items():
            made.show_value(
                getattr(settings, made.key), assumed=name in assumed, currency=settings.cost_currency.strip().upper()
            )


def _head(title: str) -> QLabel:
    return label(title, tokens.SMALL, 600, "muted")
