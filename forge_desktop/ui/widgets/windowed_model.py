"""The rows of a table over any number of them: ids in one array, values fetched a page at a time."""

from __future__ import annotations

import array
import collections
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from forge_desktop.ui.widgets.words import plain_tip

PAGE = 256
PAGES_KEPT = 40
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """One column: `text` makes a row's words, `pill` its (words, kind, icon) instead; `sort` is the sort key or "".

    `meter` gives a share from 0 to 1 that is drawn before the words, or None for none.
    """

    title: str
    text: Callable[[Any], str]
    sort: str = ""
    width: int = 120
    right: bool = False
    stretch: bool = False
    middle: bool = False  # shorten in the middle, as for file names
    yields: int = 0  # hidden where there is too little width, those with the largest number first
    icon: Callable[[Any], str] | None = None
    pill: Callable[[Any], tuple[str, str, str]] | None = None
    meter: Callable[[Any], float | None] | None = None
    tip: Callable[[Any], str | None] | None = None


class TableModel(QAbstractTableModel):
    """What a table shows and how it is said; where the rows come from is for those who build on it."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = tuple(columns)

    def id_at(self, row: int) -> int:
        """The id of a row."""
        raise NotImplementedError

    def row_of(self, row_id: int) -> int:
        """The row that shows this id, or -1."""
        raise NotImplementedError

    def value_at(self, row: int) -> Any:
        """The value of a row, or None when it is not there."""
        raise NotImplementedError

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Columns in all."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words for display, screen readers and tool tips."""
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and column.right:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return None
        value = self.value_at(index.row())
        if value is None:
            return "" if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.ToolTipRole:
            tip = column.tip(value) if column.tip else None
            return plain_tip(tip) if tip else tip
        return column.pill(value)[0] if column.pill else column.text(value)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Column titles, aligned like their values."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


class WindowedModel(TableModel):
    """Knows every row's id and only the shown rows' values. `fetch` gives one value per id, in order."""

    def __init__(self, columns: Sequence[Column], fetch: Callable[[Sequence[int]], Sequence[Any]]) -> None:
        super().__init__(columns)
        self._fetch = fetch
        self._ids: array.array[int] = array.array("q")
        self._pages: collections.OrderedDict[int, Sequence[Any]] = collections.OrderedDict()

    def set_ids(self, ids: array.array[int]) -> None:
        """Show these rows. The same ids again only refresh the values, so that scrolling and selection stay."""
        self._pages.clear()
        if ids == self._ids:
            if ids:
                self.dataChanged.emit(self.index(0, 0), self.index(len(ids) - 1, len(self.columns) - 1))
            return
        self.beginResetModel()
        self._ids = ids
        self.endResetModel()

    def id_at(self, row: int) -> int:
        """The id of a row."""
        return self._ids[row]

    def row_of(self, row_id: int) -> int:
        """The row that shows this id, or -1."""
        try:
            return self._ids.index(row_id)
        except ValueError:
            return -1

    def value_at(self, row: int) -> Any:
        """The fetched value of a row, or None when it has gone meanwhile."""
        number = row // PAGE
        page = self._pages.get(number)
        if page is None:
            page = self._fetch(self._ids[number * PAGE : (number + 1) * PAGE])
            self._pages[number] = page
            while len(self._pages) > PAGES_KEPT:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        place = row % PAGE
        return page[place] if place < len(page) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Rows in all."""
        return 0 if parent.isValid() else len(self._ids)
