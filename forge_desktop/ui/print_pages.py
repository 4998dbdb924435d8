"""Where the pages of a printed text end: no heading alone, no row parted, every paragraph in its own direction."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextTable,
)

_BEFORE = QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore
_EDGE = 3.0  # pixels of a row's border, and what rounding takes
_SLIT = 14.0  # pixels that are left below: less than a line
_MOST = 6_000_000  # signs that are laid out anew, some seconds: thousands of rows are then parted as it comes
_TALLEST = 0.4  # of a page: a higher row is parted all the same
_PICTURE = "\ufffc"
Part = QTextBlock | QTextTable


def turn(document: QTextDocument) -> None:
    """Let what is read from the right run from there; `dir="auto"` is nothing that this text knows."""
    block = document.begin()
    while block.isValid():
        if _from_right(block.text()):
            look = block.blockFormat()
            look.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            QTextCursor(block).setBlockFormat(look)
        block = block.next()


def settle(document: QTextDocument, check: Callable[[], None]) -> list[QTextBlock]:
    """Move to the next page what would be parted. Forward once: what is changed moves only what comes behind it.

    The blocks that came in for it, and say nothing.
    """
    parts = list(_parts(document))
    pages = _Pages(document)
    head = -1  # where the headings begin that stand right before this part
    for at, part in enumerate(parts):
        check()
        if isinstance(part, QTextBlock):
            if part.blockFormat().headingLevel() or part.text().endswith(":"):  # what follows belongs to it
                head = at if head < 0 else head
                continue
            if head >= 0 and not part.text().strip():
                continue
        first = parts[head] if head >= 0 else part
        if pages.page(pages.top(first)) != pages.page(pages.needs(part)):
            pages.begin_with(first)
        if isinstance(part, QTextTable):
            pages.keep_rows(part, first)
        head = -1
    return pages.filled


def _parts(document: QTextDocument) -> Iterator[Part]:
    block = document.begin()
    while block.isValid():
        table = QTextCursor(block).currentTable()
        if table:  # None for a block in none
            yield table
            block = document.findBlock(table.lastPosition()).next()
        else:
            yield block
            block = block.next()


class _Pages:
    """Where things are on the pages of a text, and how they come to the next one."""

    def __init__(self, document: QTextDocument) -> None:
        self._document, self._height = document, document.pageSize().height()
        self._left = _MOST // max(1, document.characterCount())
        self.filled: list[QTextBlock] = []

    def page(self, y: float) -> int:
        return int(y // self._height)

    def top(self, part: Part) -> float:
        if isinstance(part, QTextTable):
            return self._row(part, 0)[0]
        box = self._document.documentLayout().blockBoundingRect(part)  # begins where the part before it ends
        return box.top() + (part.layout().lineAt(0).y() if part.layout().lineCount() else 0)

    def needs(self, part: Part) -> float:
        """How far down something goes that has to stand together with what is above it."""
        if isinstance(part, QTextTable):
            least = min(part.rows() - 1, part.format().toTableFormat().headerRowCount())
            top, bottom = self._row(part, least)
            return bottom if bottom - top < _TALLEST * self._height else top
        box = self._document.documentLayout().blockBoundingRect(part)
        if _PICTURE in part.text() or not part.layout().lineCount():
            return box.bottom() - 1
        line = part.layout().lineAt(0)
        return box.top() + line.y() + line.height() - 1

    def begin_with(self, part: Part) -> None:
        """Begin a page with it, unless it begins one already."""
        if not self._left or self.top(part) % self._height < 2 * _EDGE:
            return
        if isinstance(part, QTextTable):
            look = part.format().toTableFormat()
            look.setPageBreakPolicy(_BEFORE)
            part.setFormat(look)
        else:
            words = part.blockFormat()
            words.setPageBreakPolicy(_BEFORE)
            QTextCursor(part).setBlockFormat(words)
        self._lay_out()

    def keep_rows(self, table: QTextTable, first: Part) -> None:
        """Let a row that would be parted begin the next page."""
        heads = table.format().toTableFormat().headerRowCount()
        for row in range(heads, table.rows()):
            if not self._left:
                return
            top, bottom = self._row(table, row)
            if self.page(top) == self.page(bottom) or bottom - top > _TALLEST * self._height:
                continue
            if row <= heads:
                self.begin_with(first)
                continue
            if (by := (self.page(top) + 1) * self._height - top - _SLIT) > 0:
                self._fill(table, row - 1, by)

    def _row(self, table: QTextTable, row: int) -> tuple[float, float]:
        layout, tops, bottoms = self._document.documentLayout(), [], []
        for column in range(table.columns()):
            cell = table.cellAt(row, column)
            look = cell.format().toTableCellFormat()
            tops.append(layout.blockBoundingRect(cell.firstCursorPosition().block()).top() - look.topPadding())
            bottoms.append(layout.blockBoundingRect(cell.lastCursorPosition().block()).bottom() + look.bottomPadding())
        return max(0.0, min(tops) - _EDGE), max(bottoms) + _EDGE

    def _fill(self, table: QTextTable, row: int, by: float) -> None:
        """Make a row higher, so that the next finds no room for its first line, and goes to the next page by itself.

        By a line of that height in its lowest cell: a cell's padding would keep its own last lines from the page's end,
        and a block's margin does not count in a cell.
        """
        layout = self._document.documentLayout()
        ends = [table.cellAt(row, column).lastCursorPosition() for column in range(table.columns())]
        end = max(ends, key=lambda one: layout.blockBoundingRect(one.block()).bottom())
        look = QTextBlockFormat()
        look.setLineHeight(by, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        page = self.page(layout.blockBoundingRect(end.block()).bottom())
        end.insertBlock(look, QTextCharFormat())
        self._lay_out()
        if self.page(layout.blockBoundingRect(end.block()).bottom()) != page:  # no room for it: then as it was
            end.deletePreviousChar()
            self._lay_out()
        else:
            self.filled.append(end.block())

    def _lay_out(self) -> None:
        """WORKAROUND: laid out again from a change on, Qt's text loses what stood behind it; so all of it is."""
        self._left = max(0, self._left - 1)
        self._document.markContentsDirty(0, self._document.characterCount())


def _from_right(text: str) -> bool:
    first = next((kind for sign in text if (kind := unicodedata.bidirectional(sign)) in ("L", "R", "AL")), "L")
    return first != "L"
