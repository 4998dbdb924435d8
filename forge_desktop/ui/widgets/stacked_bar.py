"""A bar of several parts against what there is: what a student takes of a device's memory."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from forge_desktop.ui import theme

PARTS = ("chart1", "chart2", "chart3")  # tokens of the parts, in order


class StackedBar(QWidget):
    """Parts of a whole side by side. A tick stands at `limit`; what goes beyond the whole makes the track red.

    Decoration: the figures stand beside it, and its accessible name says them again.
    """

    def __init__(self, height: int = 10) -> None:
        super().__init__()
        self._parts: tuple[float, ...] = ()
        self._whole, self._limit, self._thickness = 0.0, 0.0, height
        self.setFixedHeight(height + 6)
        self.setMinimumWidth(theme.px(80))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_parts(self, parts: Sequence[float], whole: float, limit: float, accessible_name: str) -> None:
        """Show these parts of `whole`; where it is 0, nothing is known of the whole and the parts fill the bar."""
        self._parts, self._whole, self._limit = tuple(parts), whole, limit
        self.setAccessibleName(accessible_name)
        self.update()

    def overflows(self) -> bool:
        """Whether the parts need more than there is."""
        return bool(self._whole) and sum(self._parts) > self._whole

    def paintEvent(self, event: QPaintEvent) -> None:
        now, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            painter.translate(self.width(), 0)
            painter.scale(-1, 1)
        area = QRectF(0, 3, self.width(), self._thickness)
        shape = QPainterPath()
        shape.addRoundedRect(area, self._thickness / 2, self._thickness / 2)
        painter.setBrush(QColor(now.track))
        painter.drawPath(shape)
        scale = max(self._whole, sum(self._parts), 1.0)
        painter.save()
        painter.setClipPath(shape)
        left = 0.0
        for place, (part, color) in enumerate(zip(self._parts, PARTS, strict=False)):
            width = area.width() * part / scale
            painter.setPen(theme.edge())
            painter.setBrush(theme.part_brush(place, color))
            if width:
                painter.drawRect(QRectF(left, area.top(), width, area.height()))
            left += width
        painter.restore()
        painter.setPen(theme.edge())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(shape)
        painter.setPen(Qt.PenStyle.NoPen)
        self._paint_marks(painter, area, scale)
        painter.end()

    def _paint_marks(self, painter: QPainter, area: QRectF, scale: float) -> None:
        now = theme.current()
        if self.overflows():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(now.bad), 2))
            radius = self._thickness / 2
            painter.drawRoundedRect(area.adjusted(1, 0, -1, 0), radius, radius)
            painter.setPen(Qt.PenStyle.NoPen)
        for at, color in ((self._limit, now.text), (self._whole if self.overflows() else 0.0, now.bad)):
            if 0 < at <= scale:
                painter.setBrush(QColor(color))
                painter.drawRoundedRect(QRectF(area.width() * at / scale - 1, 0, 2, self.height()), 1, 1)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()


class PartDot(QWidget):
    """The colour of one part, beside its name."""

    def __init__(self, part: int) -> None:
        super().__init__()
        self._part = part
        self.setFixedSize(theme.px(8), theme.px(8))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.edge())
        painter.setBrush(theme.part_brush(self._part, PARTS[self._part]))
        painter.drawEllipse(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()
