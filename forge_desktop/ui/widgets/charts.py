"""Charts painted from the tokens: a growing sum against its cap with a forecast, and bars of counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from forge_desktop.ui import theme, tokens

_LINES = 4  # of the grid, about


@dataclass(frozen=True)
class Series:
    """What a line chart shows: (label, value) so far, the same for what is foreseen, and a limit with its words."""

    points: Sequence[tuple[str, float]]
    forecast: Sequence[tuple[str, float]] = ()
    limit: float | None = None
    limit_words: str = ""


class Chart(QWidget):
    """What charts have in common: their place, their colours following the theme, and words for who cannot see them."""

    def __init__(self, accessible_name: str, height: int) -> None:
        super().__init__()
        self.setAccessibleName(accessible_name)
        self.setFont(theme.font(tokens.CAPTION, tabular=True))
        self.setMinimumHeight(theme.px(height))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(280), self.minimumHeight())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            words = self._words_at(event.pos().x())
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def _words_at(self, x: float) -> str:
        return ""

    def _mirrored(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft

    def _across(self, x: float) -> float:
        """A place counted from the leading edge, in pixels of the widget."""
        return self.width() - x if self._mirrored() else x

    def _write(self, painter: QPainter, x: float, y: float, words: str, side: str = "middle") -> None:
        """Words at a place counted from the leading edge, kept inside: their "start", "middle" or "end" is there."""
        metrics = QFontMetricsF(painter.font())
        width = metrics.horizontalAdvance(words) + 2
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[side]
        left = max(0.0, min(left, self.width() - width))
        if self._mirrored():
            left = self.width() - left - width
        painter.drawText(QRectF(left, y - metrics.height() / 2, width, metrics.height()), words)


class LineChart(Chart):
    """A sum that grows: a line over a soft area, a dashed limit, and a dotted line for what is foreseen."""

    def __init__(
        self,
        accessible_name: str,
        worded: Callable[[float], str],
        height: int = 150,
        *,
        axis: Callable[[float, float], str] | None = None,
        least: float = 0.0,
    ) -> None:
        """`axis` words a value beside the grid, whose lines are a step apart: else as `worded`. The grid reaches up to
        `least` at least, so that nothing looks like nothing.
        """
        super().__init__(accessible_name, height)
        self._worded, self._least = worded, least
        self._axis = axis or (lambda value, _step: worded(value))
        self._series = Series(())

    def show_series(self, series: Series) -> None:
        """Show this; the accessible description says the ends in words."""
        self._series = series
        words = []
        if series.points:
            words.append(f"{self._worded(series.points[-1][1])} until {series.points[-1][0]}")
        if series.forecast:
            words.append(f"{self._worded(series.forecast[-1][1])} foreseen until {series.forecast[-1][0]}")
        if series.limit is not None:
            words.append(series.limit_words)
        self.setAccessibleDescription(", ".join(words))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        if self._series.points:
            self._paint_grid(painter)
            self._paint_lines(painter)
            self._paint_limit(painter)
        painter.end()

    def _grid(self) -> tuple[float, int]:
        """The distance of the grid's lines, and how many there are above zero."""
        shown = [value for _, value in (*self._series.points, *self._series.forecast)]
        return nice_grid(max([*shown, self._series.limit or 0.0]), self._least)

    def _top(self) -> float:
        """The value at the upper edge of the grid."""
        step, lines = self._grid()
        return step * lines

    def _area(self) -> QRectF:
        """The grid, counted from the leading edge."""
        metrics = QFontMetricsF(self.font())
        step, lines = self._grid()
        widest = max(metrics.horizontalAdvance(self._axis(step * n, step)) for n in range(lines + 1))
        line = metrics.height()
        left = widest + 10
        return QRectF(left, line, max(10.0, self.width() - left - 6), max(10.0, self.height() - 2 * line - 6))

    def _place(self, area: QRectF, number: int, value: float) -> QPointF:
        every = max(1, len(self._series.points) + len(self._series.forecast) - 1)
        x = area.left() + area.width() * number / every
        return QPointF(self._across(x), area.bottom() - area.height() * value / self._top())

    def _paint_grid(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area()
        step, lines = self._grid()
        for number in range(lines + 1):
            y = area.bottom() - area.height() * number / lines
            painter.setPen(QPen(QColor(now.grid), 1))
            painter.drawLine(QPointF(self._across(area.left()), y), QPointF(self._across(area.right()), y))
            painter.setPen(QColor(now.muted))
            self._write(painter, area.left() - 8, y, self._axis(step * number, step), "end")
        labels = [name for name, _ in (*self._series.points, *self._series.forecast)]
        today = len(self._series.points) - 1
        y = area.bottom() + 6 + QFontMetricsF(self.font()).height() / 2
        for number in label_places(len(labels), today, area.width() / theme.px(76)):
            x = area.left() + area.width() * number / max(1, len(labels) - 1)
            side = "start" if not number else "end" if number == len(labels) - 1 else "middle"
            self._write(painter, x, y, labels[number], side)

    def _paint_lines(self, painter: QPainter) -> None:
        now, area, series = theme.current(), self._area(), self._series
        points = [self._place(area, number, value) for number, (_, value) in enumerate(series.points)]
        ground = QPainterPath(QPointF(points[0].x(), area.bottom()))
        for point in points:
            ground.lineTo(point)
        ground.lineTo(QPointF(points[-1].x(), area.bottom()))
        shade = QLinearGradient(QPointF(0, area.top()), QPointF(0, area.bottom()))
        for place, strength in ((0.0, 60), (1.0, 8)):
            colour = QColor(now.chart1)
            colour.setAlpha(strength)
            shade.setColorAt(place, colour)
        if now.name != "contrast":
            painter.fillPath(ground, shade)
        painter.setPen(QPen(QColor(now.chart1), 2))
        painter.drawPolyline(QPolygonF(points))
        last = len(points) - 1
        if series.forecast:
            ahead = [self._place(area, last + 1 + n, value) for n, (_, value) in enumerate(series.forecast)]
            painter.setPen(QPen(QColor(now.chart1), 2, Qt.PenStyle.DotLine))
            painter.drawPolyline(QPolygonF([points[-1], *ahead]))
        painter.setPen(QPen(QColor(now.surface), 2))
        painter.setBrush(QColor(now.chart1))
        painter.drawEllipse(points[-1], 5, 5)

    def _paint_limit(self, painter: QPainter) -> None:
        series, area, now = self._series, self._area(), theme.current()
        if series.limit is None:
            return
        y = area.bottom() - area.height() * series.limit / self._top()
        painter.setPen(QPen(QColor(now.chart3), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(self._across(area.left()), y), QPointF(self._across(area.right()), y))
        painter.setFont(theme.font(tokens.CAPTION, 600, tabular=True))
        painter.setPen(QColor(now.warn))
        height = QFontMetricsF(painter.font()).height()
        self._write(painter, area.right(), max(height / 2, y - height / 2 - 3), series.limit_words, "end")

    def _words_at(self, x: float) -> str:
        shown = [*self._series.points, *self._series.forecast]
        if not shown:
            return ""
        area = self._area()
        share = (self._across(x) - area.left()) / area.width()
        number = min(len(shown) - 1, max(0, round(share * (len(shown) - 1))))
        ahead = " (foreseen)" if number >= len(self._series.points) else ""
        return f"{shown[number][0]}: {self._worded(shown[number][1])}{ahead}"


class BarChart(Chart):
    """Counts side by side, as in a histogram. The labels that have no room are left out; a tool tip has them all."""

    def __init__(self, accessible_name: str, height: int = 110, worded: Callable[[int], str] = "{:,}".format) -> None:
        super().__init__(accessible_name, height)
        self._worded = worded
        self.nothing = ""  # what is said where there is nothing to show
        self._bars: Sequence[tuple[str, int]] = ()
        self._marked = ""

    def show_bars(self, bars: Sequence[tuple[str, int]], marked: str = "") -> None:
        """Show these (label, count); where one is `marked` by its label, the others step back."""
        self._bars, self._marked = tuple(bars), marked
        self.setAccessibleDescription(", ".join(f"{name}: {self._worded(count)}" for name, count in bars))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, now = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        line = QFontMetricsF(self.font()).height()
        bottom, room = self.height() - line - 4, self.height() - 2 * line - 8
        painter.setPen(QPen(QColor(now.grid), 1))
        painter.drawLine(QPointF(0, bottom + 0.5), QPointF(self.width(), bottom + 0.5))
        most = max((count for _, count in self._bars), default=0)
        if not most:
            painter.setPen(QColor(now.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.nothing)
            painter.end()
            return
        step = self.width() / len(self._bars)
        width = min(theme.px(44), step * 0.72)
        every = max(1, math.ceil(self._widest() / step))
        for number, (name, count) in enumerate(self._bars):
            middle = step * (number + 0.5)
            height = max(2.0, room * count / most) if count else 0.0
            painter.setPen(theme.edge())
            back = self._marked and name != self._marked
            hollow = now.name == "contrast" and back
            painter.setBrush(QColor(now.surface if hollow else now.control_border if back else now.chart1))
            painter.drawRoundedRect(QRectF(self._across(middle) - width / 2, bottom - height, width, height), 2, 2)
            painter.setPen(QColor(now.muted))
            words = self._worded(count)
            if count and QFontMetricsF(self.font()).horizontalAdvance(words) < step:
                self._write(painter, middle, bottom - height - line / 2 - 1, words)
            if number % every == 0:
                self._write(painter, middle, bottom + 4 + line / 2, name)
        painter.end()

    def _widest(self) -> float:
        metrics = QFontMetricsF(self.font())
        return max(metrics.horizontalAdvance(name) for name, _ in self._bars) + 8

    def _words_at(self, x: float) -> str:
        if not self._bars:
            return ""
        number = min(len(self._bars) - 1, max(0, int(self._across(x) / self.width() * len(self._bars))))
        name, count = self._bars[number]
        return f"{name}: {self._worded(count)}"


def nice_grid(value: float, least: float = 0.0) -> tuple[float, int]:
    """The distance of grid lines in round numbers, and how many reach beyond a value, or up to `least`."""
    top = max(value * 1.04, least)
    if top <= 0:
        return 1.0, 1
    wanted = top / _LINES
    size = 10.0 ** math.floor(math.log10(wanted))
    step = next(size * part for part in (1, 2, 2.5, 5, 10) if size * part >= wanted * 0.999)
    return step, max(1, math.ceil(top / step * 0.999))


def label_places(count: int, today: int, room: float) -> list[int]:
    """Which of `count` labels are written where there is room for `room`: the ends, today, and some between."""
    if count <= max(2, room):
        return list(range(count))
    step = max(1, math.ceil(count / max(2.0, room)))
    chosen = {0, count - 1, today}
    for number in range(0, count, step):
        if all(abs(number - other) >= step for other in chosen):
            chosen.add(number)
    kept = sorted(chosen)
    return [n for n in kept if n in (0, count - 1) or min(n, count - 1 - n) >= step or n == 0]
