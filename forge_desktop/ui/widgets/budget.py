"""How a context is spent: a bar of coloured parts, and the same as a table with a swatch for each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import label

_COLOURS = ("chart1", "chart2", "chart3", "info", "warn")


def draw_budget(painter: QPainter, area: QRectF, parts: Sequence[tuple[str, int]], context: int, left: str) -> None:
    """Paint the parts in their colours along `area`; what is free stays in the colour `left`."""
    colours = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.edge())
    painter.setBrush(QColor(getattr(colours, left)))
    radius = min(3.0, area.height() / 2)
    painter.drawRoundedRect(area, radius, radius)
    mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
    at = 0.0
    for place, (_, count) in enumerate(parts):
        width = min(area.width() * count / max(1, context), area.width() - at)
        if width <= 0:
            continue
        start = area.right() - at - width if mirrored else area.left() + at
        painter.setBrush(theme.part_brush(place, _COLOURS[place % len(_COLOURS)]))
        painter.drawRoundedRect(QRectF(start, area.top(), max(1.0, width - 1), area.height()), 2, 2)
        at += width


class BudgetBar(QWidget):
    """The context as one bar: its parts in colours, the answer's room at the end."""

    def __init__(self, height: int = 10) -> None:
        super().__init__()
        self.setFixedHeight(theme.px(height))
        self._parts: Sequence[tuple[str, int]] = ()
        self._context = 1

    def show_parts(self, parts: Sequence[tuple[str, int]], answer: int, context: int) -> None:
        """Show names and tokens of the parts; `answer` is what is kept free."""
        self._parts, self._context = parts, max(1, context)
        words = [f"{name} {count:,} tokens" for name, count in parts]
        self.setAccessibleName("Token budget: " + ", ".join([*words, f"answer {answer:,}"]))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_budget(painter, self.rect().toRectF(), self._parts, self._context, "track")
        painter.end()


class BudgetTable(QGridLayout):
    """A row for each part: its colour, its name, its tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.setHorizontalSpacing(8)
        self.setVerticalSpacing(4)
        self.setColumnStretch(1, 1)

    def show_parts(self, parts: Sequence[tuple[str, int]], answer: int) -> None:
        """Show the parts and the room kept for the answer."""
        while item := self.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        for line, (name, count) in enumerate([*parts, ("Room for the answer", answer)]):
            free = line == len(parts)
            self.addWidget(_Swatch(None if free else line), line, 0)
            self.addWidget(label(name[:1].upper() + name[1:], tokens.SMALL, wrap=True), line, 1)
            number = label(f"{count:,}", tokens.SMALL, cls="muted", tabular=True)
            self.addWidget(number, line, 2, Qt.AlignmentFlag.AlignRight)


class _Swatch(QWidget):
    """The colour of a part, beside its name."""

    def __init__(self, place: int | None) -> None:
        """`place` is the part's in the bar, None what is free."""
        super().__init__()
        self._place = place
        self.setFixedSize(theme.px(10), theme.px(10))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.edge())
        track, place = QColor(theme.current().track), self._place
        painter.setBrush(track if place is None else theme.part_brush(place, _COLOURS[place % len(_COLOURS)]))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
        painter.end()
