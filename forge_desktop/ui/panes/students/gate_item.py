"""One question of a gate: what was expected, the passages, and both answers with their scores beside each other."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QScrollArea, QWidget

from forge_desktop.students.records_gate import GateReport, ItemResult
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.gate_words import METRICS
from forge_desktop.ui.widgets.basics import column, label, row
from forge_desktop.ui.widgets.fold import Fold
from forge_desktop.ui.widgets.words import breakable, count_words, safe_words

_ANSWER_LINES = 5


class ItemView(QScrollArea):
    """Shows one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("The question and both answers")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.question = label("", tokens.BODY, 600, wrap=True, selectable=True)
        self.expected = label("", tokens.TABLE, wrap=True, selectable=True)
        self.problem = label("", tokens.SMALL, cls="warn", wrap=True)
        self.passages = Fold("", "Passages of the question")
        self.sides = (_Side(), _Side())
        both = row(*self.sides, gap=tokens.MD)
        for place in range(2):
            both.setStretch(place, 1)
        content = QWidget()
        content.setProperty("cls", "flow")
        expected = row(label("Expected", tokens.SMALL, cls="muted"), self.expected, gap=tokens.MD)
        expected.setStretch(1, 1)
        inside = column(self.question, expected, self.problem, both, self.passages, None, gap=8)
        content.setLayout(inside)
        self.setWidget(content)
        self.hide()

    def show_item(self, item: ItemResult, gate: GateReport) -> None:
        """Show a question of this gate."""
        self.question.setText(breakable(_text(item.question)))
        self.expected.setText(breakable(_text(item.expected)) or "—")
        self.problem.setText(breakable(safe_words(item.problem)))
        self.problem.setVisible(bool(item.problem))
        self.sides[0].show_side(gate.baseline_label, item.baseline_answer, item.baseline, {})
        self.sides[1].show_side(gate.label, item.candidate_answer, item.candidate, item.baseline)
        self.passages.set_heading(f"{count_words(len(item.evidence), 'passage')} that both were given")
        self.passages.set_text(
            "\n\n".join(f"[{n}] {safe_words(name)}\n{_text(text)}" for n, name, text in item.evidence)
        )
        self.passages.setVisible(bool(item.evidence))
        self.verticalScrollBar().setValue(0)


class _Side(QFrame):
    """One arm."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self._name = label("", tokens.SMALL, 600, cls="muted")
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setProperty("cls", "bare")
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setFont(theme.font(tokens.TABLE))
        self.text.setTabChangesFocus(True)
        self.text.document().setDocumentMargin(0)
        self.text.setFixedHeight(_ANSWER_LINES * self.text.fontMetrics().lineSpacing() + 4)
        self.text.viewport().setAutoFillBackground(False)
        self._scores = label("", tokens.SMALL, cls="muted", wrap=True, tabular=True)
        self.setLayout(column(self._name, self.text, self._scores, None, gap=6, margins=(12, 10, 12, 10)))

    def show_side(
        self, name: str, answer: str, scores: Mapping[str, float | None], other: Mapping[str, float | None]
    ) -> None:
        """Show an answer; a score that differs from the other side's says by how much."""
        self._name.setText(name)
        self.text.setAccessibleName(f"Answer of {name}")
        self.text.setPlainText(_text(answer))
        self.text.setPlaceholderText("It said nothing." if scores else "Not answered yet.")
        self._scores.setText(
            " · ".join(_score(metric, value, other) for metric, value in scores.items() if _said(value))
        )


def _said(value: float | None) -> bool:
    return value is not None


def _score(metric: str, value: float | None, other: Mapping[str, float | None]) -> str:
    assert value is not None
    name = METRICS.get(metric, ("", metric.replace("_", " ").capitalize()))[1]
    share = metric in METRICS and metric != "nll"
    words = f"{name} {value * 100:.0f}%" if share else f"{name} {value:.3g}"
    before = other.get(metric)
    if before is None or abs(value - before) < 0.005:
        return words
    change = (value - before) * (100 if share else 1)
    return f"{words} ({'+' if change > 0 else '−'}{abs(change):.{0 if share else 2}f})"


def _text(text: str) -> str:
    """With its line ends, in characters that Qt can show."""
    return "\n".join(safe_words(line) for line in text.replace("\t", "    ").splitlines())
