"""A table over any number of rows: ids in one array, rows fetched a page at a time, painted from theme tokens."""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from forge_desktop.ui import theme
from forge_desktop.ui.widgets.row_delegate import ROW_HEIGHT, RowDelegate
from forge_desktop.ui.widgets.windowed_model import Column, TableModel, WindowedModel

__all__ = ["Column", "RowTable", "TableModel", "WindowedModel", "WindowedTable"]


class RowTable(QTableView):
    """The table itself: rows selected whole, sorted by clicking a header, whatever its rows come from."""

    sort_requested = Signal(str, bool)  # sort key, descending
    _LEAST_STRETCHED = 190  # pixels of a stretching column before others give way

    selection_changed = Signal()

    def __init__(self, model: TableModel, name: str) -> None:
        super().__init__()
        self.table = model
        self.setModel(model)
        self.setItemDelegate(RowDelegate(self))
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        vertical = self.verticalHeader()
        vertical.hide()
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(theme.px(ROW_HEIGHT))
        self._set_up_header(model.columns)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)

    def select_id(self, row_id: int) -> None:
        """Select one row by id and scroll to it; nothing happens when it is not shown."""
        row = self.table.row_of(row_id)
        if row >= 0:
            # WORKAROUND: QTableView.selectRow selects nothing when the layout is mirrored
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.selectionModel().setCurrentIndex(self.table.index(row, 0), flags)
            self.scrollTo(self.table.index(row, 0))

    def selected_ids(self) -> list[int]:
        """Ids of the selected rows, top to bottom."""
        return [self.table.id_at(index.row()) for index in sorted(self.selectionModel().selectedRows())]

    def current_id(self) -> int | None:
        """The id of the row that has the keyboard, or None."""
        index = self.currentIndex()
        return self.table.id_at(index.row()) if index.isValid() and index.row() < self.table.rowCount() else None

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.make_room()
        super().resizeEvent(event)

    def make_room(self) -> None:
        """Hide columns that give way until the others fit."""
        columns = self.table.columns
        widths = [
            theme.px(min(c.width, self._LEAST_STRETCHED)) if c.stretch else self.columnWidth(n) or theme.px(c.width)
            for n, c in enumerate(columns)
        ]
        left = self.viewport().width() - sum(widths)
        for number in sorted(range(len(columns)), key=lambda n: -columns[n].yields):
            hidden = left < 0 and columns[number].yields > 0
            left += widths[number] if hidden else 0
            if hidden != self.isColumnHidden(number):
                self.setColumnHidden(number, hidden)

    def _set_up_header(self, columns: Sequence[Column]) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(theme.px(60))
        header.setFixedHeight(theme.px(36))
        for number, column in enumerate(columns):
            mode = QHeaderView.ResizeMode.Stretch if column.stretch else QHeaderView.ResizeMode.Interactive
            header.setSectionResizeMode(number, mode)
            self.setColumnWidth(number, theme.px(column.width))
        header.setSortIndicatorShown(True)
        header.setSortIndicatorClearable(False)
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        header.sortIndicatorChanged.connect(self._on_sort)

    @Slot(int, Qt.SortOrder)
    def _on_sort(self, section: int, order: Qt.SortOrder) -> None:
        if key := self.table.columns[section].sort:
            self.sort_requested.emit(key, order == Qt.SortOrder.DescendingOrder)

    @Slot()
    def _on_selection_changed(self) -> None:
        self.selection_changed.emit()


class WindowedTable(RowTable):
    """A table whose ids are all known and whose rows are read when they are shown; selection is kept by id."""

    def __init__(self, columns: Sequence[Column], fetch: Callable[[Sequence[int]], Sequence[Any]], name: str) -> None:
        self.rows = WindowedModel(columns, fetch)
        super().__init__(self.rows, name)

    def show_ids(self, ids: array.array[int]) -> None:
        """Show these rows, keeping the selected ids selected where they still are."""
        kept, current = self.selected_ids(), self.current_id()
        self.rows.set_ids(ids)
        if self.selected_ids() == kept:
            return
        selection = self.selectionModel()
        selection.blockSignals(True)
        for row_id in kept[:1000]:
            row = self.rows.row_of(row_id)
            if row >= 0:
                flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
                selection.select(self.rows.index(row, 0), flags)
        if current is not None and (row := self.rows.row_of(current)) >= 0:
            selection.setCurrentIndex(self.rows.index(row, 0), QItemSelectionModel.SelectionFlag.NoUpdate)
        selection.blockSignals(False)
        self.selection_changed.emit()
