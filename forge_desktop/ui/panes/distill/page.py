"""The first page of the pane: figures and money above the queue, and beside it the chosen task and its source."""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.records import Document
from forge_desktop.distill.records import Evidence, TaskView
from forge_desktop.distill.records_pairs import Similar
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.distill.deciding import DecisionBar
from forge_desktop.ui.panes.distill.figures import Figures
from forge_desktop.ui.panes.distill.gate_card import GateCard
from forge_desktop.ui.panes.distill.gate_line import GateLine
from forge_desktop.ui.panes.distill.item import ItemPanel
from forge_desktop.ui.panes.distill.item_parts import place_of
from forge_desktop.ui.panes.distill.meter import BudgetsCard, SpendCard
from forge_desktop.ui.panes.distill.notices import Notices
from forge_desktop.ui.panes.distill.overview import Overview
from forge_desktop.ui.panes.distill.queue import QueueView
from forge_desktop.ui.panes.distill.run_strip import RunStrip
from forge_desktop.ui.panes.distill.start import StartView
from forge_desktop.ui.reading import Place, SourceReader
from forge_desktop.ui.widgets.basics import column, frame, holds_focus, row
from forge_desktop.ui.widgets.source_viewer import SourceViewer

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_VIEW_KEY = "view of a task"
_NEIGHBOURS = 5
_LOW, _LOWEST, _LEAST = 600, 520, 330  # pixels of height: below them the chart goes; the figures in a run, and else
_THREE = 1060  # pixels of width for three cards in a row; the chart makes way for the gate
_BESIDE, _NARROW = 1120, 1030  # pixels of width: for the source beside the task, and for the task beside the queue


class QueuePage(QWidget):
    """`troubled` carries a ForgeError."""

    troubled = Signal(object)

    def __init__(self, forge: Forge, errands: Errands, notices: Notices) -> None:
        super().__init__()
        self._forge, self._errands = forge, errands
        self._task: int | None = None  # the one shown beside
        self.problem, self.outcome, self.stopped = notices.problem, notices.outcome, notices.stopped
        self.figures, self.spend, self.budgets, self.gate = Figures(), SpendCard(), BudgetsCard(), GateCard()
        self.gate.hide()
        self.gate_line = GateLine(self.gate)
        self._gates = False  # whether there is anything that gates are about
        self.strip = RunStrip()
        self.queue = QueueView(forge.distill.tasks, errands)
        self.start = StartView()
        self.bar = DecisionBar(forge.distill.review, errands)
        self.item = ItemPanel(self.bar)
        self.viewer = SourceViewer()
        self.viewer.setProperty("cls", "sideR")
        self._reader = SourceReader(forge.corpus, errands, self.viewer)
        self._build()
        self._connect()

    def _build(self) -> None:
        money = row(self.spend, self.budgets, self.gate, gap=tokens.LG)
        for place, share in enumerate((5, 4, 5)):
            money.setStretch(place, share)
        self._money = QWidget()
        self._money.setLayout(money)
        card = frame("card", row(self.queue, gap=0))
        self._lines = column(
            self.figures, self._money, self.strip, card, gap=tokens.MD, margins=(tokens.XL, 16, tokens.XL, 16)
        )
        self._lines.setStretchFactor(card, 1)
        self._left = QWidget()
        self._left.setLayout(self._lines)
        self.body = QStackedWidget()
        self.body.addWidget(self._left)
        self.body.addWidget(self.start)
        self._place = QWidget()
        place_lines = column(self.gate_line, self.body, gap=0)
        place_lines.setStretch(1, 1)
        self._place.setLayout(place_lines)
        line = row(self._place, self.item, self.viewer, gap=0)
        line.setStretch(0, 1)
        self.setLayout(line)
        for part in (self.item, self.viewer):
            part.hide()

    def _connect(self) -> None:
        self.queue.chosen.connect(self._on_chosen)
        self.queue.troubled.connect(self.troubled)
        self.bar.add_keys(self)
        self.bar.decided.connect(self._on_decided)
        self.bar.troubled.connect(self.troubled)
        self.item.closed.connect(self.close_task)
        self.item.left.connect(self._on_left)
        self.item.place_asked.connect(self.open_place)
        self.item.keep_asked.connect(self._on_keep)
        self.viewer.closed.connect(self.close_viewer)

    # ---- what is shown

    def show_overview(self, found: Overview, *, busy: bool) -> None:
        """Figures and money; the start page while there is no task, none was ever run, and nothing is on its way."""
        self.figures.show_overview(found)
        today = datetime.date.today()
        self.spend.show_overview(found, today)
        self.budgets.show_overview(found)
        self.gate.show_gate(found.gate, found.gated, found.active)
        self.gate_line.show_gate(found.gate)
        self._gates = found.has_adapters
        self.gate.setVisible(self._gates)
        self.start.show_overview(found)
        empty = not found.tasks and not found.pairs.pairs and not busy
        self.body.setCurrentWidget(self.start if empty else self._left)
        self._fit()

    def refresh(self) -> None:
        """Read the queue and the chosen task again."""
        self.queue.refresh()
        if self._task is not None and not self.item.isHidden():
            self.show_task(self._task)

    def show_task(self, task_id: int) -> None:
        """Show a task beside the queue."""
        self._task = task_id
        self.item.expect(task_id)
        distill = self._forge.distill

        def work() -> TaskView:
            view = distill.view(task_id)
            if view.pair is None:
                return view
            alike = distill.pairs.similar(view.pair.uid, _NEIGHBOURS)
            near = tuple((one.uid, _where(one) + one.prompt, one.similarity) for one in alike)
            return dataclasses.replace(view, near=near)

        self._errands.run(work, self._on_view, self._on_gone, key=_VIEW_KEY, lane="tasks")

    def _on_view(self, view: TaskView) -> None:
        self.item.show_view(view)
        if self.item.isHidden():
            self.item.show()
            self._fit()

    def _on_gone(self, _: ForgeError) -> None:
        self.close_task()

    @Slot()
    def close_task(self) -> None:
        """Close the task and its source; the keyboard goes back to the queue."""
        held = holds_focus(self.item, self.viewer)
        self._task = None
        self._errands.outdate(_VIEW_KEY)
        self.close_viewer()
        self.item.leave()
        self.item.hide()
        self.queue.table.clearSelection()
        self._fit()
        if held:
            self.queue.table.setFocus()

    @Slot()
    def _on_left(self) -> None:
        """Escape closes what was opened last."""
        if self.viewer.isHidden():
            self.close_task()
        else:
            self.close_viewer()

    def step_to_review(self) -> None:
        """Show the first task that waits for a person."""
        waiting = self._forge.distill.review.waiting
        self._errands.run(
            waiting, lambda ids: self._on_decided(ids[0]) if ids else None, self.troubled.emit, lane="tasks"
        )

    @Slot(object)
    def _on_chosen(self, task_id: int | None) -> None:
        if task_id is not None and task_id != self._task:
            self.show_task(task_id)

    @Slot(object)
    def _on_decided(self, following: int | None) -> None:
        if following is None:
            if self._task is not None:
                self.show_task(self._task)
            return
        self._task = following
        self.queue.choose(following)
        self.show_task(following)

    @Slot(str)
    def _on_keep(self, uid: str) -> None:
        pairs = self._forge.distill.pairs
        self._errands.run(lambda: pairs.keep_all_the_same(uid), failed=self.troubled.emit, lane="review")

    # ---- the source

    @Slot(object)
    def open_place(self, found: Evidence) -> None:
        """Open the document of a passage at its words."""
        shelf = self._forge.corpus.shelf
        self.viewer.show()
        self._fit()

        def show(document: Document | None) -> None:
            path = document.path if document else found.name
            start, quote = found.start, found.text
            if found.quote and (at := found.text.find(found.quote)) >= 0:
                start, quote = found.start + at, found.quote
            place = Place(path, found.document_sha256, start, start + len(quote), found.page, 1, quote, place_of(found))
            self._reader.open(place)

        sha256, name = found.document_sha256, found.name
        self._errands.run(
            lambda: shelf.find_document(sha256, name), show, self.troubled.emit, key="place", lane="reading"
        )

    @Slot()
    def close_viewer(self) -> None:
        """Close the source."""
        self._reader.forget()
        self._errands.outdate("place")
        held = holds_focus(self.viewer)
        self.viewer.hide()
        self._fit()
        if held:
            self.item.setFocus()

    # ---- room

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        """Share the room: the task beside the queue, or in its place; the source beside the task, or in its place."""
        width, height = self.width(), self.height()
        task, source = not self.item.isHidden(), not self.viewer.isHidden()
        wide = width >= theme.px(_BESIDE)
        queue = not task or (width >= theme.px(_NARROW) and not (source and width < theme.px(1500)))
        self._place.setVisible(queue)
        if task:
            share = width if not queue and not source else max(theme.px(420), min(theme.px(520), width * 2 // 5))
            self.item.setMinimumWidth(theme.px(320))
            self.item.setMaximumWidth(width if source and not queue else share)
            if queue:
                self.item.setFixedWidth(share)
        self.item.setVisible(task)
        if source:
            self.viewer.setMinimumWidth(theme.px(300) if wide or not queue else theme.px(360))
            self.viewer.setMaximumWidth(max(theme.px(360), width // 2 if not queue else width // 3))
        room = height - (0 if self.strip.isHidden() else self.strip.sizeHint().height())
        self._money.setVisible(room >= theme.px(_LOW))
        at_start = self.body.currentWidget() is self.start
        self.gate_line.setVisible(self._gates and (at_start or self._money.isHidden()))
        self.spend.setVisible(self.gate.isHidden() or self.body.width() >= theme.px(_THREE))
        enough = _LEAST if self.strip.isHidden() else _LOWEST
        self.figures.setVisible(room >= theme.px(enough))


def _where(one: Similar) -> str:
    return f"Suite {one.suite}: " if one.suite else ""
