"""Two curves over the steps of a training run: the loss of each step, and the loss on what was kept apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.charts import Chart, nice_grid

_SMOOTHED = 24  # points from which on a mean is drawn over them
_SHARE = 12  # of the points that a mean is made of

Points = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Curves:
    """(step, loss) of both, out of this many steps."""

    steps: int
    training: Points
    validation: Points = ()

    def best(self) -> tuple[int, float] | None:
        """The lowest loss on what was kept apart, and its step."""
        return min(self.validation, key=lambda point: point[1], default=None)


class CurveChart(Chart):
    """The steps reach to the run's end, so that what is still to come can be seen. What is no number is left out."""

    def __init__(self, accessible_name: str, height: int = 200) -> None:
        super().__init__(accessible_name, height)
        self._curves = Curves(0, ())

    def curves(self) -> Curves:
        """What is shown."""
        return self._curves

    def show_curves(self, curves: Curves) -> None:
        """Show these; the accessible description says where they stand."""
        training = [point for point in curves.training if math.isfinite(point[1])]
        validation = [point for point in curves.validation if math.isfinite(point[1])]
        self._curves = Curves(max(curves.steps, *(step for step, _ in training), 1, 1), training, validation)
        words = (
            [f"loss {training[-1][1]:.3f} at step {training[-1][0]:,} of {self._curves.steps:,}"] if training else []
        )
        if validation:
            words.append(f"validation {validation[-1][1]:.3f}")
        if (best := self._curves.best()) is not None:
            words.append(f"the best {best[1]:.3f} at step {best[0]:,}")
        self.setAccessibleDescription(", ".join(words))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        area = self._area()
        self._paint_grid(painter, area)
        self._paint_training(painter, area)
        self._paint_validation(painter, area)
        self._paint_legend(painter)
        painter.end()

    def _grid(self) -> tuple[float, int]:
        shown = [value for _, value in (*self._curves.training, *self._curves.validation)]
        return nice_grid(max(shown, default=1.0))

    def _area(self) -> QRectF:
        """The grid, counted from the leading edge."""
        metrics, (step, lines) = QFontMetricsF(self.font()), self._grid()
        left = max(metrics.horizontalAdvance(f"{step * n:g}") for n in range(lines + 1)) + 10
        line = metrics.height()
        return QRectF(left, 2 * line, max(10.0, self.width() - left - 8), max(10.0, self.height() - 3.5 * line))

    def _place(self, area: QRectF, point: tuple[int, float]) -> QPointF:
        step, lines = self._grid()
        x = area.left() + area.width() * point[0] / self._curves.steps
        return QPointF(self._across(x), area.bottom() - area.height() * point[1] / (step * lines))

    def _paint_grid(self, painter: QPainter, area: QRectF) -> None:
        now, (step, lines) = theme.current(), self._grid()
        for number in range(lines + 1):
            y = area.bottom() - area.height() * number / lines
            painter.setPen(QPen(QColor(now.grid), 1))
            painter.drawLine(QPointF(self._across(area.left()), y), QPointF(self._across(area.right()), y))
            painter.setPen(QColor(now.muted))
            self._write(painter, area.left() - 8, y, f"{step * number:g}", "end")
        below = area.bottom() + 4 + QFontMetricsF(self.font()).height() / 2
        for at in _ticks(self._curves.steps, area.width() / theme.px(90)):
            x = area.left() + area.width() * at / self._curves.steps
            side = "start" if not at else "end" if at == self._curves.steps else "middle"
            self._write(painter, x, below, f"step {at:,}" if at == self._curves.steps else f"{at:,}", side)

    def _paint_training(self, painter: QPainter, area: QRectF) -> None:
        points = self._curves.training
        if not points:
            return
        many = len(points) >= _SMOOTHED
        colour = QColor(theme.current().chart1)
        colour.setAlpha(90 if many else 255)
        painter.setPen(QPen(colour, 1 if many else 2))
        painter.drawPolyline(QPolygonF([self._place(area, point) for point in _thinned(points, area.width())]))
        colour.setAlpha(255)
        if many:
            painter.setPen(QPen(colour, 2))
            mean = _thinned(_smoothed(points), area.width())
            painter.drawPolyline(QPolygonF([self._place(area, point) for point in mean]))
        painter.setPen(QPen(QColor(theme.current().surface), 2))
        painter.setBrush(colour)
        painter.drawEllipse(self._place(area, (_smoothed(points) if many else points)[-1]), 4, 4)

    def _paint_validation(self, painter: QPainter, area: QRectF) -> None:
        now, points = theme.current(), self._curves.validation
        placed = [self._place(area, point) for point in points]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(now.chart3), 2, Qt.PenStyle.DashLine))
        painter.drawPolyline(QPolygonF(placed))
        best = self._curves.best()
        for point, place in zip(points, placed, strict=True):
            painter.setPen(QPen(QColor(now.chart3), 2))
            painter.setBrush(QColor(now.chart3 if point == best else now.surface))
            _diamond(painter, place, 5.5 if point == best else 4)

    def _paint_legend(self, painter: QPainter) -> None:
        now, metrics = theme.current(), QFontMetricsF(self.font())
        y, x = metrics.height() / 2 + 1, 2.0
        entries = [("Training", now.chart1)]
        entries += [("Validation, the best filled", now.chart3)] if self._curves.validation else []
        for words, colour in entries:
            painter.setPen(QPen(QColor(colour), 2))
            painter.setBrush(QColor(colour))
            if colour == now.chart1:
                painter.drawLine(QPointF(self._across(x), y), QPointF(self._across(x + 14), y))
            else:
                _diamond(painter, QPointF(self._across(x + 7), y), 4)
            painter.setPen(QColor(now.muted))
            self._write(painter, x + 20, y, words, "start")
            x += 20 + metrics.horizontalAdvance(words) + tokens.LG

    def _words_at(self, x: float) -> str:
        points = self._curves.training
        if not points:
            return ""
        area = self._area()
        wanted = (self._across(x) - area.left()) / area.width() * self._curves.steps
        step, loss = min(points, key=lambda point: abs(point[0] - wanted))
        apart = next((value for at, value in self._curves.validation if at == step), None)
        return f"Step {step:,}: loss {loss:.4f}" + (f", validation {apart:.4f}" if apart is not None else "")


def _diamond(painter: QPainter, at: QPointF, size: float) -> None:
    corners = ((0, -size), (size, 0), (0, size), (-size, 0))
    painter.drawPolygon(QPolygonF([at + QPointF(dx, dy) for dx, dy in corners]))


def _ticks(steps: int, room: float) -> list[int]:
    """The steps that are written: round ones, and the last."""
    apart = max(1, math.ceil(nice_grid(steps / max(1.0, room) * 4)[0]))
    return [at for at in range(0, steps, apart) if steps - at >= apart * 0.6] + [steps]


def _smoothed(points: Points) -> list[tuple[int, float]]:
    """The mean of a few on both sides of each point, of fewer towards the ends."""
    sums = [0.0, *itertools.accumulate(value for _, value in points)]
    most, last, found = max(1, len(points) // _SHARE // 2), len(points) - 1, []
    for number, (step, _) in enumerate(points):
        side = min(most, number, last - number)
        found.append((step, (sums[number + side + 1] - sums[number - side]) / (2 * side + 1)))
    return found


def _thinned(points: Points, width: float) -> list[tuple[int, float]]:
    """At most the lowest and the highest for each pixel, in their order."""
    at_once = math.ceil(len(points) / max(1.0, width))
    if at_once <= 2:
        return list(points)
    found: list[tuple[int, float]] = []
    for first in range(0, len(points), at_once):
        part = points[first : first + at_once]
        ends = {min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])}
        found += sorted(ends)
    return found
