"""Small things around an answer: the student's picture, what a dotted line means, what did not fit."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import IconLabel, column, label, row

AVATAR = 28


class LeftOut(QWidget):
    """What did not fit into the context for this answer, at the place where that happened."""

    def __init__(self, notices: Sequence[str]) -> None:
        super().__init__()
        words = label("\n".join(notices), tokens.SMALL, cls="muted", wrap=True)
        icon = column(IconLabel("scissors", 13), None, gap=0, margins=(0, 2, 0, 0))
        line = row(icon, words, gap=6)
        line.setStretch(1, 1)
        self.setLayout(line)


class Avatar(QLabel):
    """The student's picture: decoration, so it has no name."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(theme.px(AVATAR), theme.px(AVATAR))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().accent_soft))
        painter.drawEllipse(self.rect())
        inset = self.width() * 6 / AVATAR
        theme.draw_icon(painter, self.rect().toRectF().adjusted(inset, inset, -inset, -inset), "sparkles", "accent_fg")
        painter.end()


class Legend(QWidget):
    """What the dotted line means."""

    def __init__(self) -> None:
        super().__init__()
        self._words = label("No passage of your documents supports the sentences underlined like this.", tokens.SMALL)
        self._words.setProperty("cls", "muted")
        self._words.setWordWrap(True)
        line = row(theme.px(28), self._words, gap=0)
        line.setStretch(1, 1)
        self.setLayout(line)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        pen = QPen(QColor(theme.current().warn), 1.5, Qt.PenStyle.DotLine)
        painter.setPen(pen)
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = self.width() - theme.px(20) if mirrored else 0
        y = self._words.y() + self._words.fontMetrics().ascent() + 2
        painter.drawLine(QPointF(left, y), QPointF(left + theme.px(20), y))
        painter.end()
