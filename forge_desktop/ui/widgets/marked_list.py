"""A list at the side of a page: rows of two lines, a name with a pill that says its state, and facts under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.painted import draw_pill, pill_width
from forge_desktop.ui.widgets.words import isolated, plain_tip

_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class MarkedRow:
    """`mark` is (words, kind, icon) of the pill; `tip` is said when the mouse rests on the row."""

    key: str
    name: str
    mark: tuple[str, str, str]
    facts: str
    tip: str = ""


class MarkedModel(QAbstractListModel):
    """Rows in the order given; each one's UserRole is the MarkedRow."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[MarkedRow] = []

    def show_rows(self, rows: Sequence[MarkedRow]) -> None:
        """Replace all rows, unless they are the same."""
        if list(rows) == self._rows:
            return
        if [row.key for row in rows] == [row.key for row in self._rows]:
            self._rows = list(rows)  # in place: the selection stays
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def row_of(self, key: str) -> int:
        """The row of a key, -1 when it is not there."""
        return next((number for number, row in enumerate(self._rows) if row.key == key), -1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join((row.name, row.mark[0], row.facts))
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(row.tip) if row.tip else None
        return None


class MarkedDelegate(QStyledItemDelegate):
    """Paints a row; the chosen one stands on a card."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(theme.px(200), theme.px(60))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        now, state = theme.current(), option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
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
        self._draw_words(painter, area.adjusted(12, 8, -12, -8), index.data(Qt.ItemDataRole.UserRole))
        painter.restore()

    def _draw_words(self, painter: QPainter, inside: QRectF, row: MarkedRow) -> None:
        now = theme.current()
        mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
        words, kind, icon = row.mark
        face = theme.font(tokens.CAPTION, 600)
        line = QRectF(inside.left(), inside.top(), inside.width(), theme.px(20))
        width = pill_width(words, icon, face)
        left = line.left() if mirrored else line.right() - width
        draw_pill(painter, QRectF(left, line.top(), width, theme.px(20)), words, kind, icon, face)
        name = line.adjusted(width + 8, 0, 0, 0) if mirrored else line.adjusted(0, 0, -width - 8, 0)
        below = QRectF(inside.left(), line.bottom(), inside.width(), inside.bottom() - line.bottom())
        side = Qt.AlignmentFlag.AlignLeft  # the leading edge: a mirrored painter turns it
        for place, text, letters, ink in (
            (name, row.name, theme.font(tokens.TABLE, 600), now.text),
            (below, row.facts, theme.font(tokens.SMALL, tabular=True), now.muted),
        ):
            painter.setFont(letters)
            painter.setPen(QColor(ink))
            shown = QFontMetrics(letters).elidedText(text, Qt.TextElideMode.ElideRight, int(place.width()))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | side), isolated(shown) if mirrored else shown)


class MarkedList(QListView):
    """The list itself."""

    def __init__(self, accessible_name: str) -> None:
        super().__init__()
        self.rows = MarkedModel()
        self.setProperty("cls", "sideList")
        self.setAccessibleName(accessible_name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setModel(self.rows)
        self.setItemDelegate(MarkedDelegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def choose(self, key: str) -> None:
        """Select a row, if it is there."""
        row = self.rows.row_of(key)
        if row >= 0:
            self.setCurrentIndex(self.rows.index(row))

    def key(self) -> str:
        """The key of the selected row, "" without one."""
        index = self.currentIndex()
        return index.data(Qt.ItemDataRole.UserRole).key if index.isValid() else ""
