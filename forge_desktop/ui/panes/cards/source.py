"""The Markdown of a card as text: lines with their numbers, and the place where it cannot be read."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from forge_desktop.cards.records import Problem, TextOutcome
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.raw_text import carried, read, shown
from forge_desktop.ui.widgets.basics import Button, IconLabel, column, frame, label, row
from forge_desktop.ui.widgets.words import breakable

_PAUSE_MS = 400


class SourceView(QWidget):
    """The text, and under it what is wrong with it. `typed` carries it once a person pauses, and what it was before.

    Qt shows every line end as one of its own; what a person did not touch goes on as it came, byte for byte.
    """

    typed = Signal(object, object)  # as str they would lose a byte order mark on the way

    def __init__(self) -> None:
        super().__init__()
        self.text = _Text()
        self.text.textChanged.connect(self._on_text)
        self._known = self._coming = self._seen = ""  # the text in force, the one to show, and that as it stands there
        self._problem: Problem | None = None
        self._places: list[tuple[int, int]] = []
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.flush)
        self._icon = IconLabel("circle-alert", 15, "bad")
        self.words = label("", tokens.SMALL, cls="bad", wrap=True)
        self._go = Button("Go to it", cls="link")
        self._go.clicked.connect(self.go_to_problem)
        line = row(self._icon, self.words, self._go, gap=8, margins=(12, 6, 8, 6))
        line.setStretch(1, 1)
        self._foot = frame("bad", line)
        self._foot.hide()
        content = column(frame("card", row(self.text, margins=(1, 1, 1, 1))), self._foot, gap=8)
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

    def lock(self, *, locked: bool) -> None:
        """Take nothing while the card is published."""
        self.text.setReadOnly(locked)

    def awaits(self) -> bool:
        """Whether something typed was not handed on yet."""
        return self._pause.isActive()

    def forget_typed(self) -> None:
        """Another card comes."""
        self._pause.stop()

    @Slot()
    def flush(self) -> None:
        """Hand on what was typed."""
        if (typed := self.take()) is not None:
            self.typed.emit(*typed)

    def take(self) -> tuple[str, str] | None:
        """What was typed and not handed on, with what stood there before; None for nothing."""
        waited = self._pause.isActive()
        self._pause.stop()
        since, edited = self._known, self.text.said()
        if self.text.isReadOnly() or edited == self._seen or not (waited or self.isVisible()):
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

    def _put(self) -> None:
        """Show what came while nobody looked: laying out a long text takes its time."""
        if self._coming != self._known:
            self._known = self._coming
            self.text.put(self._coming)
            self._seen = self.text.said()
            self._pause.stop()  # that was nobody's typing
            self.text.mark_lines(self._places)

    @Slot()
    def _on_text(self) -> None:
        if not self.text.isReadOnly() and self.text.said() != self._seen:
            self._pause.start()


def place_words(problem: Problem) -> str:
    """A problem with its place: "Line 12, column 5: …"."""
    if not problem.line or problem.message.lower().startswith("line "):
        return problem.message
    column_words = f", column {problem.column}" if problem.column else ""
    return f"Line {problem.line}{column_words}: {problem.message}"


class _Text(QPlainTextEdit):
    """Tab leaves it; at its leading edge stand the numbers of the lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "bare")
        self.setAccessibleName("Markdown of the card")
        self._bad: list[tuple[int, int]] = []
        self.setFont(theme.font(tokens.CODE, mono=True))
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)  # the card has its own
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # it is a source, whatever the window's direction
        self._numbers = _Numbers(self)
        self.blockCountChanged.connect(self._make_room)
        self.updateRequest.connect(self._on_update)
        self._make_room()

    def said(self) -> str:
        """What stands in it."""
        return read(self.document().toRawText())

    def put(self, text: str) -> None:
        """Replace what differs, so that the cursor and the place that is seen stay."""
        old, text = self.said(), shown(text)
        start = 0
        most = min(len(old), len(text))
        while start < most and old[start] == text[start]:
            start += 1
        end = 0
        while end < most - start and old[len(old) - 1 - end] == text[len(text) - 1 - end]:
            end += 1
        if text[start : start + 1] == "\ufeff" and start:  # one that begins what is put in would get lost
            start -= 1
        # positions of a cursor count in UTF-16
        before, gone = _length(old[:start]), _length(old[start : len(old) - end])
        cursor = QTextCursor(self.document())
        cursor.setPosition(before)
        cursor.setPosition(before + gone, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text[start : len(text) - end])

    def mark_lines(self, places: list[tuple[int, int]]) -> None:
        """Lay a ground under these lines, and a wave under what stands at the column."""
        self._bad = places
        marks = []
        for line, column_number in places:
            block = self.document().findBlockByNumber(line - 1)
            if not block.isValid():
                continue
            ground = QTextEdit.ExtraSelection()
            ground.format.setBackground(QColor(theme.current().bad_soft))
            ground.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            ground.cursor = QTextCursor(block)
            marks.append(ground)
            marks.append(_wave(block, column_number))
        self.setExtraSelections(marks)
        self._numbers.update()

    def number_width(self) -> int:
        """Pixels that the numbers take."""
        digits = max(2, len(str(self.blockCount())))
        return self.fontMetrics().horizontalAdvance("9" * digits) + 20

    def paint_numbers(self, painter: QPainter, area: QRect) -> None:
        """Paint the numbers of the lines that are seen."""
        now = theme.current()
        painter.setFont(theme.font(tokens.CAPTION, mono=True))
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        bad = {line for line, _ in self._bad}
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        while block.isValid() and top <= area.bottom():
            height = self.blockBoundingRect(block).height()
            number = block.blockNumber() + 1
            painter.setPen(QColor(now.bad if number in bad else now.muted))
            place = QRect(0, round(top), self._numbers.width() - 8, self.fontMetrics().height())
            painter.drawText(place, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), str(number))
            top += height
            block = block.next()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._numbers.setGeometry(QRect(inside.left(), inside.top(), self.number_width(), inside.height()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and getattr(self, "_bad", None):
            self.mark_lines(self._bad)

    @Slot()
    def _make_room(self, _count: int = 0) -> None:
        self.setViewportMargins(self.number_width() + 4, 0, 0, 0)
        inside = self.contentsRect()
        self._numbers.setGeometry(QRect(inside.left(), inside.top(), self.number_width(), inside.height()))

    @Slot(QRect, int)
    def _on_update(self, area: QRect, scrolled: int) -> None:
        if scrolled:
            self._numbers.scroll(0, scrolled)
        else:
            self._numbers.update(0, area.y(), self._numbers.width(), area.height())


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _wave(block: QTextBlock, column_number: int) -> QTextEdit.ExtraSelection:
    mark = QTextEdit.ExtraSelection()
    mark.format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
    mark.format.setUnderlineColor(QColor(theme.current().bad))
    cursor = QTextCursor(block)
    start = min(max(0, column_number - 1), max(0, block.length() - 2))
    cursor.setPosition(block.position() + start)
    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
    mark.cursor = cursor
    return mark


class _Numbers(QWidget):
    """The numbers of the lines, painted by the text."""

    def __init__(self, text: _Text) -> None:
        super().__init__(text)
        self._text = text

    def sizeHint(self) -> QSize:
        return QSize(self._text.number_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._text.paint_numbers(painter, event.rect())
        painter.end()
