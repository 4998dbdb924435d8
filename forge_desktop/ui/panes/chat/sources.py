"""The passages behind an answer: cited ones first, in order of their numbers, the others apart below."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from forge_desktop.base.paths import shown_path
from forge_desktop.chat.records import Source
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.chat.matching import excerpt, matches, wanted_words
from forge_desktop.ui.panes.chat.words import file_name, place_words, rank_words
from forge_desktop.ui.widgets.basics import ElidedLabel, IconButton, Meter, column, frame, label, row, show_ring
from forge_desktop.ui.widgets.snippet import Snippet


class SourceCard(QFrame):
    """One passage. A click, Return or Space opens it; Alt and its number do so from anywhere in the pane."""

    opened = Signal(int)

    def __init__(self, source: Source, question: str) -> None:
        super().__init__()
        self.number = source.n
        self.setProperty("cls", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        name, place = file_name(source.path), place_words(source)
        self.setAccessibleName(f"Source {source.n}: {name}, {place}")
        number = label(str(source.n), tokens.CAPTION, 700, "number")
        number.setFixedSize(max(theme.px(20), number.sizeHint().width() + 8), theme.px(20))
        number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = ElidedLabel(name, tokens.TABLE, 600, middle=True)
        open_it = IconButton("panel-right", f"Open source {source.n}", size=14)
        open_it.clicked.connect(self._on_open)
        title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        wanted = wanted_words(question)
        shown = excerpt(source.quote, wanted)
        meter = Meter(source.score, 0, 4, "ok", "Match")
        meter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        meter.setMaximumWidth(theme.px(118))
        score = label(f"{source.score:.2f}", tokens.CAPTION, 600, "muted", tabular=True)
        for widget in (meter, score):
            widget.setToolTip(rank_words(source))
        self.setLayout(
            column(
                row(number, title, open_it),
                ElidedLabel(place, tokens.CAPTION, cls="muted"),
                Snippet(shown, matches(shown, wanted)),
                row(meter, score, None),
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

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
        self._shown: tuple[tuple[Source, ...], str] = ((), "")
        self.setLayout(column(head, self._nothing, self._scroll, gap=4))

    def show_sources(self, sources: Sequence[Source], question: str, passages: int, nothing: str = "") -> None:
        """Show the passages of an answer to `question`; `passages` is how many the corpus has, `nothing` why none."""
        self._count.setText(f"{len(sources)} of {passages:,} passages" if sources else "")
        self._nothing.setText(nothing)
        self._nothing.setVisible(bool(nothing) and not sources)
        if (tuple(sources), question) == self._shown:
            return
        self._shown = (tuple(sources), question)
        self._clear()
        used = sorted((s for s in sources if s.cited), key=lambda s: s.n)
        unused = sorted((s for s in sources if not s.cited), key=lambda s: -s.score)
        for source in used:
            self._add(source, question)
        if used and unused:
            words = label("Offered, not used", tokens.SMALL, 600, "muted")
            self._box.addWidget(frame("line"))
            self._box.addWidget(words)
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
        card = SourceCard(source, question)
        card.opened.connect(self.opened)
        self._box.addWidget(card)

    def _clear(self) -> None:
        while item := self._box.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
