"""Money: what was spent this month and where it goes, and every budget with what counts against it."""

from __future__ import annotations

import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QSizePolicy

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
        self._words = {kind: ElidedLabel("—", tokens.SMALL, cls="muted") for kind in BUDGET_NAMES}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        for line, (kind, name) in enumerate(BUDGET_NAMES.items()):
            grid.addWidget(label(name, tokens.SMALL), line, 0)
            grid.addWidget(self._bars[kind], line, 1)
            self._words[kind].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._words[kind].setMinimumWidth(theme.px(120))
            grid.addWidget(self._words[kind], line, 2)
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
            self._words[kind].setText("no run yet" if budget is None else line_words(budget))
            bar.setVisible(budget is not None and budget.cap is not None)
            if budget is not None:
                show_bar(bar, budget)
                self._words[kind].setToolTip(budget_words(budget))
                self._words[kind].setAccessibleName(f"{BUDGET_NAMES[kind]}: {budget_words(budget)}")


def line_words(budget: Budget) -> str:
    """A budget as short as it goes: "$1.20 of $5.00", "$1.20 · no cap"; what is not settled is said besides."""
    parts = [f"{shown(budget.charged)} {'· no cap' if budget.cap is None else f'of {shown(budget.cap)}'}"]
    parts += [f"{shown(budget.reserved)} reserved"] if budget.reserved else []
    parts += [f"{shown(budget.unknown)} unknown"] if budget.unknown else []
    return " · ".join(parts)


def _axis(value: float, step: float) -> str:
    """An amount on the axis: as many digits as tell lines a step apart, the same on each of them."""
    dollars, apart = value / 1_000_000, step / 1_000_000
    places = next((n for n in (0, 2, 3, 4, 5) if abs(round(apart, n) - apart) < 1e-9), 6)
    return f"${dollars:,.{places}f}"
