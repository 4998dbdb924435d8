"""A layout that sets its widgets in lines, as words in a paragraph, from the leading edge on."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from forge_desktop.ui import theme


class FlowLayout(QLayout):
    """`grows`, the last widget, takes what is left of its line, where it has at least `least` pixels: a field to type
    into.
    """

    def __init__(self, gap: int = 6, grows: QWidget | None = None, least: int = 0) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap, self._grows, self._least = gap, grows, least
        self.setContentsMargins(QMargins(0, 0, 0, 0))

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, area: QRect) -> None:
        super().setGeometry(area)
        self._place(area, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, area: QRect, *, move: bool) -> int:
        y = 0
        for line in self._lines(area.width()):
            tallest = max(item.sizeHint().height() for item, _, _ in line)
            for item, x, width in line if move else ():
                left = area.right() + 1 - x - width if theme.mirrored() else area.left() + x
                height = item.sizeHint().height()
                item.setGeometry(QRect(QPoint(left, area.top() + y + (tallest - height) // 2), QSize(width, height)))
            y += tallest + self._gap
        return max(0, y - self._gap)

    def _lines(self, room: int) -> list[list[tuple[QLayoutItem, int, int]]]:
        """The items of each line, with their places and widths."""
        lines: list[list[tuple[QLayoutItem, int, int]]] = []
        x = 0
        items = [item for item in self._items if not item.isEmpty()]  # without those that are hidden
        for item in items:
            last = item.widget() is self._grows
            width = min(theme.px(self._least) if last else item.sizeHint().width(), room)
            if not lines or x + width > room:
                lines.append([])
                x = 0
            if last:
                width = max(width, room - x)
            lines[-1].append((item, x, width))
            x += width + self._gap
        return lines
