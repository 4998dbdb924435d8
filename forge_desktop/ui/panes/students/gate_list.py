"""The list of gates: model and painting of its rows, the newest on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from forge_desktop.students.records_gate import GateReport
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.gate_words import gate_mark
from forge_desktop.ui.widgets.basics import draw_pill, pill_width
from forge_desktop.ui.widgets.words import count_words, isolated, moment_words

_Index = QModelIndex | QPersistentModelIndex


def gate_name(gate: GateReport) -> str:
    """What was compared: "v12 against v11"."""
    return f"{gate.label} against {gate.baseline_label}"


def facts(gate: GateReport) -> str:
    """What stands under it: "Gate 3 · 2 suites · 12 Nov"."""
    return f"Gate {gate.number} · {count_words(len(gate.suites), 'suite')} · {moment_words(gate.created)}"


class GatesModel(QAbstractListModel):
    """Gates in the order given; each row's UserRole is the report."""

    def __init__(self) -> None:
        super().__init__()
        self._gates: list[GateReport] = []

    def show_gates(self, gates: Sequence[GateReport]) -> None:
        """Replace all rows, unless they are the same."""
        if list(gates) == self._gates:
            return
        if [gate.uid for gate in gates] == [gate.uid for gate in self._gates]:
            self._gates = list(gates)  # in place: the selection stays
            self.dataChanged.emit(self.index(0), self.index(len(gates) - 1))
            return
        self.beginResetModel()
        self._gates = list(gates)
        self.endResetModel()

    def row_of(self, uid: str) -> int:
        """The row of a gate, -1 when it is not there."""
        return next((row for row, gate in enumerate(self._gates) if gate.uid == uid), -1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._gates)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        gate = self._gates[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return gate
        if role == Qt.ItemDataRole.DisplayRole:
            return gate_name(gate)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join((gate_name(gate), gate_mark(gate)[0], facts(gate)))
        if role == Qt.ItemDataRole.ToolTipRole:
            return gate.problem or None
        return None


class GateDelegate(QStyledItemDelegate):
    """Two lines: what was compared with the verdict's pill, then number, suites and when."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(theme.px(200), theme.px(60))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        now, state = theme.current(), option.state
        gate: GateReport = index.data(Qt.ItemDataRole.UserRole)
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
        self._draw_words(painter, area.adjusted(12, 8, -12, -8), gate)
        painter.restore()

    def _draw_words(self, painter: QPainter, inside: QRectF, gate: GateReport) -> None:
        now = theme.current()
        mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
        words, kind, icon = gate_mark(gate)
        face = theme.font(tokens.CAPTION, 600)
        line = QRectF(inside.left(), inside.top(), inside.width(), theme.px(20))
        width = pill_width(words, icon, face)
        left = line.left() if mirrored else line.right() - width
        draw_pill(painter, QRectF(left, line.top(), width, theme.px(20)), words, kind, icon, face)
        name = line.adjusted(width + 8, 0, 0, 0) if mirrored else line.adjusted(0, 0, -width - 8, 0)
        below = QRectF(inside.left(), line.bottom(), inside.width(), inside.bottom() - line.bottom())
        side = Qt.AlignmentFlag.AlignLeft  # the leading edge: a mirrored painter turns it
        for place, text, letters, ink in (
            (name, gate_name(gate), theme.font(tokens.TABLE, 600), now.text),
            (below, facts(gate), theme.font(tokens.SMALL, tabular=True), now.muted),
        ):
            painter.setFont(letters)
            painter.setPen(QColor(ink))
            shown = QFontMetrics(letters).elidedText(text, Qt.TextElideMode.ElideRight, int(place.width()))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | side), isolated(shown) if mirrored else shown)


class GateList(QListView):
    """The list itself."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = GatesModel()
        self.setProperty("cls", "sideList")
        self.setAccessibleName("Gates")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setModel(self.rows)
        self.setItemDelegate(GateDelegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def choose(self, uid: str) -> None:
        """Select a gate, if it is there."""
        row = self.rows.row_of(uid)
        if row >= 0:
            self.setCurrentIndex(self.rows.index(row))

    def gate(self) -> GateReport | None:
        """The selected gate."""
        index = self.currentIndex()
        return index.data(Qt.ItemDataRole.UserRole) if index.isValid() else None
