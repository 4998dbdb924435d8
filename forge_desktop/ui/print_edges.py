"""Where a table goes on from page to page: a line ends it there, and no row runs on as an empty box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QTextBlock, QTextDocument, QTextTable

from forge_desktop.ui import tokens

_BELOW = 5.0  # pixels that a row keeps below its last line


@dataclass(frozen=True)
class Edge:
    """A line across a table at `y`; what is below it, down to `end`, is left blank."""

    y: float
    end: float
    left: float
    right: float
    colour: QColor


def find_edges(document: QTextDocument, filled: Sequence[QTextBlock]) -> dict[int, list[Edge]]:
    """The edges by page. `filled` are the blocks that only move what comes behind them to the next page."""
    height, layout = document.pageSize().height(), document.documentLayout()
    ends = {int(top // height): top for top in (layout.blockBoundingRect(block).top() for block in filled)}
    found: dict[int, list[Edge]] = {}
    for table in document.rootFrame().childFrames():
        if not isinstance(table, QTextTable):
            continue
        parted = _parted(table, document)
        shape = table.format().toTableFormat()
        left, right = shape.leftMargin(), document.pageSize().width() - shape.rightMargin() - 1
        colour = _colour(table)
        reach = _reach(table, 0, document)[0], _reach(table, table.rows() - 1, document)[1]
        for page in range(int(reach[0] // height), int(reach[1] // height)):
            end = (page + 1) * height
            if page in ends:
                found.setdefault(page, []).append(Edge(min(ends[page] + _BELOW, end - 1), end, left, right, colour))
            elif page in parted:
                found.setdefault(page, []).append(Edge(end - 1, end, left, right, colour))
                found.setdefault(page + 1, []).append(Edge(end + 0.5, end + 0.5, left, right, colour))
    return found


def paint_edges(painter: QPainter, edges: Sequence[Edge]) -> None:
    """Paint those of a page, over the page."""
    for edge in edges:
        painter.fillRect(
            QRectF(edge.left - 2, edge.y, edge.right - edge.left + 4, edge.end - edge.y), Qt.GlobalColor.white
        )
        painter.setPen(QPen(edge.colour, 1))
        painter.drawLine(QLineF(edge.left, edge.y, edge.right, edge.y))


def _parted(table: QTextTable, document: QTextDocument) -> set[int]:
    """The pages at whose end a row is parted."""
    height = document.pageSize().height()
    rows = ([int(y // height) for y in _reach(table, row, document)] for row in range(table.rows()))
    return {page for first, last in rows for page in range(first, last)}


def _reach(table: QTextTable, row: int, document: QTextDocument) -> tuple[float, float]:
    """Where the first line of a row begins, and its last one ends."""
    layout = document.documentLayout()
    cells = [table.cellAt(row, column) for column in range(table.columns())]
    tops = [layout.blockBoundingRect(cell.firstCursorPosition().block()).top() for cell in cells]
    return min(tops), max(layout.blockBoundingRect(cell.lastCursorPosition().block()).bottom() for cell in cells) - 1


def _colour(table: QTextTable) -> QColor:
    brush: QBrush = table.cellAt(0, 0).format().toTableCellFormat().bottomBorderBrush()
    return brush.color() if brush.style() != Qt.BrushStyle.NoBrush else QColor(tokens.LIGHT.border)
