"""A few lines of text with some of its words on a coloured ground, painted: nothing in the text is ever markup."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
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
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        lines = self._broken(width)[1]
        return round(sum(line.height() for line in lines)) + 1

    def sizeHint(self) -> QSize:
        width = self.width() if self.width() > 100 else theme.px(220)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(80), QFontMetricsF(self.font()).height().__ceil__())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colours = theme.current()
        painter.setPen(QColor(colours.muted))
        layout, lines = self._broken(self.width())
        for line in lines:
            line.draw(painter, QPointF(0, 0))
        end = lines[-1].textStart() + lines[-1].textLength() if lines else 0
        if end < len(self._utf16()):
            self._fade(painter, lines[-1])
        painter.end()
        del layout

    def _fade(self, painter: QPainter, last: QTextLine) -> None:
        """An ellipsis at the end of the last line, over a ground of the card's colour."""
        mark = QFontMetricsF(self.font()).horizontalAdvance(" …")
        area = last.rect()
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        used = min(last.naturalTextWidth(), self.width() - mark)
        area.setLeft(0 if mirrored else used)
        area.setWidth(mark if mirrored else self.width() - used)
        painter.fillRect(area, QColor(theme.current().surface))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, " …")

    def _broken(self, width: float) -> tuple[QTextLayout, list[QTextLine]]:
        layout = QTextLayout(self._text, self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        layout.setTextOption(option)
        layout.setFormats(self._formats())
        lines: list[QTextLine] = []
        y = 0.0
        layout.beginLayout()
        while len(lines) < self._lines and (line := layout.createLine()).isValid():
            line.setLineWidth(max(1.0, width))
            line.setPosition(QPointF(0, y))
            y += line.height()
            lines.append(line)
        layout.endLayout()
        return layout, lines

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
