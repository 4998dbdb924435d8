"""What a person can do to tasks: hold, release, cancel, try again, reorder, remove; to the selected ones or to all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from forge_desktop.distill.records import TaskState
from forge_desktop.ui import theme
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.basics import Button, IconButton, Notice
from forge_desktop.ui.widgets.paged_table import PagedTable
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.distill.tasks import Tasks

_LANE = "tasks"
_Asked = tuple[str, Sequence[TaskState], str, bool]


class QueueActions(QObject):
    """`selected` and `all` are the buttons with the menus. `notice` carries a Notice, `troubled` a ForgeError."""

    notice = Signal(object)
    troubled = Signal(object)

    def __init__(self, tasks: Tasks, errands: Errands, table: PagedTable, window: QWidget) -> None:
        super().__init__(window)
        self._tasks, self._errands, self._table, self._window = tasks, errands, table, window
        self._asked: _Asked = ("", (), "position", False)
        self._ordered = True
        self.selected = Button("", "chevron-down")
        self.selected.clicked.connect(self._on_selected)
        self.selected.hide()
        self.all = IconButton("ellipsis", "Do something to all tasks")
        self.all.clicked.connect(self._on_all)
        table.dropped.connect(self._on_dropped)
        for keys, run in (
            (QKeySequence(QKeySequence.StandardKey.Delete), self.remove),
            (QKeySequence("Alt+Up"), partial(self.step, -1)),
            (QKeySequence("Alt+Down"), partial(self.step, 1)),
            (QKeySequence("Alt+Home"), self.to_front),
            (QKeySequence("Alt+End"), self.to_end),
        ):
            key = QShortcut(keys, table)
            key.setContext(Qt.ShortcutContext.WidgetShortcut)
            key.activated.connect(run)

    def follow(self, ordered: bool) -> None:
        """Whether the table stands in the queue's own order, where rows can be moved."""
        self._ordered = ordered

    def show_selection(self, asked: _Asked) -> None:
        """The selection changed; `asked` is what the table shows."""
        self._asked = asked
        count = self._table.selected_count()
        self.selected.setText(f"{count:,} selected")
        self.selected.setVisible(count > 0)

    # ---- selected ones

    def menu(self) -> QMenu:
        """What can be done to the selected tasks."""
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        add = menu.addAction
        add(theme.icon("pause"), "Hold", lambda: self._change(self._tasks.hold, "Held", self._tasks.release))
        add(theme.icon("play"), "Release", lambda: self._change(self._tasks.release, "Released", self._tasks.hold))
        add(theme.icon("circle-stop"), "Cancel", lambda: self._change(self._tasks.cancel, "Cancelled"))
        add(theme.icon("refresh-cw"), "Try again", lambda: self._change(self._tasks.again, "Queued again"))
        menu.addSeparator()
        for words, keys, run in (
            ("Move to the front", "Alt+Home", self.to_front),
            ("Move up", "Alt+Up", partial(self.step, -1)),
            ("Move down", "Alt+Down", partial(self.step, 1)),
            ("Move to the end", "Alt+End", self.to_end),
        ):
            action = menu.addAction(f"{words}\t{keys}", run)
            action.setEnabled(self._ordered)
        menu.addSeparator()
        add(theme.icon("trash-2"), "Remove…\tDel", self.remove)
        return menu

    def _change(
        self,
        change: Callable[[Sequence[int]], int],
        done: str,
        back: Callable[[Sequence[int]], int] | None = None,
    ) -> None:
        """Do this to the selected tasks, then say to how many it was done."""
        ids = self._ids_later()

        def work() -> tuple[list[int], int]:
            chosen = ids()
            return chosen, change(chosen)

        def told(result: tuple[list[int], int]) -> None:
            chosen, changed = result
            undo = None if back is None or not changed else partial(self._take_back, back, chosen)
            self._say(done, changed, undo)

        self._errands.run(work, told, self.troubled.emit, lane=_LANE)

    def _take_back(self, back: Callable[[Sequence[int]], int], ids: Sequence[int]) -> None:
        self._errands.run(lambda: back(ids), failed=self.troubled.emit, lane=_LANE)

    def _say(self, done: str, changed: int, undo: Callable[[], None] | None = None) -> None:
        words = f"{done}: {count_words(changed, 'task')}." if changed else "No task is in a state for that."
        self.notice.emit(Notice(words, undo=undo, icon="circle-check" if changed else "info"))

    def _ids_later(self) -> Callable[[], list[int]]:
        """Reads the ids of the selected rows, also of those whose pages are not there; for an errand."""
        ranges, tasks = self._table.selected_ranges(), self._tasks
        text, states, order, descending = self._asked

        def ids() -> list[int]:
            return [
                row.id
                for first, last in ranges
                for row in tasks.window(first, last - first + 1, text, states, order, descending=descending)
            ]

        return ids

    @Slot()
    def remove(self) -> None:
        """Take the selected tasks out for good, after asking."""
        count = self._table.selected_count()
        if not count:
            return
        box = QMessageBox(QMessageBox.Icon.Question, "Remove tasks", "", parent=self._window)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(f"Remove {count_words(count, 'task')} from the queue?")
        box.setInformativeText("Pairs that came of them stay, and so does what was paid. This cannot be taken back.")
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        remove.clicked.connect(lambda: self._change(self._tasks.remove, "Removed"))
        box.open()

    # ---- their order

    @Slot()
    def to_front(self) -> None:
        """Move the selected tasks before all others."""
        self._move(lambda: 0)

    @Slot()
    def to_end(self) -> None:
        """Move the selected tasks behind all others."""
        self._move(self._table.rows.rowCount)

    def step(self, step: int) -> None:
        """Move the selected tasks one row up or down."""
        ranges = self._table.selected_ranges()
        if ranges:
            to = ranges[0][0] - 1 if step < 0 else ranges[-1][1] + 2
            self._move(lambda: max(0, to))

    @Slot(int)
    def _on_dropped(self, row: int) -> None:
        self._move(lambda: row)

    def _move(self, target: Callable[[], int]) -> None:
        """Put the selected tasks before the task in this row of the table."""
        if not self._table.selected_count() or not self._ordered:
            return
        ids, row, tasks = self._ids_later(), target(), self._tasks
        text, states, order, descending = self._asked
        ranges = self._table.selected_ranges()
        while any(first <= row <= last for first, last in ranges):
            row += 1

        def work() -> None:
            chosen = ids()
            there = tasks.window(row, 1, text, states, order, descending=descending)
            tasks.move(chosen, there[0].id if there else None)

        self._errands.run(work, failed=self.troubled.emit, lane=_LANE)

    # ---- all of them

    @Slot()
    def _on_selected(self) -> None:
        self.menu().popup(self.selected.mapToGlobal(self.selected.rect().bottomLeft()))

    @Slot()
    def _on_all(self) -> None:
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for icon, words, change, done in (
            ("pause", "Hold all that wait", self._tasks.hold, "Held"),
            ("play", "Release all that are held", self._tasks.release, "Released"),
            ("circle-stop", "Cancel all that are not finished", self._tasks.cancel, "Cancelled"),
            ("refresh-cw", "Try all again that failed, were rejected or cancelled", self._tasks.again, "Queued again"),
        ):
            menu.addAction(theme.icon(icon), words, partial(self._change_all, change, done))
        menu.popup(self.all.mapToGlobal(self.all.rect().bottomLeft()))

    def _change_all(self, change: Callable[[], int], done: str) -> None:
        self._errands.run(change, lambda changed: self._say(done, changed), self.troubled.emit, lane=_LANE)
