"""A chart of two values a measure, as before and after a change, with the interval of the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.charts import Chart


@dataclass(frozen=True)
class Arms:
    """How the two bars of a pair are called."""

    before: str
    after: str


@dataclass(frozen=True)
class PairBar:
    """Two values of one measure. All but the words are shares from 0 to 1; `low` and `high` bound the second one.

    `kind` is ok, warn or bad; `worse` marks a fall. `spoken` is the whole of it in a sentence.
    """

    name: str
    before: float
    after: float
    low: float
    high: float
    value: str
    difference: str
    kind: str
    worse: bool
    spoken: str


class PairChart(Chart):
    """Bars in pairs, as before and after a change, one pair under the other, with a whisker for the interval.

    The bars end the same way for all pairs, so that they can be compared; figures stand behind them.
    """

    def __init__(self, accessible_name: str, line: int = 34) -> None:
        super().__init__(accessible_name, 0)
        self._line = line
        self._arms = Arms("", "")
        self._bars: Sequence[PairBar] = ()
        self._legend = True
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def show_pairs(self, arms: Arms, bars: Sequence[PairBar], *, legend: bool = True) -> None:
        """Show these, top to bottom."""
        self._arms, self._bars, self._legend = arms, tuple(bars), legend
        self.setAccessibleDescription("; ".join(bar.spoken for bar in bars))
        self.setMinimumHeight(round(self._top() + theme.px(self._line) * len(bars)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(320), self.minimumHeight())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._legend and self._bars:
            self._paint_legend(painter)
        for number, bar in enumerate(self._bars):
            self._paint_pair(painter, bar, self._top() + self._step() * (number + 0.5))
        painter.end()

    def _top(self) -> float:
        return theme.px(24) if self._legend else 0.0

    def _step(self) -> float:
        """Pixels for a pair; a taller place is used, within limits."""
        room = (self.height() - self._top()) / max(1, len(self._bars))
        return min(theme.px(self._line) * 1.4, max(theme.px(self._line), room))

    def _columns(self) -> tuple[float, float, float]:
        """Where the bars begin and end, and where the value ends, from the leading edge."""
        names, figures = QFontMetricsF(theme.font(tokens.SMALL)), QFontMetricsF(theme.font(tokens.SMALL, 600))
        name = max((names.horizontalAdvance(bar.name) for bar in self._bars), default=0.0)
        value = max((figures.horizontalAdvance(bar.value) for bar in self._bars), default=0.0)
        difference = max((figures.horizontalAdvance(bar.difference) for bar in self._bars), default=0.0)
        left = min(name + 14, self.width() * 0.42)
        value_end = self.width() - difference - 12
        return left, max(left + 20, value_end - value - 12), value_end

    def _paint_legend(self, painter: QPainter) -> None:
        now = theme.current()
        painter.setFont(theme.font(tokens.CAPTION))
        metrics, at, y = QFontMetricsF(painter.font()), self._columns()[0], theme.px(8)
        for words, colour in ((self._arms.before, now.control_border), (self._arms.after, now.chart2)):
            side = theme.px(9)
            painter.setPen(theme.edge())
            painter.setBrush(self._brush(colour, before=words == self._arms.before))
            place = at if not self._mirrored() else self.width() - at - side
            painter.drawRoundedRect(QRectF(place, y - side / 2, side, side), 2, 2)
            painter.setPen(QColor(now.muted))
            room = max(20.0, self.width() - at - side - 8)
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
            self._write(painter, at + side + 6, y, shown, "start")
            at += side + 6 + metrics.horizontalAdvance(shown) + theme.px(18)

    def _paint_pair(self, painter: QPainter, bar: PairBar, middle: float) -> None:
        now = theme.current()
        left, right, value_end = self._columns()
        painter.setFont(theme.font(tokens.SMALL))
        painter.setPen(QColor(now.text))
        metrics = QFontMetricsF(painter.font())
        self._write(painter, 0, middle, metrics.elidedText(bar.name, Qt.TextElideMode.ElideRight, left - 10), "start")
        thick = theme.px(7)
        after = {"ok": now.chart2, "warn": now.chart3, "bad": now.bad}[bar.kind]
        for place, share, colour in ((-thick - 1.5, bar.before, now.control_border), (1.5, bar.after, after)):
            self._bar(painter, left, right, middle + place, share, self._brush(colour, before=place < 0), thick)
        self._whisker(painter, left, right, middle + 1.5 + thick / 2, bar)
        painter.setFont(theme.font(tokens.SMALL, 600, tabular=True))
        painter.setPen(QColor(now.text))
        self._write(painter, value_end, middle, bar.value, "end")
        painter.setPen(QColor(now.bad if bar.worse else now.ok if bar.difference.strip("0.%") else now.muted))
        self._write(painter, self.width(), middle, bar.difference, "end")

    def _bar(
        self, painter: QPainter, left: float, right: float, top: float, share: float, brush: QBrush, thick: float
    ) -> None:
        painter.setPen(theme.edge())
        for part, fill in ((1.0, QBrush(QColor(theme.current().track))), (min(1.0, max(0.0, share)), brush)):
            width = (right - left) * part
            if width <= 0:
                continue
            start = self.width() - left - width if self._mirrored() else left
            painter.setBrush(fill)
            painter.drawRoundedRect(QRectF(start, top, max(thick, width), thick), thick / 2, thick / 2)

    def _whisker(self, painter: QPainter, left: float, right: float, y: float, bar: PairBar) -> None:
        """The interval of the second value, drawn over its bar."""
        low, high = (left + (right - left) * min(1.0, max(0.0, share)) for share in (bar.low, bar.high))
        painter.setPen(QPen(QColor(theme.current().text), 1.25))
        ends = [QPointF(self._across(x), y) for x in (low, high)]
        painter.drawLine(ends[0], ends[1])
        reach = theme.px(7) / 2 + 1.5  # beyond the bar, which has the same colour in high contrast
        for end in ends:
            painter.drawLine(QPointF(end.x(), y - reach), QPointF(end.x(), y + reach))

    @staticmethod
    def _brush(colour: str, *, before: bool) -> QBrush:
        """In high contrast, where all colours are one, the first bar is hatched."""
        hatched = before and theme.current().name == "contrast"
        return QBrush(QColor(colour), Qt.BrushStyle.Dense4Pattern if hatched else Qt.BrushStyle.SolidPattern)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            number = int((event.pos().y() - self._top()) / self._step())
            within = 0 <= number < len(self._bars) and event.pos().y() >= self._top()
            QToolTip.showText(event.globalPos(), self._bars[number].spoken if within else "", self)
            return True
        return super().event(event)
