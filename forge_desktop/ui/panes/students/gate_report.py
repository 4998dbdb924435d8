"""A gate in full: the verdict and why, both arms of every metric, the scales that were tried, and the conditions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLayout, QScrollArea, QVBoxLayout, QWidget

from forge_desktop.students.records_gate import GateReport, GateSuite, Metric
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.gate_words import arms, groups, pair_bar, verdict_mark
from forge_desktop.ui.panes.students.gate_conditions import conditions_card, sweep_card
from forge_desktop.ui.widgets.basics import IconLabel, column, frame, label, row
from forge_desktop.ui.widgets.pair_chart import PairChart
from forge_desktop.ui.widgets.words import breakable, count_words, safe_words

_KINDS = {
    "transfer": "new questions",
    "recall": "other words for what was taught",
    "regression": "ships with the program",
    "safety": "ships with the program",
}
_LEAKS_SHOWN = 3


class GateReportView(QScrollArea):
    """Cards under each other."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Report of the gate")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._uid = ""
        self._cards = QVBoxLayout()
        self._cards.setSpacing(tokens.LG)
        content = QWidget()
        content.setProperty("cls", "flow")
        content.setLayout(column(self._cards, None, gap=0, margins=(tokens.XL, tokens.MD, tokens.XL, 18)))
        content.setMaximumWidth(theme.px(920))
        self.setWidget(content)

    def show_gate(self, gate: GateReport, active: str = "") -> None:
        """Show this report; `active` is the version that answers now."""
        while (item := self._cards.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        cards = [_verdict_card(gate)]
        cards += [_suite_card(gate, name, role, metrics, active) for name, role, metrics in groups(gate)]
        cards += [sweep_card(gate)] if len(gate.sweep) > 1 else []
        cards.append(conditions_card(gate))
        for card in cards:
            self._cards.addWidget(card)
        if gate.uid != self._uid:
            self.verticalScrollBar().setValue(0)
        self._uid = gate.uid


def _verdict_card(gate: GateReport) -> QFrame:
    words = {
        "passed": f"{gate.label} passes",
        "failed": f"{gate.label} does not pass",
        "inconclusive": f"It is not decided whether {gate.label} is better",
        "": "There is no verdict yet",
    }[gate.verdict]
    _, kind, icon = verdict_mark(gate.verdict)
    head = row(IconLabel(icon, 20, "muted" if kind == "mute" else kind), label(words, tokens.SUBTITLE, 600, wrap=True))
    head.setStretch(1, 1)
    said = list(gate.reasons) or ([gate.problem] if gate.problem else [_waits(gate)])
    lines = [_reason(reason, "circle-alert" if reason in gate.vetoes else "chevron-right") for reason in said if reason]
    foot = f"Scale {gate.scale:g}" if gate.verdict else ""
    card: list[QWidget | QLayout] = [head, *lines, *([label(foot, tokens.SMALL, cls="muted")] if foot else [])]
    for note in (one for one in gate.card if one not in gate.reasons):
        card.append(_reason(note, "info"))
    made = frame("card", column(*card, gap=8, margins=(18, 14, 18, 14)))
    made.setAccessibleName(". ".join((words, *filter(None, said))))
    return made


def _waits(gate: GateReport) -> str:
    return {
        "waiting": "It waits for its turn: one gate or training run goes at a time.",
        "running": "Questions are still being answered; the verdict comes at the end.",
        "cancelled": "It was cancelled. What was measured is kept: resume it to go on from there.",
        "interrupted": "It was interrupted. What was measured is kept: resume it to go on from there.",
        "failed": "It broke off. What was measured is kept: resume it to go on from there.",
    }.get(gate.state, "")


def _reason(words: str, icon: str) -> QWidget:
    line = row(
        column(3, IconLabel(icon, 13, "bad" if icon == "circle-alert" else "muted"), None, gap=0),
        label(breakable(safe_words(words)), tokens.TABLE, wrap=True, selectable=True),
        gap=6,
    )
    line.setStretch(1, 1)
    made = QWidget()
    made.setLayout(line)
    return made


def _suite_card(gate: GateReport, name: str, role: str, metrics: Sequence[Metric], active: str) -> QFrame:
    suite = next((one for one in gate.suites if name == safe_words(one.name)), None)
    facts = [count_words(metrics[0].items, "question"), role]
    facts += [_KINDS[suite.kind]] if suite and suite.kind in _KINDS else []
    title = column(
        label(name, tokens.BODY, 600, wrap=True), label(" · ".join(facts), tokens.SMALL, cls="muted", wrap=True), gap=1
    )
    chart = PairChart(f"Both sides on {name}", 34)
    chart.show_pairs(arms(gate, active), [pair_bar(metric) for metric in metrics])
    parts: list[QWidget] = [chart, *_leak_lines(suite)]
    return frame("card", column(title, *parts, gap=10, margins=(18, 12, 18, 14)))


def _leak_lines(suite: GateSuite | None) -> list[QWidget]:
    if suite is None or not suite.leaks:
        return []
    shown = [f"{method}: {pair}" for pair, _item, method in suite.leaks[:_LEAKS_SHOWN]]
    more = len(suite.leaks) - len(shown)
    words = f"{count_words(len(suite.leaks), 'question')} of it nearly stood in the training data"
    text = "; ".join(shown) + (f"; and {more:,} more" if more else "")
    return [
        label(words, tokens.SMALL, 600, cls="warn", wrap=True),
        label(breakable(safe_words(text)), tokens.SMALL, cls="muted", wrap=True),
    ]
