"""One field of the form: its name, what it is typed into, and under it what there is to say of its value."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QWidget

from forge_desktop.cards import told_stale
from forge_desktop.cards.fields import Field, FieldType
from forge_desktop.cards.records import NOT_KNOWN, FieldState, Kind, Value
from forge_desktop.cards.remedies import FILL, MEASURE
from forge_desktop.ui import tokens
from forge_desktop.ui.panes.cards.inputs import ChoiceInput, FactsInput, Input, LineInput, LinesInput, TextInput
from forge_desktop.ui.panes.cards.inputs_numbers import AmountInput, MoneyInput, SpreadInput
from forge_desktop.ui.panes.cards.picks import ChipsInput, LanguagesInput, LicenceInput
from forge_desktop.ui.panes.cards.rows_table import RowsInput
from forge_desktop.ui.panes.cards.words import provenance, value_words
from forge_desktop.ui.widgets.basics import Button, IconLabel, column, holds_focus, label, row, set_cls
from forge_desktop.ui.widgets.words import breakable, plain_tip, safe_words

_INPUTS: dict[FieldType, Callable[[Field], Input]] = {
    "line": LineInput,
    "text": TextInput,
    "list": ChipsInput,
    "choice": ChoiceInput,
    "licence": LicenceInput,
    "languages": LanguagesInput,
    "url": LineInput,
    "contact": LineInput,
    "date": LineInput,
    "hash": LineInput,
    "count": AmountInput,
    "number": AmountInput,
    "bytes": AmountInput,
    "money": MoneyInput,
    "spread": SpreadInput,
    "facts": FactsInput,
    "rows": RowsInput,
}
_LONGEST = 160  # letters of a measured value beside a written one; its tip has all of it
_MEASURED = frozenset({"measurement", "gate", "ledger", "headers"})
_SHORT = 60  # letters of a line that leave room for a button beside them
_BESIDE, _BELOW = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
_SENTENCES = frozenset({"changes", "cautions", "standards"})  # lists whose items are sentences
_WIDE: frozenset[FieldType] = frozenset({"text", "rows", "facts", "hash"})


def input_for(field: Field) -> Input:
    """What a field's value is typed with."""
    return LinesInput(field) if field.key in _SENTENCES else _INPUTS[field.type](field)


def is_wide(field: Field) -> bool:
    """Whether a field takes the whole width of the form."""
    return field.type in _WIDE or field.key in _SENTENCES


@dataclass(frozen=True)
class Said:
    """A line under a field. `act` is what its button asks for, `words` what stands on it."""

    text: str
    kind: str = "muted"
    icon: str = ""
    act: str = ""
    words: str = ""
    tip: str = ""


Mend = Callable[[Value], str]  # what makes a stale value true again, in a sentence


def _filling(_value: Value) -> str:
    return FILL


def lines_under(
    field: Field, kind: Kind, state: FieldState, problem: str, *, locked: bool, mend: Mend = _filling
) -> list[Said]:
    """What there is to say of a field, what is wrong with it first."""
    said = [Said(problem, "bad", "circle-alert")] if problem else []
    measured, hand = state.measured, state.hand
    if state.not_applicable:
        act = ("", "") if locked else ("applies", "It does apply")
        begin = "" if state.not_applicable.startswith(NOT_KNOWN) else "Not applicable: "
        return [*said, Said(f"{begin}{safe_words(state.not_applicable)}", "muted", "", *act)]
    if state.taken_over and not locked:
        said.append(Said("Taken over, please check", "info", "eye", "reviewed", "Checked"))
    if state.shown is not None and state.shown.stale:
        words, act = _mended("" if locked else mend(state.shown))
        if told_stale.sentence(state.shown):
            words, act = "", ("", "") if locked else ("reviewed", "It holds here")
        said.append(Said(f"{told_stale.labelled(state.shown.stale)}{words}", "warn", "clock", *act))
    if measured is not None and hand is not None:
        value = value_words(field, measured.data, measured.unit)
        shown = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
        words = f"{_found(measured.source)}: {shown} · {provenance(measured, field.key).removeprefix('Measured · ')}"
        act = (
            ("", "")
            if locked
            else ("measured", f"Use the {'measured' if measured.source in _MEASURED else 'filled-in'} value")
        )
        tip = _tip(measured, value if shown != value else "")
        said.append(Said(words, "muted", _icon(measured.source), *act, tip=tip))
        if measured.stale:
            words, act = _mended("" if locked else mend(measured))
            said.append(Said(f"{_found(measured.source)}, and stale: {measured.stale}{words}", "warn", "clock", *act))
    elif measured is not None:
        words = provenance(measured, field.key)
        said.append(Said(words, "muted", _icon(measured.source), tip=_tip(measured, "", words)))
    elif hand is not None and hand.source == "import":
        said.append(Said(provenance(hand)))
    elif hand is None and not problem:
        act = ("not applicable", "Not applicable…") if field.required_for(kind) and not locked else ("", "")
        text = field.guidance or ("Not filled in yet" if field.filled else "")
        if text or act[0]:
            said.append(Said(text, "muted", "", *act))
    return said


def _mended(remedy: str) -> tuple[str, tuple[str, str]]:
    """Words behind what is stale, and a button that does what they say; where the button says it all, no words."""
    if remedy == FILL:
        return "", ("fill", "Fill in again")
    if remedy == MEASURE:
        return "", ("fill", "Measure again…")  # the sheet of a fill offers it
    return f" {remedy}".rstrip(), ("fill", "Fill in again") if remedy.startswith(FILL[:-1]) else ("", "")


def _tip(measured: Value, value: str, words: str = "") -> str:
    """What does not stand in the line: the whole value, and all of how it was found."""
    whole = provenance(measured, whole=True)
    return "\n".join(filter(None, (value, "" if words == whole else whole)))


def _found(source: str) -> str:
    return "Measured" if source in _MEASURED else "Filled in"


def _icon(source: str) -> str:
    return "gauge" if source in _MEASURED else "info"


class FieldRow(QWidget):
    """`typed` carries the field's key with each key pressed, `asked` what a button under it asks for, and the key."""

    typed = Signal(str)
    asked = Signal(str, str)

    def __init__(self, field: Field, kind: Kind) -> None:
        super().__init__()
        self.field, self.kind = field, kind
        self.dirty = False  # typed, and not taken in yet
        self.kept = False  # typed and taken in: it stays as it was typed while the keyboard is here ("1.5 h")
        self.input = input_for(field)
        self.input.changed.connect(self._on_changed)
        star = " *" if field.required_for(kind) else ""
        self._title = label(f"{field.title}{star}", tokens.SMALL, 600, wrap=True)
        self._title.setToolTip(field.guidance)
        self._lines: list[_Line] = []
        self._said: list[Said] = []
        self._column = column(self._title, self.input, gap=5)
        self.setLayout(self._column)
        required = ", required" if star else ""
        self.input.name(f"{field.title}{required}", field.guidance)

    def show_state(
        self, state: FieldState | None, problem: str = "", *, locked: bool = False, mend: Mend = _filling
    ) -> None:
        """Show what stands in the field; what is being typed stays."""
        state = state or FieldState(self.field.key)
        shown = None if state.not_applicable else state.shown
        if not self.dirty and not (self.kept and holds_focus(self.input)):
            self.input.shows(shown.data if shown else None, shown.unit if shown else "")
        self.input.lock(locked=locked or bool(state.not_applicable))
        self.input.mark(bad=bool(problem))
        show(self.input, visible=not state.not_applicable)
        said = lines_under(self.field, self.kind, state, problem, locked=locked, mend=mend)
        if said != self._said:
            self._say(said)

    def said(self) -> list[str]:
        """The lines under the field."""
        return [line.text for line in self._said]

    def buttons(self) -> dict[str, Button]:
        """What can be pressed under the field, by what it asks for."""
        return {line.act: line.button for line in self._lines if line.act and line.button is not None}

    def chain(self) -> list[QWidget]:
        """What takes the keyboard, in its order."""
        return [*self.input.chain(), *(line.button for line in self._lines if line.button is not None)]

    def _chain(self) -> None:
        """What was made later comes to its place in the keyboard's order."""
        parts = self.chain()
        for before, after in itertools.pairwise(parts):
            QWidget.setTabOrder(before, after)

    def _say(self, said: list[Said]) -> None:
        held = next((line.act for line in self._lines if holds_focus(line)), None)
        for place, one in enumerate(said):
            if place == len(self._lines):
                line = _Line()
                line.pressed.connect(self._on_asked)
                self._lines.append(line)
                self._column.addWidget(line)
            self._lines[place].show_line(one, self.field.title)
        for line in self._lines[len(said) :]:
            line.show_line(None)
        self._said = said
        self._chain()
        words = " ".join(filter(None, (self.field.guidance, *(one.text for one in said))))
        self.input.parts()[0].setAccessibleDescription(words)
        if held is not None and not any(line.act == held and holds_focus(line) for line in self._lines):
            self.take_focus(Qt.FocusReason.TabFocusReason)

    def take_focus(self, reason: Qt.FocusReason) -> None:
        """Put the keyboard into the field, or on its button where nothing can be typed."""
        button = next(iter(self.buttons().values()), None)
        (button if self.input.isHidden() and button is not None else self.input.lead()).setFocus(reason)

    def _on_asked(self, what: str) -> None:
        self.asked.emit(what, self.field.key)

    def _on_changed(self) -> None:
        self.dirty = True
        self.typed.emit(self.field.key)


def show(widget: QWidget, *, visible: bool) -> None:
    """Show or hide, where it is otherwise now: showing again what is shown costs as much."""
    if widget.isHidden() == visible:
        widget.setVisible(visible)


class _Line(QWidget):
    """An icon, a sentence, a button; what is not needed is not made."""

    pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.act = ""
        self.button: Button | None = None
        self._icon: IconLabel | None = None
        self._text = label("", tokens.SMALL, cls="muted", wrap=True)
        self._words = row(self._text, gap=6)
        self._words.setStretch(0, 1)
        self._box = row(self._words, gap=6)
        self._box.setStretch(0, 1)
        self.setLayout(self._box)

    def show_line(self, said: Said | None, title: str = "") -> None:
        """Show a line, or none; `title` is the field's that it stands under."""
        self.act = said.act if said else ""
        show(self, visible=said is not None)
        if said is None:
            return
        set_cls(self._text, said.kind)
        self._text.setText(breakable(said.text))
        self._text.setToolTip(plain_tip(said.tip))
        if said.icon:
            if self._icon is None:
                self._icon = IconLabel(said.icon, 13, said.kind)
                self._words.insertWidget(0, self._icon, 0, Qt.AlignmentFlag.AlignTop)
            self._icon.set_icon(said.icon, said.kind)
        if self._icon is not None:
            show(self._icon, visible=bool(said.icon))
        self._box.setDirection(_BELOW if len(said.text) > _SHORT else _BESIDE)
        if said.act:
            if self.button is None:
                self.button = Button("", cls="link")
                self.button.clicked.connect(lambda: self.pressed.emit(self.act))
                self._box.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeading)
            self.button.setText(said.words)
            self.button.setAccessibleName(f"{title}: {said.words.removesuffix('…')}")
        if self.button is not None:
            show(self.button, visible=bool(said.act))
