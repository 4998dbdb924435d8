"""The four cards on top of the pane: what was spent, what waits, what was kept, what was dropped."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy

from forge_desktop.base.money import shown
from forge_desktop.distill.records import Budget
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.distill.overview import RUNNING, Overview, per_pair
from forge_desktop.ui.widgets.basics import ElidedLabel, Meter, Pill, column, label, row
from forge_desktop.ui.widgets.stacked_bar import StackedBar

_SIDE = 16  # of a card, beside its words
_NEAR = 0.9  # of a cap: from here on it is said


class FigureCard(QFrame):
    """A name, a figure, a bar and a line of words."""

    def __init__(self, name: str, bar: StackedBar | Meter) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self._name = name
        self.figure = label("—", tokens.FIGURE, 600, tabular=True)
        self.pill = Pill("", "ok", "circle-check", 11)
        self.pill.hide()
        self.words = ElidedLabel("", tokens.SMALL, cls="muted")
        self.bar = bar
        self._state = ("", "ok")
        self._said = ("", "")
        self._title = ElidedLabel(name, tokens.SMALL, 500, "muted")
        head = row(self._title, self.pill)
        head.setStretch(0, 1)
        self.setLayout(column(head, self.figure, bar, self.words, gap=3, margins=(_SIDE, 10, _SIDE, 10)))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(theme.px(108))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, words are short, and only a state that asks for something is said."""
        super().resizeEvent(event)
        self._fit()

    def show_state(self, words: str, kind: str, icon: str) -> None:
        """A state beside the name; "" for none."""
        self._state = (words, kind)
        self.pill.show_state(words, kind, icon)
        self._fit()

    def _fit(self) -> None:
        words, kind = self._state
        narrow = self.width() < theme.px(220)
        self.pill.setVisible(bool(words) and not (narrow and kind == "ok"))
        whole, short = self._said
        room = self.width() - 2 * _SIDE
        cut = bool(short) and self.words.fontMetrics().horizontalAdvance(whole) > room
        self.words.setText(short if cut else whole)
        if cut:
            self.words.setToolTip(whole)

    def say(self, figure: str, words: str, short: str = "") -> None:
        """Show a figure and the line under it; `short` is that line where there is no room for it."""
        self.figure.setText(figure)
        self._said = (words, short)
        self._fit()
        self.setAccessibleName(f"{self._name}: {figure} {words}")


class Figures(QFrame):
    """All four, from an `Overview`."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Figures")
        self.budget = FigureCard("Budget", StackedBar(8))
        self.queue = FigureCard("Queue", Meter(0, 0, 8, "ok", "Tasks finished"))
        self.kept = FigureCard("Pairs kept", Meter(0, 0, 8, "ok", "Tasks kept"))
        self.dropped = FigureCard("Duplicates dropped", Meter(0, 0, 8, "warn", "Pairs dropped"))
        cards = (self.budget, self.queue, self.kept, self.dropped)
        line = row(*cards, gap=tokens.LG)
        for place in range(len(cards)):
            line.setStretch(place, 1)
        self.setLayout(line)

    def show_overview(self, found: Overview) -> None:
        """Show what is so now."""
        self._show_budget(found)
        tasks = found.tasks
        ended = found.of("kept", "rejected", "failed", "cancelled")
        waiting, running, review = found.of("queued"), found.of(*RUNNING), found.of("review")
        parts = [f"{number:,} {words}" for number, words in ((running, "running"), (review, "to review")) if number]
        held = found.of("held")
        parts += [f"{held:,} held"] if held else []
        said = " · ".join(parts) or ("nothing to do" if not waiting else "waiting for a run")
        self.queue.say(f"{waiting + running + review + held:,}", said)
        _fill(self.queue, ended / tasks if tasks else 0)
        pairs = found.pairs
        self.kept.say(f"{pairs.accepted:,}", f"{pairs.train_pairs:,} TRAIN · {pairs.repair_pairs:,} REPAIR")
        _fill(self.kept, found.of("kept") / tasks if tasks else 0)
        words, vectors = found.thresholds
        leaks = f"{pairs.leaking:,} in suites" if pairs.leaking else ""
        whole = " · ".join(filter(None, (f"{words:.0%} words, {vectors:.0%} meaning", leaks)))
        short = f"{leaks} · {words:.0%} / {vectors:.0%}" if leaks else f"{words:.0%} / {vectors:.0%} alike"
        self.dropped.say(f"{pairs.duplicates:,}", whole, short)
        _fill(self.dropped, pairs.duplicates / pairs.pairs if pairs.pairs else 0)

    def _show_budget(self, found: Overview) -> None:
        budget = found.budget("run") or found.budget("month")
        card = self.budget
        if budget is None:
            card.say("$0.00", "nothing was spent yet")
            card.show_state("", "ok", "")
            return
        cap = "no cap" if budget.cap is None else f"of {shown(budget.cap)}"
        when = "" if budget.kind == "run" else " this month"
        cost = per_pair(found.run)
        card.say(shown(budget.charged), " · ".join(filter(None, (cap + when, cost))))
        show_bar(card.bar, budget)
        said = budget.cap is not None or bool(found.stopped)
        card.show_state(*(budget_state(found, budget) if said else ("", "ok", "")))


def _fill(card: FigureCard, share: float) -> None:
    assert isinstance(card.bar, Meter)
    card.bar.set_value(share)


def show_bar(bar: object, budget: Budget) -> None:
    """Settled, reserved and unknown against the cap; without a cap the parts fill the bar."""
    assert isinstance(bar, StackedBar)
    parts = (budget.settled, budget.reserved, budget.unknown)
    bar.show_parts(parts, float(budget.cap or 0), _NEAR * (budget.cap or 0), budget_words(budget))


def budget_words(budget: Budget) -> str:
    """A budget in one line, for who cannot see the bar."""
    parts = [f"{shown(budget.settled)} settled"]
    parts += [f"{shown(budget.reserved)} reserved"] if budget.reserved else []
    parts += [f"{shown(budget.unknown)} unknown"] if budget.unknown else []
    return ", ".join((*parts, "no cap" if budget.cap is None else f"cap {shown(budget.cap)}"))


def budget_state(found: Overview, budget: Budget) -> tuple[str, str, str]:
    """Word, kind and icon for how near the cap is."""
    if found.stopped:
        return "Stopped", "bad", "circle-alert"
    if budget.cap is None:
        return "No cap", "warn", "triangle-alert"
    if budget.charged >= budget.cap or (found.run is not None and found.run.stopped_by == "cap"):
        return "Cap reached", "warn", "triangle-alert"
    if found.run is not None and found.run.stopped_by in ("offline", "teachers", "error"):
        return "", "ok", ""
    if budget.charged >= _NEAR * budget.cap:
        return "Near the cap", "warn", "triangle-alert"
    return "On track", "ok", "circle-check"
