"""What is said above an open card, whichever view is shown: a source that is broken, what is gone, what is stale."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.ui import tokens
from forge_desktop.ui.panes.cards.unkept import Unwritten
from forge_desktop.ui.panes.cards.views import View
from forge_desktop.ui.panes.cards.words import SOURCE, place_words
from forge_desktop.ui.widgets.basics import Button, IconLabel, column, label, row, set_cls
from forge_desktop.ui.widgets.words import breakable, safe_words

_NAMED = 4  # fields that are named; of more it is said how many


@dataclass(frozen=True)
class Note:
    """A sentence; `act` is what its button asks for ("" for none), `words` what stands on it."""

    text: str
    kind: str
    icon: str
    act: str = ""
    words: str = ""


def notes_of(view: View, unwritten: Unwritten | None, *, source: bool) -> list[Note]:
    """What there is to say of a card; what stands under the `source` only where that is not shown."""
    card, notes = view.card, []
    if unwritten is not None and not source:
        said = f"What was typed in the source is not in the card. {unwritten.said}"
        notes.append(Note(said, "bad", "circle-alert", SOURCE, "Look at it"))
    if card.broken is not None and not source:
        where = f" {place_words(card.problem)}" if card.problem is not None else ""
        said = f"The source cannot be taken in; here stands the last state that could.{where}"
        notes.append(Note(said, "bad", "circle-alert", SOURCE, "Go to it"))
    if view.locked and view.report.stale:
        titles = [BY_KEY[key].title for key, _ in view.report.stale if key in BY_KEY]
        more = f" and {len(titles) - _NAMED} more" if len(titles) > _NAMED else ""
        said = f"Published, and no longer true in {', '.join(titles[:_NAMED])}{more}. Reopen the card, and fill it."
        notes.append(Note(said, "warn", "clock", "reopen", "Reopen"))
    if card.orphan:
        gone = bool(card.subject)
        notes.append(Note(safe_words(card.orphan), "warn" if gone else "muted", "triangle-alert" if gone else "info"))
    return notes


def state_mark(view: View) -> tuple[str, str, str]:
    """A card's state for its pill: (words, kind, icon)."""
    if view.card.broken is not None:
        return "Source broken", "bad", "circle-alert"
    if view.locked:
        stale = bool(view.report.stale)
        return ("Published, stale", "warn", "clock") if stale else ("Published", "ok", "circle-check")
    return "Draft", "mute", "pencil"


class CardNotes(QWidget):
    """One line for each note, none without. `asked` carries what a button asks for."""

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[_Line] = []
        self._column = column(gap=4)
        self._column.setContentsMargins(16, 8, 20, 0)
        self.setLayout(self._column)
        self.hide()

    def show_notes(self, notes: list[Note]) -> None:
        """Show these instead of those before."""
        while len(self._lines) < len(notes):
            line = _Line()
            line.asked.connect(self.asked)
            self._lines.append(line)
            self._column.addWidget(line)
        for place, line in enumerate(self._lines):
            line.show_note(notes[place] if place < len(notes) else None)
        self.setVisible(bool(notes))

    def buttons(self) -> list[Button]:
        """Those of the lines, also of lines that are not shown."""
        return [line.button for line in self._lines]


class _Line(QFrame):
    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._act = ""
        self._icon = IconLabel("info", 15, "muted")
        self._text = label("", tokens.SMALL, wrap=True)
        self.button = Button("", cls="link")
        self.button.clicked.connect(lambda: self.asked.emit(self._act))
        line = row(self._icon, self._text, self.button, gap=8, margins=(12, 4, 8, 4))
        line.setStretch(1, 1)
        self.setLayout(line)

    def show_note(self, note: Note | None) -> None:
        """Show a note, or nothing."""
        self.setVisible(note is not None)
        if note is None:
            return
        self._act = note.act
        self._icon.set_icon(note.icon, note.kind)
        self._text.setText(breakable(note.text))
        set_cls(self._text, note.kind if note.kind in ("bad", "muted") else "")
        set_cls(self, note.kind if note.kind in ("bad", "warn") else "")
        self.button.setText(note.words)
        self.button.setVisible(bool(note.act))
