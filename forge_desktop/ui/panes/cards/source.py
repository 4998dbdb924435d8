"""The Markdown of a card as text: lines with their numbers, and the place where it cannot be read."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent, QTextCursor
from PySide6.QtWidgets import QWidget

from forge_desktop.cards.records import Problem, TextOutcome
from forge_desktop.ui import tokens
from forge_desktop.ui.panes.cards.source_text import SourceText
from forge_desktop.ui.panes.cards.words import place_words
from forge_desktop.ui.raw_text import carried, shown
from forge_desktop.ui.widgets.basics import Button, IconLabel, column, frame, label, row, set_property
from forge_desktop.ui.widgets.words import breakable

_PAUSE_MS = 400
_MOST_MS = 2000  # after the first key, where a person makes no pause


class SourceView(QWidget):
    """The text, and under it what is wrong with it. `typed` carries it once a person pauses, and what it was before;
    also after a while without a pause, and once the text is left.

    Qt shows every line end as one of its own; what a person did not touch goes on as it came, byte for byte.
    """

    typed = Signal(object, object)  # as str they would lose a byte order mark on the way

    def __init__(self) -> None:
        super().__init__()
        self.text = SourceText()
        self.text.textChanged.connect(self._on_text)
        self._known = self._coming = self._seen = ""  # the text in force, the one to show, and that as it stands there
        self._problem: Problem | None = None
        self._places: list[tuple[int, int]] = []
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.flush)
        self._most = QTimer(self, singleShot=True, interval=_MOST_MS)
        self._most.timeout.connect(self.flush)
        self._icon = IconLabel("circle-alert", 15, "bad")
        self.words = label("", tokens.SMALL, cls="bad", wrap=True)
        self._go = Button("Go to it", cls="link")
        self._go.clicked.connect(self.go_to_problem)
        line = row(self._icon, self.words, self._go, gap=8, margins=(12, 6, 8, 6))
        line.setStretch(1, 1)
        self._foot = frame("bad", line)
        self._foot.hide()
        self._ground = frame("card", row(self.text, margins=(1, 1, 1, 1)))
        content = column(self._ground, self._foot, gap=8)
        content.setContentsMargins(0, 18, 16, 18)
        content.setStretch(0, 1)
        self.setLayout(content)

    def show_text(self, text: str) -> None:
        """Show a text; what a person is typing stays until it is taken in."""
        if self._pause.isActive():
            return
        self._coming = text
        if self.isVisible():
            self._put()

    def show_outcome(self, outcome: TextOutcome | None) -> None:
        """Say what became of the text."""
        problems = [] if outcome is None else [*([outcome.problem] if outcome.problem else []), *outcome.refused]
        self._problem = problems[0] if problems else None
        self._places = [(p.line, p.column) for p in problems if p.line]
        self.text.mark_lines(self._places)
        said = [breakable(place_words(problem)) for problem in problems[:3]]
        if len(problems) > 3:
            said.append(f"and {len(problems) - 3} more")
        self.words.setText("\n".join(said))
        self._go.setVisible(self._problem is not None and self._problem.line > 0)
        self._foot.setVisible(bool(problems))
        self.text.setAccessibleDescription(" ".join(said))

    def show_unwritten(self, text: str, since: str) -> None:
        """Show what was typed over `since` and could not be written; the next try takes all of it."""
        if self._pause.isActive():
            return
        self._coming = self._known = since
        self.text.put(text)
        self._seen = shown(since)
        self._rest()

    def lock(self, *, locked: bool) -> None:
        """Take nothing while the card is published."""
        if locked and not self.text.isReadOnly():
            self.flush()
        self.text.setReadOnly(locked)
        set_property(self._ground, "locked", "1" if locked else "")

    def awaits(self) -> bool:
        """Whether something typed was not handed on yet."""
        return self._pause.isActive()

    def forget_typed(self) -> None:
        """Another card comes."""
        self._rest()
        if self.text.said() != self._seen:  # typed where nothing more was taken
            self.text.put(self._known)
            self._rest()

    @Slot()
    def flush(self) -> None:
        """Hand on what was typed."""
        if (typed := self.take()) is not None:
            self.typed.emit(*typed)

    def take(self) -> tuple[str, str] | None:
        """What was typed and not handed on, with what stood there before; None for nothing."""
        self._rest()
        since, edited = self._known, self.text.said()
        if self.text.isReadOnly() or edited == self._seen:
            return None
        text = carried(since, edited)
        self._known = self._coming = text
        self._seen = edited
        return text, since

    @Slot()
    def go_to_problem(self) -> None:
        """Put the cursor where the text cannot be read."""
        if self._problem is not None and self._problem.line:
            block = self.text.document().findBlockByNumber(self._problem.line - 1)
            cursor = QTextCursor(block)
            cursor.setPosition(block.position() + min(max(0, self._problem.column - 1), max(0, block.length() - 1)))
            self.text.setTextCursor(cursor)
            self.text.centerCursor()
            self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._put()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.flush()

    def _rest(self) -> None:
        self._pause.stop()
        self._most.stop()

    def _put(self) -> None:
        """Show what came while nobody looked: laying out a long text takes its time."""
        if self._coming != self._known:
            self._known = self._coming
            self.text.put(self._coming)
            self._seen = self.text.said()
            self._rest()  # that was nobody's typing
            self.text.mark_lines(self._places)

    @Slot()
    def _on_text(self) -> None:
        if not self.text.isReadOnly() and self.text.said() != self._seen:
            self._pause.start()
            if not self._most.isActive():
                self._most.start()
