"""What numbers are typed with: amounts of something with a unit, money, and the middle and the slow end of a spread."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import exact, parse_usd
from forge_desktop.base.numbers import typed_number
from forge_desktop.cards.fields import Field
from forge_desktop.cards.units import fits, quantity
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.inputs import Input
from forge_desktop.ui.panes.cards.words import BYTES, byte_unit, number_words
from forge_desktop.ui.widgets.basics import label, row
from forge_desktop.ui.widgets.fields import ChoiceField


def _line(width: int = 0) -> QLineEdit:
    made = QLineEdit()
    made.setFont(theme.font(tokens.BODY, tabular=True))
    if width:
        made.setMaximumWidth(theme.px(width))
    return made


_LARGE = "GB"


class AmountInput(Input):
    """A number, with the list of its units where it has several."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.line = _line()
        self.line.textEdited.connect(self._on_edited)
        self.line.setPlaceholderText(field.example)
        self.units = ChoiceField({unit: unit for unit in field.units}) if len(field.units) > 1 else None
        self._given: tuple[object, str] = (None, "")
        self._as_shown = ("", "")
        parts: list[QWidget] = [self.line]
        if self.units is not None:
            self.units.setAccessibleName(f"Unit of {field.title}")
            self.units.setFixedWidth(theme.px(92))
            if field.type == "bytes":
                self.units.show_value(_LARGE)
            self.units.changed.connect(self.changed)
            parts.append(self.units)
        elif field.units:
            parts.append(label(field.units[0], tokens.SMALL, cls="muted"))
        line = row(*parts, gap=tokens.SM)
        line.setStretch(0, 1)
        self.setLayout(line)

    def value(self) -> tuple[object, str]:
        text, unit = self.line.text(), self._unit()
        if (text, unit) == self._as_shown:
            return self._given  # not rounded by being shown
        number = typed_number(text, grouped=True)
        if number is None:
            return None, ""
        if isinstance(number, str) and (said := self._with_unit(number)) is not None:
            return said
        return number, unit

    def shows(self, data: object, unit: str) -> None:
        if self.value()[0] == data and self.value()[1] in (unit, "") and data is not None:
            return
        self._given = (data, unit)
        words = ""
        if isinstance(data, int | float):
            if self.field.type == "bytes":
                unit = byte_unit(data)
                data = data / BYTES[unit]
            words = number_words(data)
        elif data is not None:
            words = str(data)
        self.line.setText(words)
        self.line.setCursorPosition(0)
        if data is None and self.field.type == "bytes":
            unit = _LARGE  # what a person types into an empty field is hardly ever a number of bytes
        if self.units is not None:
            place = self.units.findData(unit)
            self.units.setCurrentIndex(max(0, place))
        self._as_shown = (words, self._unit())

    def parts(self) -> list[QWidget]:
        return [self.line, *([self.units] if self.units is not None else [])]

    def _unit(self) -> str:
        if self.units is not None:
            return str(self.units.value())
        return self.field.units[0] if self.field.units else ""

    def _with_unit(self, text: str) -> tuple[object, str] | None:
        """The number and the unit of "1.5 GB": what is typed beside a number goes before the list beside the field."""
        found = quantity(text)
        if found is None or not found[1] or not fits(found[1], self.field.units):
            return None
        number = typed_number(found[0])
        return None if isinstance(number, str) else (number, found[1])

    @Slot()
    def _on_edited(self) -> None:
        said = self._with_unit(self.line.text())
        if said is not None and self.units is not None and (place := self.units.findData(said[1])) >= 0:
            blocked = self.units.blockSignals(True)
            self.units.setCurrentIndex(place)
            self.units.blockSignals(blocked)
        self.changed.emit()


class MoneyInput(Input):
    """Dollars; micro-dollars come out."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.line = _line()
        self.line.setPlaceholderText("0.00")
        self.line.textEdited.connect(self.changed)
        line = row(label("$", tokens.BODY, cls="muted"), self.line, gap=6)
        line.setStretch(1, 1)
        self.setLayout(line)

    def value(self) -> tuple[object, str]:
        text = self.line.text().strip()
        if not text:
            return None, ""
        try:
            return parse_usd(text), self.field.units[0] if self.field.units else ""
        except ForgeError:
            return text, ""

    def shows(self, data: object, unit: str) -> None:
        if self.value()[0] != data:
            self.line.setText(exact(data) if isinstance(data, int) else "" if data is None else str(data))

    def parts(self) -> list[QWidget]:
        return [self.line]


class SpreadInput(Input):
    """The value half of all stay under, and the one that 95 of 100 do."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.low, self.high = _line(120), _line(120)
        self.low.setAccessibleName(f"{field.title}, p50")
        self.high.setAccessibleName(f"{field.title}, p95")
        self.units = ChoiceField({unit: unit for unit in field.units}) if len(field.units) > 1 else None
        for line in (self.low, self.high):
            line.textEdited.connect(self.changed)
            line.setMinimumWidth(theme.px(50))
            line.setTextMargins(-4, 0, -4, 0)  # two of them, labels and units stand in half of a form
        parts: list[QWidget | int | None] = [
            label("p50", tokens.SMALL, cls="muted"),
            self.low,
            2,
            label("p95", tokens.SMALL, cls="muted"),
            self.high,
        ]
        if self.units is not None:
            self.units.setAccessibleName(f"Unit of {field.title}")
            self.units.setFixedWidth(theme.px(74))
            self.units.changed.connect(self.changed)
            parts.append(self.units)
        elif field.units:
            parts.append(label(field.units[0], tokens.SMALL, cls="muted"))
        self.setLayout(row(*parts, gap=4))
        self._given: tuple[object, str] = (None, "")
        self._as_shown = ("", "", "")

    def value(self) -> tuple[object, str]:
        if (*self._typed(), self._unit()) == self._as_shown:
            return self._given
        low, high = (typed_number(text, grouped=True) for text in self._typed())
        if low is None and high is None:
            return None, ""
        return {key: number for key, number in (("p50", low), ("p95", high)) if number is not None}, self._unit()

    def shows(self, data: object, unit: str) -> None:
        if data is not None and self.value() == (data, unit):
            return
        self._given = (data, unit)
        both = data if isinstance(data, dict) else {}
        for line, key in ((self.low, "p50"), (self.high, "p95")):
            number = both.get(key)
            line.setText(number_words(number) if isinstance(number, int | float) else str(number or ""))
            line.setCursorPosition(0)
        if self.units is not None:
            self.units.setCurrentIndex(max(0, self.units.findData(unit)))
        self._as_shown = (*self._typed(), self._unit())

    def name(self, name: str, description: str = "") -> None:
        self.low.setAccessibleDescription(description)

    def parts(self) -> list[QWidget]:
        return [self.low, self.high, *([self.units] if self.units is not None else [])]

    def _typed(self) -> tuple[str, str]:
        return self.low.text(), self.high.text()

    def _unit(self) -> str:
        if self.units is not None:
            return str(self.units.value())
        return self.field.units[0] if self.field.units else ""


RIGHT = Qt.AlignmentFlag.AlignRight
