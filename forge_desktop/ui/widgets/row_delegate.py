"""How a table's cell is painted from the tokens: icon and words, a pill, or a meter with its number."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.painted import draw_pill, pill_width
from forge_desktop.ui.widgets.windowed_model import Column, Index, TableModel
from forge_desktop.ui.widgets.words import isolated

GOOD = 0.75  # from here on a meter is green
ROW_HEIGHT = 42  # as in the design; like all sizes here it grows with the user's font


class RowDelegate(QStyledItemDelegate):
    """Paints a cell from the tokens: icon and words, or a pill; one line under each row, soft accent when selected."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, TableModel)
        colours, column, value = theme.current(), model.columns[index.column()], model.value_at(index.row())
        box: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(colours.accent_soft))
            if colours.name == "contrast":  # where the ground of a chosen row is that of all others
                painter.fillRect(box.adjusted(0, 0, 0, -box.height() + 2), QColor(colours.accent))
                painter.fillRect(box.adjusted(0, box.height() - 3, 0, -1), QColor(colours.accent))
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

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, theme.px(ROW_HEIGHT))

    def _paint_words(self, painter: QPainter, box: QRect, column: Column, value: Any, *, first: bool) -> None:
        colours = theme.current()
        if column.icon:
            edge = theme.px(16)
            place = QRect(box.left(), box.center().y() - edge // 2 + 1, edge, edge)
            mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
            theme.icon(column.icon(value)).paint(painter, QStyle.visualRect(painter.layoutDirection(), box, place))
            box = box.adjusted(0, 0, -edge - 10, 0) if mirrored else box.adjusted(edge + 10, 0, 0, 0)
        if column.meter:
            box = self._paint_meter(painter, box, column.meter(value))
        painter.setPen(QColor(colours.text if first else colours.muted))
        painter.setFont(theme.font(tokens.TABLE, tabular=column.right))
        side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
        mode = Qt.TextElideMode.ElideMiddle if column.middle else Qt.TextElideMode.ElideRight
        words = painter.fontMetrics().elidedText(column.text(value), mode, box.width())
        mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
        words = isolated(words) if mirrored else words
        painter.drawText(box, int(side | Qt.AlignmentFlag.AlignVCenter), words)

    def _paint_meter(self, painter: QPainter, box: QRect, share: float | None) -> QRect:
        """Draw the meter at the leading edge; what is left of the box is for the words."""
        if share is None:
            return box
        colours, width, thick = theme.current(), min(theme.px(56), box.width() // 2), 6
        mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = box.right() + 1 - width if mirrored else box.left()
        track = QRectF(left, box.center().y() + 1 - thick / 2, width, thick)
        painter.setPen(theme.edge())
        painter.setBrush(QColor(colours.track))
        painter.drawRoundedRect(track, thick / 2, thick / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        filled = QRectF(track)
        filled.setWidth(max(thick, track.width() * min(1.0, max(0.0, share))))
        if mirrored:
            filled.moveRight(track.right())
        painter.setBrush(QColor(colours.chart2 if share >= GOOD else colours.chart3))
        painter.drawRoundedRect(filled, thick / 2, thick / 2)
        return box.adjusted(0, 0, -width - 8, 0) if mirrored else box.adjusted(width + 8, 0, 0, 0)
