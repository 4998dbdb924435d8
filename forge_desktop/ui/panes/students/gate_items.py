"""The questions of a gate, one by one: what got better, what got worse, both answers beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from forge_desktop.students.records_gate import GateReport, ItemResult
from forge_desktop.ui import tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.gate_words import METRICS
from forge_desktop.ui.panes.students.gate_item import ItemView
from forge_desktop.ui.widgets.basics import EmptyState, column, frame, row
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.paged_table import PagedTable
from forge_desktop.ui.widgets.segments import Segments
from forge_desktop.ui.widgets.windowed_model import PAGE, Column
from forge_desktop.ui.widgets.words import safe_words

if TYPE_CHECKING:
    from forge_desktop.students.gates import Gates

_KEY, _PAGES_KEY, _LANE = "questions of a gate", "pages of a gate", "gates"
CHANGES = {
    "better": ("Better", "ok", "chevron-up"),
    "worse": ("Worse", "bad", "chevron-down"),
    "same": ("Same", "mute", "circle-dashed"),
}
_FILTERS = (("", "All"), ("worse", "Worse"), ("better", "Better"), ("same", "Same"))
_MANY = 1_000_000  # items a suite may have: ids of rows are told apart by it
_Listed = tuple[int, dict[int, Sequence[ItemResult]]]


class GateItems(QWidget):
    """A table over the questions, read a page at a time, and the chosen one under it. `troubled` carries an error."""

    troubled = Signal(object)

    def __init__(self, gates: Gates, errands: Errands) -> None:
        super().__init__()
        self._gates, self._errands = gates, errands
        self._gate: GateReport | None = None
        self._behind = False
        self.suite = ChoiceField({"": "All suites"})
        self.suite.setAccessibleName("Suite")
        self.suite.setMinimumContentsLength(12)
        self.suite.setSizeAdjustPolicy(ChoiceField.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.suite.changed.connect(self.refresh)
        self.filter = Segments(_FILTERS, "Which questions to show")
        self.filter.chosen.connect(self._on_filter)
        self.table = PagedTable(self._columns(), self._id_of, "Questions of the gate")
        self.table.rows.missed.connect(self._on_missed, Qt.ConnectionType.QueuedConnection)
        self.table.selection_changed.connect(self._on_selected)
        self.item = ItemView()
        self._none = EmptyState("search", "No such question", "Choose another suite, or show all of them.")
        self._tables = QStackedWidget()
        self._tables.addWidget(self.table)
        self._tables.addWidget(self._none)
        head = row(self.filter, None, self.suite, margins=(tokens.MD, 8, tokens.MD, 6))
        listed = column(head, self._tables, gap=0, margins=(1, 0, 1, 1))
        listed.setStretch(1, 1)
        card = frame("card", listed)
        lines = column(card, self.item, gap=tokens.MD, margins=(tokens.XL, tokens.MD, tokens.XL, 16))
        lines.setStretch(0, 2)
        lines.setStretch(1, 3)
        self.setLayout(lines)

    def show_gate(self, gate: GateReport) -> None:
        """Show the questions of a gate."""
        other = self._gate is None or self._gate.uid != gate.uid
        self._gate = gate
        if other:
            self.item.hide()
            self.table.clearSelection()
            self.suite.clear()
            for uid, name in [("", "All suites"), *((s.sha256, safe_words(s.name)) for s in gate.suites)]:
                self.suite.addItem(name, uid)
            self.filter.choose("")
        if self.isVisible():
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Read the count and the pages in sight again."""
        if self._errands.awaits(_KEY):
            self._behind = True
            return
        asked = self._asked()
        if asked is None:
            return
        gates, pages = self._gates, self.table.pages_in_sight()

        def work() -> _Listed:
            uid, suite, change = asked
            found: dict[int, Sequence[ItemResult]] = {
                page: gates.items(uid, suite=suite, change=change, offset=page * PAGE, limit=PAGE) for page in pages
            }
            return gates.count(uid, suite=suite, change=change), found

        def arrived(listed: _Listed) -> None:
            again, self._behind = self._behind or asked != self._asked(), False
            if not again:
                self._show(*listed)
            else:
                self.refresh()

        self._errands.run(work, arrived, self.troubled.emit, key=_KEY, lane=_LANE)

    def _asked(self) -> tuple[str, str, str] | None:
        if self._gate is None:
            return None
        return self._gate.uid, str(self.suite.value() or ""), self.filter.key()

    def _show(self, count: int, pages: Mapping[int, Sequence[ItemResult]]) -> None:
        self.table.show_rows(count, pages)
        self._tables.setCurrentIndex(0 if count else 1)
        if count and not self.table.selected_ids():
            self.table.selectRow(0)

    @Slot()
    def _on_missed(self) -> None:
        asked = self._asked()
        wanted = [page for page in self.table.pages_in_sight() if not self.table.rows.has(page)]
        if asked is None or not wanted:
            return
        uid, suite, change = asked
        gates = self._gates

        def work() -> dict[int, Sequence[ItemResult]]:
            return {
                page: gates.items(uid, suite=suite, change=change, offset=page * PAGE, limit=PAGE) for page in wanted
            }

        def arrived(found: Mapping[int, Sequence[ItemResult]]) -> None:
            if asked == self._asked():
                for number, rows in found.items():
                    self.table.rows.put(number, rows)

        self._errands.run(work, arrived, self.troubled.emit, key=_PAGES_KEY, lane=_LANE)

    @Slot(str)
    def _on_filter(self, _key: str) -> None:
        self.table.clearSelection()
        self.item.hide()
        self.refresh()

    @Slot()
    def _on_selected(self) -> None:
        index = self.table.currentIndex()
        item = self.table.rows.value_at(index.row()) if index.isValid() and self.table.selected_ids() else None
        if item is not None and self._gate is not None:
            self.item.show_item(item, self._gate)
            self.item.show()

    def _id_of(self, item: ItemResult) -> int:
        suites = [suite.sha256 for suite in self._gate.suites] if self._gate else []
        return (suites.index(item.suite) if item.suite in suites else len(suites)) * _MANY + item.n

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("Question", lambda i: _line(i.question), "", 300, stretch=True, tip=lambda i: _line(i.question)),
            Column("Change", lambda i: CHANGES[i.change][0], "", 104, pill=lambda i: CHANGES[i.change]),
            Column("About", lambda i: safe_words(i.category) or "—", "", 110, yields=2),
            Column("Score", self._scores, "", 124, right=True, yields=1),
        )

    def _scores(self, item: ItemResult) -> str:
        """By the metric that must gain, before and after."""
        return f"{self._score(item.baseline)} → {self._score(item.candidate)}"

    def _score(self, scores: Mapping[str, float | None]) -> str:
        metric = self._gate.wish.primary if self._gate else ""
        return score_words(metric, scores.get(metric))


def score_words(metric: str, value: float | None) -> str:
    """A question's score: "100%", "1.24", "—" where the metric does not apply."""
    if value is None:
        return "—"
    return f"{value * 100:.0f}%" if metric in METRICS and metric != "nll" else f"{value:.2f}"


def _line(text: str) -> str:
    return safe_words(" ".join(text[:600].split())[:300])
