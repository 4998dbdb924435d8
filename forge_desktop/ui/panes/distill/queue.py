"""The queue: a table over all tasks that is read off the window's thread, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QStackedWidget, QWidget

from forge_desktop.distill.records import TaskRow, TaskState
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.distill.columns import FILTERS, TASK_COLUMNS
from forge_desktop.ui.panes.distill.queue_actions import QueueActions
from forge_desktop.ui.widgets.basics import Button, EmptyState, Pill, column, label, row, search_field
from forge_desktop.ui.widgets.paged_table import PagedTable
from forge_desktop.ui.widgets.windowed_model import PAGE
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.distill.tasks import Tasks

_KEY, _PAGES_KEY, _LANE = "tasks of the queue", "pages of the queue", "tasks"
_TYPING_MS = 200
_Listed = tuple[int, dict[TaskState, int], dict[int, Sequence[TaskRow]]]


class QueueView(QWidget):
    """`chosen` carries the id of the one selected task, or None; `listed` the counts by state; `add_pressed` nothing.

    `changing` is what can be done to the tasks; its signals tell what was done and what went wrong.
    """

    chosen = Signal(object)
    listed = Signal(object)
    troubled = Signal(object)

    def __init__(self, tasks: Tasks, errands: Errands) -> None:
        super().__init__()
        self._tasks, self._errands = tasks, errands
        self._states: Sequence[TaskState] = ()
        self._order, self._descending = "position", False
        self._shown = 0  # how often the list was renewed: a page that was asked for before is old
        self._again = False  # something changed while the list was on its way
        self.title = label("Queue", tokens.BODY, 600)
        self.number = Pill("0", "mute", size=11)
        self.state = QComboBox()
        self.state.setAccessibleName("Show tasks by state")
        for words, states in FILTERS:
            self.state.addItem(words, states)
        self.state.currentIndexChanged.connect(self._on_state)
        self.field = search_field("Filter tasks")
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self.refresh)
        self.field.textChanged.connect(self._typing.start)
        self.add = Button("Add tasks", "plus")
        self.table = PagedTable(TASK_COLUMNS, lambda task: int(task.id), "Tasks")
        self.changing = QueueActions(tasks, errands, self.table, self)
        self.changing.troubled.connect(self.troubled)
        self._build()
        self._connect()

    def _build(self) -> None:
        self._none = EmptyState("search", "No task matches", "Try other words, or another state.")
        self._tables = QStackedWidget()
        self._tables.addWidget(self.table)
        self._tables.addWidget(self._none)
        head = row(
            self.title, self.number, None, self.changing.selected, self.state, self.field, self.changing.all, self.add
        )
        self.field.setMinimumWidth(theme.px(120))
        self.field.setMaximumWidth(theme.px(220))
        head.setContentsMargins(16, 10, 16, 8)
        layout = column(head, self._tables, gap=0)
        layout.setStretch(1, 1)
        layout.setContentsMargins(1, 0, 1, 1)
        self.setLayout(layout)

    def _connect(self) -> None:
        self.table.set_draggable(True)
        self.table.rows.missed.connect(self._on_missed, Qt.ConnectionType.QueuedConnection)
        self.table.sort_requested.connect(self._on_sort)
        self.table.selection_changed.connect(self._on_selected)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu)

    # ---- what is shown

    @Slot()
    def refresh(self) -> None:
        """Read the count and the pages in sight again."""
        self._typing.stop()
        if self._errands.awaits(_KEY):
            self._again = True
            return
        self._read()

    def _read(self) -> None:
        tasks, asked = self._tasks, self._asked()
        pages = self.table.pages_in_sight()

        def work() -> _Listed:
            text, states, order, descending = asked
            found: dict[int, Sequence[TaskRow]] = {
                page: tasks.window(page * PAGE, PAGE, text, states, order, descending=descending) for page in pages
            }
            return tasks.count(text, states), tasks.counts(), found

        def arrived(listed: _Listed) -> None:
            outdated = asked != self._asked()
            if not outdated:
                self._show(*listed)
            if outdated or self._again:
                self._again = False
                self._read()

        self._errands.run(work, arrived, self.troubled.emit, key=_KEY, lane=_LANE)

    def _asked(self) -> tuple[str, Sequence[TaskState], str, bool]:
        return self.field.text().strip(), self._states, self._order, self._descending

    def _show(self, count: int, counts: dict[TaskState, int], pages: dict[int, Sequence[TaskRow]]) -> None:
        self._shown += 1
        self.table.show_rows(count, pages)
        self.number.show_state(f"{count:,}", "mute")
        self.number.setAccessibleName(count_words(count, "task"))
        narrowed = bool(self.field.text().strip() or self._states)
        self._tables.setCurrentWidget(self._none if narrowed and not count else self.table)
        self.changing.follow(self._order == "position")
        self.listed.emit(counts)
        self._on_selected()

    @Slot()
    def _on_missed(self) -> None:
        """Rows came into sight that were not read: fetch what is in sight now, one errand at a time."""
        if self._errands.awaits(_PAGES_KEY) or self._errands.awaits(_KEY):
            return
        pages = [page for page in self.table.pages_in_sight() if not self.table.rows.has(page)]
        if not pages:
            return
        tasks, asked, shown = self._tasks, self._asked(), self._shown

        def work() -> dict[int, Sequence[TaskRow]]:
            text, states, order, descending = asked
            return {page: tasks.window(page * PAGE, PAGE, text, states, order, descending=descending) for page in pages}

        def arrived(found: dict[int, Sequence[TaskRow]]) -> None:
            if asked == self._asked() and shown == self._shown:
                for page, rows in found.items():
                    self.table.rows.put(page, rows)
            self._on_missed()

        self._errands.run(work, arrived, self.troubled.emit, key=_PAGES_KEY, lane=_LANE)

    def choose(self, task_id: int) -> None:
        """Select a task that is in sight."""
        self.table.select_id(task_id)

    def show_state(self, words: str) -> None:
        """Show only tasks of this filter."""
        self.state.setCurrentIndex(self.state.findText(words))

    # ---- what a person does

    @Slot()
    def _on_state(self) -> None:
        self._states = tuple(self.state.currentData())
        self.table.clearSelection()
        self.refresh()

    @Slot(str, bool)
    def _on_sort(self, key: str, descending: bool) -> None:
        self._order, self._descending = key or "position", descending
        self.table.set_draggable(not key)
        self.refresh()

    @Slot()
    def _on_selected(self) -> None:
        self.changing.show_selection(self._asked())
        ids = self.table.selected_ids() if self.table.selected_count() == 1 else []
        self.chosen.emit(ids[0] if ids else None)

    @Slot(QPoint)
    def _on_menu(self, place: QPoint) -> None:
        if self.table.selected_count():
            self.changing.menu().popup(self.table.viewport().mapToGlobal(place))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < theme.px(720)
        self.add.setText("" if narrow else "Add tasks")
        self.add.setAccessibleName("Add tasks")
        self.title.setHidden(self.width() < theme.px(560))
