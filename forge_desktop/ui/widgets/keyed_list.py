"""What lists of records with two lines each have in common: a model that changes in place, and the card of a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from forge_desktop.ui import theme
from forge_desktop.ui.widgets.words import plain_tip

_Index = QModelIndex | QPersistentModelIndex
Record = TypeVar("Record")


@dataclass(frozen=True)
class Said:
    """What a row is called, what a screen reader says of it, and its tip ("" for none)."""

    name: str
    spoken: str
    tip: str = ""


class KeyedModel(QAbstractListModel, Generic[Record]):
    """Records in the order given; each row's UserRole is the record. `key` tells which row is the same as before."""

    def __init__(self, key: Callable[[Record], object], said: Callable[[Record], Said]) -> None:
        super().__init__()
        self._key, self._said = key, said
        self._records: list[Record] = []

    def show(self, records: Sequence[Record]) -> None:
        """Show these, in place: what went goes, what came comes, the rest stays where it is and is painted anew."""
        wanted = list(records)
        if wanted == self._records:
            return
        keys = {self._key(record) for record in wanted}
        for row in reversed(range(len(self._records))):
            if self._key(self._records[row]) not in keys:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._records[row]
                self.endRemoveRows()
        for row, record in enumerate(wanted):
            key = self._key(record)
            if row < len(self._records) and self._key(self._records[row]) == key:
                continue
            if self.row_of(key) >= 0:  # the order changed
                self.beginResetModel()
                self._records = wanted
                self.endResetModel()
                return
            self.beginInsertRows(QModelIndex(), row, row)
            self._records.insert(row, record)
            self.endInsertRows()
        self._records = wanted
        if wanted:
            self.dataChanged.emit(self.index(0), self.index(len(wanted) - 1))

    def row_of(self, key: object) -> int:
        """The row of a key, -1 when it is not there."""
        return next((row for row, record in enumerate(self._records) if self._key(record) == key), -1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._records)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        record = self._records[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return record
        if role == Qt.ItemDataRole.DisplayRole:
            return self._said(record).name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._said(record).spoken
        if role == Qt.ItemDataRole.ToolTipRole:
            tip = self._said(record).tip
            return plain_tip(tip) if tip else None
        return None


def draw_card(painter: QPainter, option: QStyleOptionViewItem) -> QRectF:
    """The card under the chosen row, or the shade under the mouse; where the row's words go."""
    now, state = theme.current(), option.state
    area = QRectF(option.rect).adjusted(8, 2, -8, -2)
    if state & QStyle.StateFlag.State_Selected:
        ring = bool(state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(QPen(QColor(now.focus if ring else now.border), 2 if ring else 1))
        painter.setBrush(QColor(now.surface))
        painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 8, 8)
    elif state & QStyle.StateFlag.State_MouseOver:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(now.hover))
        painter.drawRoundedRect(area, 8, 8)
    return area.adjusted(12, 8, -12, -8)
