"""What a value is typed or chosen with: one input for each type of field. They say `changed`, not what it means."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from forge_desktop.cards.fields import Field
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.raw_text import carried, read, shown
from forge_desktop.ui.widgets.basics import column, set_cls, set_property
from forge_desktop.ui.widgets.fields import ChoiceField

_LEAST_LINES, _MOST_LINES = 3, 14


class Input(QWidget):
    """Shows a value and takes another one. `changed` with every key that a person presses.

    `value` is (data, unit), data None where nothing stands; what cannot be read comes out as the text that was typed,
    for the room to refuse. `shows` puts a value in without a signal, and leaves what says the same already alone.
    """

    changed = Signal()

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field

    def value(self) -> tuple[object, str]:
        """What stands in it, and its unit."""
        raise NotImplementedError

    def shows(self, data: object, unit: str) -> None:
        """Show a value, None for none."""
        raise NotImplementedError

    def parts(self) -> list[QWidget]:
        """What takes the keyboard, the first one first."""
        raise NotImplementedError

    def lead(self) -> QWidget:
        """What takes the keyboard when the field is gone to. No focus proxy: Tab would come to that once more."""
        return self.parts()[0]

    def chain(self) -> list[QWidget]:
        """What takes the keyboard, in the order in which Tab goes through it."""
        return self.parts()

    def name(self, name: str, description: str = "") -> None:
        """What screen readers call it, and what they say of it."""
        for part in self.parts():
            if not part.accessibleName() or part is self.parts()[0]:
                part.setAccessibleName(name)
        self.parts()[0].setAccessibleDescription(description)

    def mark(self, *, bad: bool) -> None:
        """Show that what stands here is refused, or no more."""
        for part in self.parts():
            if isinstance(part, QLineEdit | ChoiceField):
                set_cls(part, "bad" if bad else "")
            elif isinstance(part, QPlainTextEdit):
                set_cls(part, "field bad" if bad else "field")

    def lock(self, *, locked: bool) -> None:
        """Take nothing while the card is published."""
        for part in self.parts():
            if isinstance(part, QLineEdit | QPlainTextEdit):
                hold(part, locked=locked)
            else:
                part.setEnabled(not locked)


class LineInput(Input):
    """One line: names, addresses, dates, hashes."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.line = QLineEdit()
        mono = field.type == "hash"
        self.line.setFont(theme.font(tokens.CODE if mono else tokens.BODY, mono=mono))
        self.line.setPlaceholderText(field.example or {"date": "2026-11-26"}.get(field.type, ""))
        self.line.textEdited.connect(self.changed)
        self.setLayout(column(self.line, gap=0))

    def value(self) -> tuple[object, str]:
        return self.line.text().strip() or None, ""

    def shows(self, data: object, unit: str) -> None:
        if self.value()[0] != data:
            self.line.setText("" if data is None else str(data))
            self.line.setCursorPosition(0)

    def parts(self) -> list[QWidget]:
        return [self.line]


class TextInput(Input):
    """A text of any length, as tall as it is within limits; Tab leaves it."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.text = QPlainTextEdit()
        self.text.setProperty("cls", "field")
        self.text.setTabChangesFocus(True)
        self.text.setUndoRedoEnabled(False)  # the card has its own
        self.text.setPlaceholderText(field.example)
        self.text.textChanged.connect(self._on_text)
        self.text.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._from = self._shown = ""  # the text that came, and that as Qt shows it
        self.setLayout(column(self.text, gap=0))
        self._fit()

    def value(self) -> tuple[object, str]:
        return carried(self._from, self.said()).strip() or None, ""

    def shows(self, data: object, unit: str) -> None:
        if self.value()[0] != data:
            self.put("" if data is None else str(data))

    def said(self) -> str:
        """What stands in it."""
        return read(self.text.document().toRawText())

    def put(self, text: str) -> None:
        """Show a text, which nobody typed."""
        self._from, self._shown = text, shown(text)
        self.text.setPlainText(text)
        self._shown = self.said()

    def parts(self) -> list[QWidget]:
        return [self.text]

    @Slot()
    def _on_text(self) -> None:
        if (text := self.said()) != self._shown:
            self._shown = text
            self.changed.emit()

    @Slot()
    def _fit(self, _size: object = None) -> None:
        lines = max(_LEAST_LINES, min(_MOST_LINES, int(self.text.document().size().height())))
        height = lines * math.ceil(QFontMetricsF(self.text.font()).lineSpacing()) + 24
        if height != self.text.height():
            self.text.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class LinesInput(TextInput):
    """A list of sentences: one on each line."""

    def value(self) -> tuple[object, str]:
        lines = [line.strip() for line in self.said().split("\n")]
        return [line for line in lines if line] or None, ""

    def shows(self, data: object, unit: str) -> None:
        wanted = [str(item) for item in data] if isinstance(data, list | tuple) else None
        if self.value()[0] != (wanted or None):
            self.put("\n".join(wanted or []))


class FactsInput(TextInput):
    """Names with their values: one pair on each line, as "name: value".

    A line that was not touched means what it was made from: a name with a colon, a number in all its digits.
    """

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._made_from: dict[str, tuple[str, object]] = {}
        self.text.setFont(theme.font(tokens.CODE, mono=True))
        self.text.setPlaceholderText(field.example or "name: value")
        self._fit()

    def value(self) -> tuple[object, str]:
        text = self.said().strip()
        facts: dict[str, object] = {}
        for line in filter(str.strip, text.split("\n")):
            name, colon, said = line.partition(":")
            pair = self._made_from.get(line) or (name.strip(), fact_from(said.strip()))
            if (line not in self._made_from and not (colon and name.strip() and said.strip())) or pair[0] in facts:
                return text, ""  # the room says what is wrong
            facts[pair[0]] = pair[1]
        return facts or None, ""

    def shows(self, data: object, unit: str) -> None:
        wanted = dict(data) if isinstance(data, dict) else None
        if self.value()[0] != (wanted or None):
            self._made_from = {line_of(name, said): (name, said) for name, said in (wanted or {}).items()}
            self.put("\n".join(self._made_from))


def line_of(name: str, said: object) -> str:
    """A fact as its line, whatever line breaks are in it."""
    return " ".join(f"{name}: {fact_words(said)}".split())


def fact_words(said: object) -> str:
    """A fact as it is typed."""
    if isinstance(said, bool):
        return "yes" if said else "no"
    return f"{said:.10g}" if isinstance(said, float) else str(said)


def fact_from(text: str) -> str | int | float | bool:
    """What a typed fact means."""
    if text in ("yes", "no"):
        return text == "yes"
    for kind in (int, float):
        try:
            made = kind(text)
        except ValueError:
            continue
        if fact_words(made) == text:
            return made
    return text


class ChoiceInput(Input):
    """One of few, or none."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.choice = _Choice({None: "Not said", **{key: key for key in field.choices}})
        self.choice.changed.connect(self.changed)
        self.setLayout(column(self.choice, gap=0))

    def value(self) -> tuple[object, str]:
        return self.choice.value(), ""

    def shows(self, data: object, unit: str) -> None:
        if data is not None and self.choice.findData(data) < 0:
            self.choice.addItem(str(data), data)  # of a card brought in: kept, and refused by its check
        self.choice.show_value(data)

    def parts(self) -> list[QWidget]:
        return [self.choice]


class _Choice(ChoiceField):
    """May be as narrow as its column."""

    def __init__(self, choices: dict[object, str]) -> None:
        super().__init__(choices)
        self.setSizeAdjustPolicy(ChoiceField.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)

    def show_value(self, value: object) -> None:
        if self.currentData() != value or self.currentIndex() < 0:
            place = next((n for n in range(self.count()) if self.itemData(n) == value), 0)
            self.setCurrentIndex(place)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(80), super().minimumSizeHint().height())


def hold(part: QLineEdit | QPlainTextEdit, *, locked: bool) -> None:
    """Let nothing be typed, and show that; what stands there can still be read and copied."""
    part.setReadOnly(locked)
    set_property(part, "locked", "1" if locked else "")


FORWARD = Qt.FocusReason.TabFocusReason
