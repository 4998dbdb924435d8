"""A table over any number of rows: ids in one array, rows fetched a page at a time, painted from theme tokens."""

from __future__ import annotations

import array
import collections
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.painted import draw_pill, pill_width

ROW_HEIGHT = 42  # as in the design; like all sizes here it grows with the user's font
_PAGE = 256
_PAGES_KEPT = 40
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """One column: `text` makes a row's words, `pill` its (words, kind, icon) instead; `sort` is the sort key or ""."""

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
    tip: Callable[[Any], str | None] | None = None


class WindowedModel(QAbstractTableModel):
    """Knows every row's id and only the shown rows' values. `fetch` gives one value per id, in order."""

    def __init__(self, columns: Sequence[Column], fetch: Callable[[Sequence[int]], Sequence[Any]]) -> None:
        super().__init__()
        self.columns = tuple(columns)
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
        number = row // _PAGE
        page = self._pages.get(number)
        if page is None:
            page = self._fetch(self._ids[number * _PAGE : (number + 1) * _PAGE])
            self._pages[number] = page
            while len(self._pages) > _PAGES_KEPT:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        place = row % _PAGE
        return page[place] if place < len(page) else None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Rows in all."""
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Columns in all."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
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
            return column.tip(value) if column.tip else None
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


class _RowDelegate(QStyledItemDelegate):
    """Paints a cell from the tokens: icon and words, or a pill; one line under each row, soft accent when selected."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        assert isinstance(model, WindowedModel)
        colours, column, value = theme.current(), model.columns[index.column()], model.value_at(index.row())
        box: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(colours.accent_soft))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, QColor(colours.surface2))
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        if value is not None:
            inner = box.adjusted(10, 0, -10, -1)
            if column.pill:
                words, kind, icon = column.pill(value)
                face = theme.font(tokens.SMALL, 600)
                height = theme.px(22)
                top = inner.center().y() + 1 - height // 2
                area = QRectF(inner.left(), top, pill_width(words, icon, face), height)
                draw_pill(painter, area, words, kind, icon, face)
            else:
                self._paint_words(painter, inner, column, value, first=index.column() == 0)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(80, theme.px(ROW_HEIGHT))

    def _paint_words(self, painter: QPainter, box: QRect, column: Column, value: Any, *, first: bool) -> None:
        colours = theme.current()
        if column.icon:
            edge = theme.px(16)
            place = QRect(box.left(), box.center().y() - edge // 2 + 1, edge, edge)
            mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
            theme.icon(column.icon(value)).paint(painter, QStyle.visualRect(painter.layoutDirection(), box, place))
            box = box.adjusted(0, 0, -edge - 10, 0) if mirrored else box.adjusted(edge + 10, 0, 0, 0)
        painter.setPen(QColor(colours.text if first else colours.muted))
        painter.setFont(theme.font(tokens.TABLE, tabular=column.right))
        side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
        mode = Qt.TextElideMode.ElideMiddle if column.middle else Qt.TextElideMode.ElideRight
        words = painter.fontMetrics().elidedText(column.text(value), mode, box.width())
        painter.drawText(box, int(side | Qt.AlignmentFlag.AlignVCenter), words)


class WindowedTable(QTableView):
    """The table itself: rows selected whole, sorted by clicking a header, selection kept by id across refreshes."""

    sort_requested = Signal(str, bool)  # sort key, descending
    _LEAST_STRETCHED = 190  # pixels of a stretching column before others give way

    selection_changed = Signal()

    def __init__(self, columns: Sequence[Column], fetch: Callable[[Sequence[int]], Sequence[Any]], name: str) -> None:
        super().__init__()
        self.rows = WindowedModel(columns, fetch)
        self.setModel(self.rows)
        self.setItemDelegate(_RowDelegate(self))
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
        self._set_up_header(columns)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)

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

    def select_id(self, row_id: int) -> None:
        """Select one row by id and scroll to it; nothing happens when it is not shown."""
        row = self.rows.row_of(row_id)
        if row >= 0:
            # WORKAROUND: QTableView.selectRow selects nothing when the layout is mirrored
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.selectionModel().setCurrentIndex(self.rows.index(row, 0), flags)
            self.scrollTo(self.rows.index(row, 0))

    def selected_ids(self) -> list[int]:
        """Ids of the selected rows, top to bottom."""
        return [self.rows.id_at(index.row()) for index in sorted(self.selectionModel().selectedRows())]

    def current_id(self) -> int | None:
        """The id of the row that has the keyboard, or None."""
        index = self.currentIndex()
        return self.rows.id_at(index.row()) if index.isValid() and index.row() < self.rows.rowCount() else None

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._make_room()
        super().resizeEvent(event)

    def _make_room(self) -> None:
        """Hide columns that give way until the others fit."""
        columns = self.rows.columns
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
        if key := self.rows.columns[section].sort:
            self.sort_requested.emit(key, order == Qt.SortOrder.DescendingOrder)

    @Slot()
    def _on_selection_changed(self) -> None:
        self.selection_changed.emit()
