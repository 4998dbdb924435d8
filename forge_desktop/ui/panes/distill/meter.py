"""Money: what was spent this month and where it goes, and every budget with what counts against it."""

from __future__ import annotations

import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QSizePolicy, QToolTip

from forge_desktop.base.money import shown
from forge_desktop.distill.records import Budget
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.distill.figures import budget_words, show_bar
from forge_desktop.ui.panes.distill.overview import BUDGET_NAMES, Overview, month_series
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, column, label, row
from forge_desktop.ui.widgets.charts import LineChart
from forge_desktop.ui.widgets.stacked_bar import PartDot, StackedBar

_LEAST = 100_000  # micro-dollars the chart reaches up to, however little was spent
_PARTS = ("Settled", "Reserved", "Unknown")


class SpendCard(QFrame):
    """The chart of the month."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self.chart = LineChart("Spend this month", lambda value: shown(round(value)), 132, axis=_axis, least=_LEAST)
        self._words = ElidedLabel("", tokens.SMALL, cls="muted")
        head = row(label("Spend", tokens.BODY, 600), self._words, gap=10)
        head.setStretch(1, 1)
        box = column(head, self.chart, gap=2, margins=(16, 10, 14, 8))
        box.setStretch(1, 1)
        self.setLayout(box)

    def show_overview(self, found: Overview, today: datetime.date) -> None:
        """Show what is so now."""
        month = found.budget("month")
        series = month_series(found.days, month.cap if month else None, today)
        words = "this month and forecast" if series.forecast else "this month"
        self._words.setText(words if month is None or month.cap is not None else f"{words} · no cap for a month is set")
        self.chart.show_series(series)


class AmountLabel(ElidedLabel):
    """A budget in words, which the keyboard reaches: then its parts stand beside it as they do under the mouse."""

    def __init__(self) -> None:
        super().__init__("—", tokens.SMALL, cls="muted")
        self.setContentsMargins(4, 1, 4, 1)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._parts = ""

    def say(self, name: str, parts: str) -> None:
        """Which budget it is, and what it is made of."""
        self._parts = parts
        self.setToolTip(parts)
        self.setAccessibleName(f"{name}: {self.whole_text()}")
        self.setAccessibleDescription(parts)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()
        if self._parts and event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), self._parts, self)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setToolTip(self._parts)  # else only what was shortened is said

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(theme.current().focus), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)


class BudgetsCard(QFrame):
    """A line for each budget: its bar, what counts, its cap.

    `caps_pressed` when a cap shall be changed, `calls_pressed` when the calls behind them shall be shown.
    """

    caps_pressed = Signal()
    calls_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        change = Button("Change caps…", cls="link")
        change.clicked.connect(self.caps_pressed)
        calls = Button("Calls…", cls="link")
        calls.setToolTip("Every call with what it cost: correct unknown ones, export, set an invoice beside them")
        calls.clicked.connect(self.calls_pressed)
        self._bars = {kind: StackedBar(8) for kind in BUDGET_NAMES}
        self.words = {kind: AmountLabel() for kind in BUDGET_NAMES}
        grid = self._grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        for line, (kind, name) in enumerate(BUDGET_NAMES.items()):
            grid.addWidget(label(name, tokens.SMALL), line, 0)
            grid.addWidget(self._bars[kind], line, 1)
            self.words[kind].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.words[kind].setMinimumWidth(theme.px(120))
            grid.addWidget(self.words[kind], line, 2)
        grid.setColumnStretch(1, 2)
        grid.setColumnStretch(2, 3)
        legend = [
            row(PartDot(part), label(name, tokens.CAPTION, cls="muted"), gap=6) for part, name in enumerate(_PARTS)
        ]
        head = row(label("Budgets", tokens.BODY, 600), None, calls, change, gap=tokens.SM)
        self.setLayout(column(head, grid, None, row(*legend, None, gap=14), gap=8, margins=(16, 8, 14, 10)))

    def show_overview(self, found: Overview) -> None:
        """Show what is so now."""
        for kind, bar in self._bars.items():
            budget = found.budget(kind)
            words = self.words[kind]
            words.setText("no run yet" if budget is None else line_words(budget))
            self._set_capped(kind, budget is not None and budget.cap is not None)
            words.say(BUDGET_NAMES[kind], "" if budget is None else budget_words(budget))
            if budget is not None:
                show_bar(bar, budget)

    def _set_capped(self, kind: str, capped: bool) -> None:
        """Without a cap there is nothing to measure against, and its words have the room of the bar."""
        line = list(BUDGET_NAMES).index(kind)
        self._bars[kind].setVisible(capped)
        self._grid.removeWidget(self.words[kind])
        self._grid.addWidget(self.words[kind], line, 2 if capped else 1, 1, 1 if capped else 2)


def line_words(budget: Budget) -> str:
    """A budget as short as it goes: "$1.20 of $5.00", "$1.20 · no cap"; what is not settled is said besides."""
    parts = [shown(budget.charged) if budget.cap is None else f"{shown(budget.charged)} of {shown(budget.cap)}"]
    parts += [f"{shown(budget.reserved)} reserved"] if budget.reserved else []
    parts += [f"{shown(budget.unknown)} unknown"] if budget.unknown else []
    parts += ["no cap"] if budget.cap is None else []
    return " · ".join(parts)


def _axis(value: float, step: float) -> str:
    """An amount on the axis: as many digits as tell lines a step apart, the same on each of them."""
    dollars, apart = value / 1_000_000, step / 1_000_000
    places = next((n for n in (0, 2, 3, 4, 5) if abs(round(apart, n) - apart) < 1e-9), 6)
    return f"${dollars:,.{places}f}"
