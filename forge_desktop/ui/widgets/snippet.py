"""A few lines of text with some of its words on a coloured ground, painted: nothing in the text is ever markup."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextLayout,
    QTextLine,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from forge_desktop.ui import theme, tokens


class Snippet(QWidget):
    """Text broken into at most `lines` lines, the last one shortened; `spans` are (start, end) to highlight."""

    def __init__(self, text: str, spans: Sequence[tuple[int, int]] = (), lines: int = 4) -> None:
        super().__init__()
        self._text, self._spans, self._lines = text, tuple(spans), lines
        self.setFont(theme.font(tokens.SMALL))
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self._height(theme.px(240)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        height = self._height(self.width())
        if height != self.height():
            self.setFixedHeight(height)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(80), math.ceil(QFontMetricsF(self.font()).height()))

    def _height(self, width: int) -> int:
        layout = self._broken(width)
        return math.ceil(sum(layout.lineAt(i).height() for i in range(layout.lineCount()))) + 1

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colours = theme.current()
        painter.setPen(QColor(colours.muted))
        layout = self._broken(self.width())  # lines are parts of it: it must outlive them
        for i in range(layout.lineCount()):
            layout.lineAt(i).draw(painter, QPointF(0, 0))
        if layout.lineCount() and self._is_cut(last := layout.lineAt(layout.lineCount() - 1)):
            self._draw_ellipsis(painter, last)
        painter.end()

    def _is_cut(self, last: QTextLine) -> bool:
        return last.textStart() + last.textLength() < len(self._utf16())

    def _draw_ellipsis(self, painter: QPainter, last: QTextLine) -> None:
        """In the room that the last line was left without."""
        area = last.rect()
        mirrored = last.naturalTextRect().left() > area.left() + 1  # a line of a right-to-left script
        area.setLeft(0 if mirrored else last.naturalTextWidth())
        area.setWidth(self._ellipsis())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, "…")

    def _ellipsis(self) -> float:
        return QFontMetricsF(self.font()).horizontalAdvance("…") + 2

    def _broken(self, width: float) -> QTextLayout:
        layout = QTextLayout(self._text, self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        layout.setTextOption(option)
        layout.setFormats(self._formats())
        y = 0.0
        layout.beginLayout()
        for _ in range(self._lines):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(max(1.0, width))
            line.setPosition(QPointF(0, y))
            y += line.height()
            if layout.lineCount() == self._lines and self._is_cut(line):
                line.setLineWidth(max(1.0, width - self._ellipsis()))
        layout.endLayout()
        return layout

    def _formats(self) -> list[QTextLayout.FormatRange]:
        colours = theme.current()
        made = []
        for start, end in self._spans:
            span = QTextLayout.FormatRange()
            span.start = len(self._utf16(start))
            span.length = len(self._utf16(end)) - span.start
            form = QTextCharFormat()
            form.setBackground(QColor(colours.warn_soft))
            form.setForeground(QColor(colours.text))
            span.format = form
            made.append(span)
        return made

    def _utf16(self, end: int | None = None) -> str:
        """The text up to `end` as Qt counts it: a character beyond the first 65,536 as two."""
        return "".join(c if ord(c) < 0x10000 else "xx" for c in self._text[:end])
