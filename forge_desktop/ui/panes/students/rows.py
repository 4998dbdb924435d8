"""The list of students: model and painting of its rows."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from forge_desktop.students.records import Student
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import draw_pill, pill_width
from forge_desktop.ui.widgets.keyed_list import Said, draw_card
from forge_desktop.ui.widgets.words import size_words

_LEFT_TO_RIGHT = "\u200e"  # else a mirrored window shows "M · Q4_1 135" for "135 M · Q4_1"
_Index = QModelIndex | QPersistentModelIndex


def parameters_in_words(count: int) -> str:
    """ "135 M" or "7.2 B", as students are known by."""
    for unit, size in (("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if count >= size * 0.9995:
            value = count / size
            return f"{value:.1f} {unit}" if value < 10 and unit == "B" else f"{value:.0f} {unit}"
    return str(count)


def mark_of(student: Student) -> tuple[str, str, str]:
    """The pill of a student: (words, kind, icon); empty words for none."""
    if student.problem:
        return ("Problem", "bad", "circle-alert")
    return ("Active", "ok", "circle-check") if student.active else ("", "mute", "")


def said_of(student: Student) -> Said:
    """What a student's row says."""
    spoken = ", ".join(filter(None, (student.name, mark_of(student)[0])))
    return Said(student.name, spoken, student.problem or student.name)


class StudentDelegate(QStyledItemDelegate):
    """Two lines: name with its pill, then parameters, quantisation and size."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(theme.px(200), theme.px(60))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        student: Student = index.data(Qt.ItemDataRole.UserRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_text(painter, draw_card(painter, option), student)
        painter.restore()

    def _draw_text(self, painter: QPainter, inside: QRectF, student: Student) -> None:
        now = theme.current()
        words, kind, icon = mark_of(student)
        mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
        side = Qt.AlignmentFlag.AlignLeft  # the leading edge: a mirrored painter turns it
        line = QRectF(inside.left(), inside.top(), inside.width(), theme.px(20))
        name_area = QRectF(line)
        if words:
            face = theme.font(tokens.CAPTION, 600)
            width = pill_width(words, icon, face)
            left = line.left() if mirrored else line.right() - width
            draw_pill(painter, QRectF(left, line.top(), width, theme.px(20)), words, kind, icon, face)
            name_area.setWidth(line.width() - width - 8)
            if mirrored:
                name_area.moveRight(line.right())
        for area, text, face, ink in (
            (name_area, student.name, theme.font(tokens.TABLE, 600), now.text),
            (
                QRectF(inside.left(), line.bottom(), inside.width(), inside.bottom() - line.bottom()),
                _LEFT_TO_RIGHT
                + " · ".join(
                    (parameters_in_words(student.parameters), student.quantisation, size_words(student.file_bytes))
                ),
                theme.font(tokens.SMALL, tabular=True),
                now.muted,
            ),
        ):
            painter.setFont(face)
            painter.setPen(QColor(ink))
            shown = QFontMetrics(face).elidedText(text, Qt.TextElideMode.ElideMiddle, int(area.width()))
            painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter | side), shown)
