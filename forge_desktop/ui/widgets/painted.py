"""Small widgets that paint themselves: pills, meters, the mark of the application."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from forge_desktop.ui import theme

_KINDS = {
    "ok": ("ok", "ok_soft"),
    "warn": ("warn", "warn_soft"),
    "bad": ("bad", "bad_soft"),
    "info": ("info", "info_soft"),
    "mute": ("muted", "surface2"),
    "accent": ("accent_fg", "accent_soft"),
}


def pill_width(text: str, icon: str, face: QFont) -> float:
    """The width that `draw_pill` needs."""
    return QFontMetrics(face).horizontalAdvance(text) + 16 + (theme.px(12) + 4 if icon else 0)


def draw_pill(painter: QPainter, area: QRectF, text: str, kind: str, icon: str, face: QFont) -> None:
    """Paint a pill: icon, word and colour together, so that colour never says it alone. For item delegates too."""
    now = theme.current()
    ink, ground = (str(getattr(now, name)) for name in _KINDS[kind])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(ink) if now.name == "contrast" else Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)
    mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
    inside = area.adjusted(8, 0, -8, 0)
    if icon:
        side = theme.px(12)
        left = inside.right() - side if mirrored else inside.left()
        theme.draw_icon(painter, QRectF(left, area.center().y() - side / 2, side, side), icon, ink, 2.25)
        inside.adjust(0 if mirrored else side + 4, 0, -(side + 4) if mirrored else 0, 0)
    painter.setPen(QColor(ink))
    painter.setFont(face)
    alignment = Qt.AlignmentFlag.AlignVCenter | (
        Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
    )
    painter.drawText(inside.adjusted(-2, 0, 2, 0) if not icon else inside.adjusted(0, 0, 2, 0), alignment, text)


class Pill(QWidget):
    """A state in a word: kind ok, warn, bad, info, mute or accent."""

    def __init__(self, text: str, kind: str = "mute", icon: str = "", size: float = 12) -> None:
        super().__init__()
        self._text, self._kind, self._icon = text, kind, icon
        self.setFont(theme.font(size, 600))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)

    def show_state(self, text: str, kind: str, icon: str = "") -> None:
        """Say something else."""
        self._text, self._kind, self._icon = text, kind, icon
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """The word shown."""
        return self._text

    def sizeHint(self) -> QSize:
        return QSize(round(pill_width(self._text, self._icon, self.font())), theme.px(22))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        draw_pill(painter, area, self._text, self._kind, self._icon, self.font())
        painter.end()


class Meter(QWidget):
    """A thin rounded track filled to `value` (0 to 1); kind accent, ok or warn. `mark` draws a tick, at 0.9 say."""

    def __init__(
        self,
        value: float = 0.0,
        width: int = 90,
        height: int = 6,
        kind: str = "accent",
        accessible_name: str = "",
        mark: float | None = None,
    ) -> None:
        super().__init__()
        self._value, self._kind, self._mark, self._thickness = value, kind, mark, height
        self._named = accessible_name
        if width:
            self.setFixedWidth(theme.px(width))
        self.setFixedHeight(height + 6)
        self.set_value(value)

    def set_value(self, value: float) -> None:
        """Fill to another share."""
        self._value = min(1.0, max(0.0, value))
        self.setAccessibleName(f"{self._named} {self._value:.0%}".strip())
        self.update()

    def value(self) -> float:
        """The share filled."""
        return self._value

    def paintEvent(self, event: QPaintEvent) -> None:
        now, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        half = self._thickness / 2
        track = QRectF(0, 3, self.width(), self._thickness)
        painter.setPen(theme.edge())
        painter.setBrush(QColor(now.track))
        sharp = 0.5 if now.name == "contrast" else 0.0
        painter.drawRoundedRect(track.adjusted(sharp, sharp, -sharp, -sharp), half, half)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._value > 0:
            filled = QRectF(track)
            filled.setWidth(max(self._thickness, track.width() * self._value))
            if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
                filled.moveRight(track.right())
            painter.setBrush(QColor({"accent": now.chart1, "ok": now.chart2, "warn": now.chart3}[self._kind]))
            painter.drawRoundedRect(filled, half, half)
        if self._mark is not None:
            painter.setBrush(QColor(now.text))
            painter.drawRoundedRect(QRectF(track.width() * self._mark - 1, 0, 2, self.height()), 1, 1)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()


class Mark(QWidget):
    """The application's mark: a hammer on an ember tile."""

    def __init__(self, size: int = 36) -> None:
        super().__init__()
        self._size = theme.px(size)
        self.setFixedSize(self._size, self._size)
        self.setAccessibleName("Forge Desktop")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_mark(painter, self._size)
        painter.end()


def draw_mark(painter: QPainter, size: float) -> None:
    """Paint the mark into the top left square of `size`."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ember = QLinearGradient(QPointF(0, 0), QPointF(size, size))
    ember.setColorAt(0, QColor("#FF8A3D"))
    ember.setColorAt(1, QColor("#D9480F"))
    painter.setBrush(ember)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawRoundedRect(QRectF(0, 0, size, size), size * 0.28, size * 0.28)
    inner = size * 20 / 36
    theme.draw_icon(painter, QRectF((size - inner) / 2, (size - inner) / 2, inner, inner), "hammer", "#FFFFFF", 2)
