"""The timeline of versions: model and painting of its rows, the newest on top."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QFrame, QListView, QStyledItemDelegate, QStyleOptionViewItem

from forge_desktop.students.records_versions import Version
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.gate_words import verdict_mark, version_mark, version_name
from forge_desktop.ui.widgets.basics import draw_pill, pill_width
from forge_desktop.ui.widgets.keyed_list import KeyedModel, Said, draw_card
from forge_desktop.ui.widgets.words import isolated, moment_words, own_direction, safe_words

_Index = QModelIndex | QPersistentModelIndex
_LINE = 26  # pixels from the leading edge to the line of the timeline


def facts(version: Version) -> str:
    """What stands under a version's name: "Passes · 12 Nov · scale 0.75 · smollm2"."""
    parts = ["Base alone" if version.is_base else verdict_mark(version.verdict)[0], moment_words(version.created)]
    parts += [] if version.is_base else [f"scale {version.scale:g}", own_direction(safe_words(version.base_name))]
    return " · ".join(parts)


def _said(version: Version) -> Said:
    spoken = ", ".join((version_name(version), version_mark(version)[0], facts(version)))
    return Said(version_name(version), spoken, safe_words(version.problem or version.note))


class TimelineDelegate(QStyledItemDelegate):
    """A dot on a line, then two lines of words with the pill of the state."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(theme.px(200), theme.px(60))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        version: Version = index.data(Qt.ItemDataRole.UserRole)
        mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(option.rect)
        inside = draw_card(painter, option)
        last = index.row() == index.model().rowCount() - 1
        self._draw_line(painter, whole, version, first=index.row() == 0, last=last)
        indent = theme.px(_LINE) + 4
        inside = inside.adjusted(0, 0, -indent, 0) if mirrored else inside.adjusted(indent - 8, 0, 0, 0)
        self._draw_words(painter, inside, version, mirrored=mirrored)
        painter.restore()

    def _draw_line(self, painter: QPainter, whole: QRectF, version: Version, *, first: bool, last: bool) -> None:
        now = theme.current()
        mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = whole.right() - theme.px(_LINE) if mirrored else whole.left() + theme.px(_LINE)
        middle = whole.top() + 10 + theme.px(10)
        painter.setPen(QPen(QColor(now.control_border), 1.5))
        if not first:
            painter.drawLine(QPointF(x, whole.top()), QPointF(x, middle - 6))
        if not last:
            painter.drawLine(QPointF(x, middle + 6), QPointF(x, whole.bottom() + 1))
        active = version.state == "active"
        painter.setPen(QPen(QColor(now.ok if active else now.control_border), 2))
        painter.setBrush(QColor(now.ok if active else now.surface))
        painter.drawEllipse(QPointF(x, middle), 5, 5)

    def _draw_words(self, painter: QPainter, inside: QRectF, version: Version, *, mirrored: bool) -> None:
        now = theme.current()
        words, kind, icon = version_mark(version)
        face = theme.font(tokens.CAPTION, 600)
        line = QRectF(inside.left(), inside.top(), inside.width(), theme.px(20))
        width = pill_width(words, icon, face)
        left = line.left() if mirrored else line.right() - width
        draw_pill(painter, QRectF(left, line.top(), width, theme.px(20)), words, kind, icon, face)
        name = line.adjusted(width + 8, 0, 0, 0) if mirrored else line.adjusted(0, 0, -width - 8, 0)
        below = QRectF(inside.left(), line.bottom(), inside.width(), inside.bottom() - line.bottom())
        side = Qt.AlignmentFlag.AlignLeft  # the leading edge: a mirrored painter turns it
        for place, text, letters, ink in (
            (name, version_name(version), theme.font(tokens.TABLE, 600), now.text),
            (below, facts(version), theme.font(tokens.SMALL, tabular=True), now.muted),
        ):
            painter.setFont(letters)
            painter.setPen(QColor(ink))
            shown = QFontMetrics(letters).elidedText(text, Qt.TextElideMode.ElideRight, int(place.width()))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | side), isolated(shown) if mirrored else shown)


class Timeline(QListView):
    """The list itself."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = KeyedModel[Version](lambda version: version.uid, _said)
        self.setProperty("cls", "sideList")
        self.setAccessibleName("Versions")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setModel(self.rows)
        self.setItemDelegate(TimelineDelegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def choose(self, uid: str) -> None:
        """Select a version, if it is there."""
        row = self.rows.row_of(uid)
        if row >= 0:
            self.setCurrentIndex(self.rows.index(row))

    def version(self) -> Version | None:
        """The selected version."""
        index = self.currentIndex()
        return index.data(Qt.ItemDataRole.UserRole) if index.isValid() else None
