"""The editor of a card's Markdown itself: numbers of lines at its edge, and marks where it cannot be read."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Slot
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.raw_text import read, shown


class SourceText(QPlainTextEdit):
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
        if not old:  # the cursor that stood there went to the end with what was put in
            self.moveCursor(QTextCursor.MoveOperation.Start)

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

    def __init__(self, text: SourceText) -> None:
        super().__init__(text)
        self._text = text

    def sizeHint(self) -> QSize:
        return QSize(self._text.number_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._text.paint_numbers(painter, event.rect())
        painter.end()
