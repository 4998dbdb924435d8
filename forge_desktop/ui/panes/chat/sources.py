"""The passages behind an answer: cited ones first, in order of their numbers, the others apart below."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from forge_desktop.base.paths import shown_path
from forge_desktop.chat.records import Source
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.chat.words import rank_words, short_ranks, source_place
from forge_desktop.ui.widgets.basics import ElidedLabel, IconButton, Meter, column, frame, label, row, show_ring
from forge_desktop.ui.widgets.snippet import Snippet
from forge_desktop.ui.widgets.words import file_name

Matches = Callable[[str, str], list[tuple[int, int]]]
_SHOWN, _BEFORE = 320, 60  # characters of a passage in a card, and how many before the first word that was asked for


def excerpt(text: str, question: str, matches: Matches) -> tuple[str, list[tuple[int, int]]]:
    """About 300 characters on one line from a little before the first match on, and where the matches are in it."""
    line = " ".join(text.split())
    spans = matches(question, line)
    if len(line) <= _SHOWN:
        return line, spans
    start = max(0, (spans[0][0] if spans else 0) - _BEFORE)
    if start:
        start = line.find(" ", start) + 1
    end = min(len(line), start + _SHOWN)
    if end < len(line):
        end = max(line.rfind(" ", start, end), start + 1)
    shown = ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
    shift = start - 1 if start else 0
    return shown, [(a - shift, b - shift) for a, b in spans if start <= a and b <= end]


class SourceCard(QFrame):
    """One passage. A click, Return or Space opens it; Alt and its number do so from anywhere in the pane."""

    opened = Signal(int)

    def __init__(self, source: Source, question: str, matches: Matches) -> None:
        super().__init__()
        self.number = source.n
        self.setProperty("cls", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        name, place = file_name(source.path), source_place(source)
        self.setAccessibleName(f"Source {source.n}: {name}, {place}")
        number = label(str(source.n), tokens.CAPTION, 700, "number")
        number.setFixedSize(max(theme.px(20), number.sizeHint().width() + 8), theme.px(20))
        number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = ElidedLabel(name, tokens.TABLE, 600, middle=True)
        open_it = IconButton("panel-right", f"Open source {source.n}", size=14)
        open_it.clicked.connect(self._on_open)
        title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        shown, spans = excerpt(source.quote, question, matches)
        meter = Meter(source.score, 90, 4, "ok", "Match")
        score = label(f"{source.score:.2f}", tokens.CAPTION, 600, "muted", tabular=True)
        ranks = label(short_ranks(source), tokens.CAPTION, cls="muted", tabular=True)
        for widget in (meter, score, ranks):
            widget.setToolTip(rank_words(source))
        self.setAccessibleDescription(rank_words(source))
        self.setLayout(
            column(
                row(number, title, open_it),
                ElidedLabel(place, tokens.CAPTION, cls="muted"),
                Snippet(shown, spans),
                row(meter, score, None, ranks),
                gap=6,
                margins=(12, 8, 12, 10),
            )
        )
        title.setToolTip(shown_path(source.path))

    @Slot()
    def _on_open(self) -> None:
        self.opened.emit(self.number)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._on_open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._on_open()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        show_ring(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        show_ring(self, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.property("ring") == "1":
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(theme.current().focus), 2))
            area = self.rect().toRectF().adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(area, tokens.RADIUS_CARD - 1, tokens.RADIUS_CARD - 1)
            painter.end()


class SourcesPanel(QWidget):
    """The cards of one answer. `opened` carries the number of a source."""

    opened = Signal(int)

    def __init__(self, matches: Matches, parent: QWidget | None = None) -> None:
        """`matches` says where the words of a question stand in a text."""
        super().__init__(parent)
        self._matches = matches
        self.setAccessibleName("Sources")
        self._count = label("", tokens.SMALL, cls="muted", tabular=True)
        head = row(label("Sources", tokens.SUBTITLE, 600), None, self._count, margins=(18, 14, 18, 4))
        self._nothing = label("", tokens.SMALL, cls="muted", wrap=True)
        self._nothing.setContentsMargins(18, 4, 18, 0)
        self._box = QVBoxLayout()
        self._box.setContentsMargins(14, 2, 14, 14)
        self._box.setSpacing(10)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(self._box)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setAccessibleName("Source list")
        self._scroll.setWidget(inside)
        self._shown: tuple[tuple[Source, ...], str, bool] = ((), "", True)
        self.setLayout(column(head, self._nothing, self._scroll, gap=4))

    def show_sources(
        self, sources: Sequence[Source], question: str, passages: int, nothing: str = "", *, ended: bool = True
    ) -> None:
        """Show the passages of an answer to `question`; `passages` is how many the corpus has, `nothing` why none.

        Which of them are used is known when the answer has `ended`.
        """
        self._count.setText(f"{len(sources)} of {passages:,} passages" if sources else "")
        self._nothing.setText(nothing)
        self._nothing.setVisible(bool(nothing) and not sources)
        if (tuple(sources), question, ended) == self._shown:
            return
        self._shown = (tuple(sources), question, ended)
        self._clear()
        used = sorted((s for s in sources if s.cited), key=lambda s: s.n)
        unused = sorted((s for s in sources if not s.cited), key=lambda s: -s.score)
        for source in used:
            self._add(source, question)
        if used and unused:
            self._box.addWidget(frame("line"))
        if unused and ended:
            self._box.addWidget(label("Offered, not used", tokens.SMALL, 600, "muted"))
        for source in unused:
            self._add(source, question)
        self._box.addStretch(1)
        self._scroll.verticalScrollBar().setValue(0)

    def numbers(self) -> list[int]:
        """The numbers of the cards, from the top."""
        return [card.number for card in self._cards()]

    def reveal(self, number: int) -> None:
        """Scroll to a card."""
        for card in self._cards():
            if card.number == number:
                self._scroll.ensureWidgetVisible(card, 0, 12)

    def _cards(self) -> list[SourceCard]:
        items = (self._box.itemAt(i) for i in range(self._box.count()))
        widgets = (item.widget() for item in items if item)
        return [widget for widget in widgets if isinstance(widget, SourceCard)]

    def _add(self, source: Source, question: str) -> None:
        card = SourceCard(source, question, self._matches)
        card.opened.connect(self.opened)
        self._box.addWidget(card)

    def _clear(self) -> None:
        while item := self._box.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
