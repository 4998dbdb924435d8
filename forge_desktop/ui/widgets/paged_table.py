"""A table whose rows are read elsewhere, a page at a time: nothing is fetched on the window's thread."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QItemSelectionModel, QMimeData, QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractItemView

from forge_desktop.ui.widgets.windowed_model import PAGE, PAGES_KEPT, Column, Index, TableModel
from forge_desktop.ui.widgets.windowed_table import RowTable

_FLAGS = QItemSelectionModel.SelectionFlag
_DRAGGED = "application/x-forge-rows"


class PagedModel(TableModel):
    """Knows how many rows there are and the pages it was given; `missed` says that a row was wanted that is not there.

    `id_of` gives a row's id from its value.
    """

    missed = Signal()

    def __init__(self, columns: Sequence[Column], id_of: Callable[[Any], int]) -> None:
        super().__init__(columns)
        self._id_of = id_of
        self._count = 0
        self._pages: collections.OrderedDict[int, Sequence[Any]] = collections.OrderedDict()

    def renew(self, count: int, pages: Mapping[int, Sequence[Any]]) -> None:
        """Other rows, or the same ones changed. `pages` are those in sight; all others are read again when needed."""
        if count == self._count:
            self._pages = collections.OrderedDict(pages)
            self._tell(0, count - 1)
            return
        self.beginResetModel()
        self._count, self._pages = count, collections.OrderedDict(pages)
        self.endResetModel()

    def put(self, number: int, rows: Sequence[Any]) -> None:
        """A page that was missed."""
        self._pages[number] = rows
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        self._tell(number * PAGE, min(self._count, (number + 1) * PAGE) - 1)

    def has(self, number: int) -> bool:
        """Whether this page is there."""
        return number in self._pages

    def id_at(self, row: int) -> int:
        """The id of a row, -1 while its page is not there."""
        value = self._known(row)
        return -1 if value is None else self._id_of(value)

    def row_of(self, row_id: int) -> int:
        """The row that shows this id, or -1; only the pages that are there are looked through."""
        for number, rows in self._pages.items():
            for place, value in enumerate(rows):
                if self._id_of(value) == row_id:
                    return number * PAGE + place
        return -1

    def value_at(self, row: int) -> Any:
        """The value of a row, or None while it is on its way."""
        value = self._known(row)
        if value is None and row // PAGE not in self._pages:
            self.missed.emit()
        return value

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Rows in all."""
        return 0 if parent.isValid() else self._count

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Rows can be dragged, and dropped between rows."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags | Qt.ItemFlag.ItemIsDropEnabled

    def mimeTypes(self) -> list[str]:
        """Only rows of this table."""
        return [_DRAGGED]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Nothing but that rows are dragged: the selection says which."""
        data = QMimeData()
        data.setData(_DRAGGED, b"rows")
        return data

    def _known(self, row: int) -> Any:
        page, place = self._pages.get(row // PAGE), row % PAGE
        return page[place] if page is not None and place < len(page) else None

    def _tell(self, first: int, last: int) -> None:
        if 0 <= first <= last:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))


class PagedTable(RowTable):
    """Shows a `PagedModel`; the selection stays with its rows while these are in sight.

    A third click on a header takes the order back. `dropped` carries the row before which the selected ones were
    dragged.
    """

    dropped = Signal(int)
    _LEAST_STRETCHED = 280

    def __init__(self, columns: Sequence[Column], id_of: Callable[[Any], int], name: str) -> None:
        self.rows = PagedModel(columns, id_of)
        super().__init__(self.rows, name)
        header = self.horizontalHeader()
        header.setSortIndicatorClearable(True)
        header.blockSignals(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.blockSignals(False)

    def set_draggable(self, draggable: bool) -> None:
        """Whether rows can be dragged to another place."""
        mode = QAbstractItemView.DragDropMode.InternalMove if draggable else self.DragDropMode.NoDragDrop
        self.setDragEnabled(draggable)
        self.setDragDropMode(mode)
        self.setDragDropOverwriteMode(False)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)

    def dropEvent(self, event: QDropEvent) -> None:
        place = self.indexAt(event.position().toPoint())
        if not event.mimeData().hasFormat(_DRAGGED):
            event.ignore()
            return
        row = place.row() if place.isValid() else self.rows.rowCount()
        if place.isValid() and event.position().y() > self.visualRect(place).center().y():
            row += 1
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        self.setState(QAbstractItemView.State.NoState)
        self.viewport().update()
        self.dropped.emit(row)

    @Slot(int, Qt.SortOrder)
    def _on_sort(self, section: int, order: Qt.SortOrder) -> None:
        if section < 0:
            self.sort_requested.emit("", False)
        else:
            super()._on_sort(section, order)

    def pages_in_sight(self) -> list[int]:
        """The numbers of the pages that the visible rows belong to."""
        count = self.rows.rowCount()
        if not count:
            return [0]
        first = max(0, self.rowAt(0))
        last = self.rowAt(self.viewport().height() - 1)
        return list(range(first // PAGE, (last if last >= 0 else count - 1) // PAGE + 1))[:3]

    def show_rows(self, count: int, pages: Mapping[int, Sequence[Any]]) -> None:
        """Show these rows instead, keeping place and selection where they still are."""
        kept, current = self.selected_ids(), self.current_id()
        place = self.verticalScrollBar().value()
        self.rows.renew(count, pages)
        self.verticalScrollBar().setValue(place)
        if self.selected_ids() == kept:
            return
        selection = self.selectionModel()
        selection.blockSignals(True)
        selection.clearSelection()
        for row_id in kept[:200]:
            if (row := self.rows.row_of(row_id)) >= 0:
                selection.select(self.rows.index(row, 0), _FLAGS.Select | _FLAGS.Rows)
        if current is not None and (row := self.rows.row_of(current)) >= 0:
            selection.setCurrentIndex(self.rows.index(row, 0), _FLAGS.NoUpdate)
        selection.blockSignals(False)
        self.viewport().update()
        self.selection_changed.emit()

    def selected_ids(self) -> list[int]:
        """Ids of the selected rows that are there, top to bottom; see `selected_ranges` for very many."""
        return [
            row_id
            for first, last in self.selected_ranges()
            for row in range(first, min(last, first + 2 * PAGE) + 1)
            if (row_id := self.rows.id_at(row)) >= 0
        ]

    def selected_ranges(self) -> list[tuple[int, int]]:
        """The selected rows as (first, last), top to bottom."""
        selection = self.selectionModel().selection()
        parts = [selection.at(number) for number in range(selection.size())]
        ranges = sorted({(part.top(), part.bottom()) for part in parts})
        joined: list[tuple[int, int]] = []
        for first, last in ranges:
            if joined and first <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(joined[-1][1], last))
            else:
                joined.append((first, last))
        return joined

    def selected_count(self) -> int:
        """How many rows are selected, those not read included."""
        return sum(last - first + 1 for first, last in self.selected_ranges())
