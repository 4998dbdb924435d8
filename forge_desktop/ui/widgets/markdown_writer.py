"""Writes Markdown tokens into a QTextDocument with cursors and formats: no HTML is built, so none can get in."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextList,
    QTextListFormat,
    QTextTable,
    QTextTableCellFormat,
    QTextTableFormat,
)

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.code_colours import coloured
from forge_desktop.ui.widgets.markdown_source import MARK

if TYPE_CHECKING:
    from markdown_it.token import Token

UNSUPPORTED_TIP = "No passage from your documents supports this sentence."
_HEADING_SIZES = {1: 18, 2: 17, 3: 15}
_LIST_STYLES = (QTextListFormat.Style.ListDisc, QTextListFormat.Style.ListCircle, QTextListFormat.Style.ListSquare)
_LINE = 150  # per cent of the font's own height
_PLAIN_CODE = 6_000  # characters; a longer block is coloured only when it is complete
_CODE_LINE = 105  # JetBrains Mono is tall by itself


@dataclass(frozen=True)
class Style:
    """What a run of characters looks like; the key to its format."""

    size: float = tokens.BODY
    weight: int = 400
    italic: bool = False
    strike: bool = False
    code: bool = False
    muted: bool = False
    marked: bool = False
    link: str = ""
    tip: str = ""


@dataclass
class _List:
    """A list being written: its Qt list once the first item exists, and what the next item needs."""

    format: QTextListFormat
    made: QTextList | None = None
    fresh_item: bool = False


class MarkdownWriter:
    """Appends blocks at a cursor. `codes` collects the code blocks, in order, for their Copy links.

    `tips` gives each citation number what its chip says when pointed at. `complete` is False for text still growing.
    `fresh` tells that the cursor stands in an empty block which the next block may take over.
    """

    def __init__(
        self, cursor: QTextCursor, codes: list[str], tips: Mapping[int, str], *, complete: bool, fresh: bool
    ) -> None:
        self._cursor = cursor
        self._codes = codes
        self._tips = tips
        self._complete = complete
        self._style = Style()
        self._outer: list[Style] = []
        self._lists: list[_List] = []
        self._marked = False
        self.fresh = fresh
        self.tables: list[QTextTable] = []  # with a head; Qt lists a text's frames only once its edit has ended

    def write(self, parsed: Sequence[Token]) -> None:
        """Append these tokens, which are whole blocks."""
        index = 0
        while index < len(parsed):
            token = parsed[index]
            if token.level == 0:
                self._marked = False
            if token.type == "table_open":
                end = _closing(parsed, index)
                self._table(parsed[index : end + 1])
                index = end
            elif token.type == "blockquote_open":
                end = _closing(parsed, index)
                self._quote(parsed[index + 1 : end])
                index = end
            else:
                self._block(token)
            index += 1

    def _block(self, token: Token) -> None:
        match token.type:
            case "paragraph_open":
                self._begin(self._block_format(after=2 if token.hidden else 8))
            case "heading_open":
                self._heading(int(token.tag[1:]))
            case "heading_close":
                self._style = self._outer.pop()
            case "inline":
                self._inline(token.children or [])
            case "bullet_list_open" | "ordered_list_open":
                self._open_list(token)
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._lists[-1].fresh_item = True
            case "list_item_close" if self._lists[-1].fresh_item:
                self._begin(self._block_format(after=2))
            case "fence" | "code_block":
                self._code(token.content.removesuffix("\n"), token.info.strip().split(" ")[0])
            case "hr":
                self._rule()

    # ---------------------------------------------------------------- blocks
    def _begin(self, block: QTextBlockFormat) -> None:
        """Start a block: the empty one at the cursor, or a new one behind it."""
        base = char_format(self._style)
        if self.fresh:
            self._cursor.setBlockFormat(block)
            self._cursor.setBlockCharFormat(base)
        else:
            self._cursor.insertBlock(block, base)
        self.fresh = False
        if self._lists and self._lists[-1].fresh_item:
            self._join_list()

    def _join_list(self) -> None:
        current = self._lists[-1]
        current.fresh_item = False
        if current.made is None:
            current.made = self._cursor.createList(current.format)
        else:
            current.made.add(self._cursor.block())

    def _block_format(self, *, after: int, before: int = 0, line: int = _LINE) -> QTextBlockFormat:
        block = QTextBlockFormat()
        block.setTopMargin(theme.px(before))
        block.setBottomMargin(theme.px(after))
        block.setLineHeight(line, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if self._lists and not self._lists[-1].fresh_item:
            block.setIndent(len(self._lists))
        return block

    def _heading(self, level: int) -> None:
        self._outer.append(self._style)
        self._style = replace(self._style, size=_HEADING_SIZES.get(level, tokens.BODY), weight=600)
        block = self._block_format(after=6, before=0 if self._cursor.atStart() else 6, line=130)
        block.setHeadingLevel(level)
        self._begin(block)

    def _rule(self) -> None:
        """A thin line across: the border under an empty cell, as Qt draws its own ruler in a colour of its own."""
        cell = QTextTableCellFormat()
        _line(cell, theme.current().border, above=False)
        table = self._new_table(1, 1, self._table_format())
        table.cellAt(0, 0).setFormat(cell)
        thin = QTextBlockFormat()
        thin.setLineHeight(theme.px(4), QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        table.cellAt(0, 0).firstCursorPosition().setBlockFormat(thin)

    def _open_list(self, token: Token) -> None:
        made = QTextListFormat()
        depth = len(self._lists)
        made.setIndent(depth + 1)
        if token.type == "ordered_list_open":
            made.setStyle(QTextListFormat.Style.ListDecimal)
            made.setStart(int(token.attrGet("start") or 1))
        else:
            made.setStyle(_LIST_STYLES[min(depth, 2)])
        self._lists.append(_List(made))

    def _quote(self, inner: Sequence[Token]) -> None:
        """A bar and the quotation beside it: two cells, as Qt draws no border on one side of a block."""
        shape = self._table_format()
        fixed, rest = QTextLength.Type.FixedLength, QTextLength.Type.PercentageLength
        shape.setColumnWidthConstraints([QTextLength(fixed, 3), QTextLength(rest, 100)])
        table = self._new_table(1, 2, shape)
        bar = QTextTableCellFormat()
        bar.setBackground(QColor(theme.current().control_border))
        table.cellAt(0, 0).setFormat(bar)
        outer, self._cursor, self.fresh = self._cursor, table.cellAt(0, 1).firstCursorPosition(), True
        lists, self._lists = self._lists, []
        style, self._style = self._style, replace(self._style, muted=True)
        self.write(inner)
        cell = table.cellAt(0, 1).format().toTableCellFormat()  # Qt keeps it with the first block's, written just now
        cell.setLeftPadding(theme.px(12))
        table.cellAt(0, 1).setFormat(cell)
        self._cursor, self._lists, self._style, self.fresh = outer, lists, style, True

    def _code(self, code: str, language: str) -> None:
        """A header with the language and a Copy link, and the code under it; as in every chat."""
        colours = theme.current()
        number = len(self._codes)
        self._codes.append(code)
        table = self._new_table(2, 2, self._table_format())
        table.mergeCells(1, 0, 1, 2)
        head = _cell_format(colours.surface2, colours.border, padding=(5, 12))
        self._cell(table, 0, 0, head, Style(size=tokens.CAPTION, muted=True), language or "text")
        copy = Style(size=tokens.CAPTION, link=f"copy:{number}", tip="Copy this code")
        self._cell(table, 0, 1, head, copy, "Copy", right=True)
        body = _cell_format(colours.code_bg, colours.border, padding=(8, 12))
        table.cellAt(1, 0).setFormat(body)
        cursor = table.cellAt(1, 0).firstCursorPosition()
        cursor.setBlockFormat(_cell_block(_CODE_LINE))
        base = QTextCharFormat()
        base.setFont(theme.font(tokens.CODE, mono=True))
        base.setForeground(QColor(colours.text))
        if not self._complete and len(code) > _PLAIN_CODE:
            cursor.insertText(code, base)
            return
        for text, kind in coloured(code, language):
            run = base
            if kind:
                run = QTextCharFormat(base)
                run.setForeground(QColor(getattr(colours, f"code_{kind}")))
            cursor.insertText(text, run)

    def _table(self, part: Sequence[Token]) -> None:
        rows: list[list[tuple[Token, str, bool]]] = []
        for i, token in enumerate(part):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                align = str(token.attrGet("style") or "")
                rows[-1].append((part[i + 1], align, token.type == "th_open"))
        shape = self._table_format()
        shape.setHeaderRowCount(1)
        table = self._new_table(len(rows), max(len(row) for row in rows), shape)
        self.tables.append(table)
        colours = theme.current()
        outer, style = self._cursor, self._style
        for y, row in enumerate(rows):
            for x, (inline, align, is_head) in enumerate(row):
                cell = _cell_format(colours.code_bg if is_head else "", "", padding=(6, 10))
                _line(cell, colours.border, above=is_head)
                table.cellAt(y, x).setFormat(cell)
                self._cursor = table.cellAt(y, x).firstCursorPosition()
                self._cursor.setBlockFormat(_cell_block(120, align))
                self._style = replace(style, size=tokens.TABLE, weight=600 if is_head else 400)
                self._inline(inline.children or [])
        self._cursor, self._style, self.fresh = outer, style, True

    def _new_table(self, rows: int, columns: int, shape: QTextTableFormat) -> QTextTable:
        """A table at the cursor, which is then in the empty block behind it."""
        if self._lists:
            shape.setLeftMargin(theme.px(28) * len(self._lists))
            if self._lists[-1].fresh_item:  # a list item that begins with a table or code has its bullet above it
                self._begin(self._block_format(after=2))
        table = self._cursor.insertTable(rows, columns, shape)
        self._cursor.setPosition(table.lastPosition() + 1)
        self._cursor.setBlockFormat(QTextBlockFormat())
        self.fresh = True
        return table

    def _table_format(self) -> QTextTableFormat:
        shape = QTextTableFormat()
        shape.setCellSpacing(0)
        shape.setCellPadding(0)
        shape.setBorder(0)
        shape.setBorderCollapse(True)
        shape.setTopMargin(theme.px(4))
        shape.setBottomMargin(theme.px(10))
        shape.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        return shape

    def _cell(
        self, table: QTextTable, y: int, x: int, cell: QTextTableCellFormat, style: Style, text: str, *,
        right: bool = False,
    ) -> None:  # fmt: skip
        shape = QTextTableCellFormat(cell)
        if right:
            shape.setLeftBorder(0)
        else:
            shape.setRightBorder(0)
        table.cellAt(y, x).setFormat(shape)
        cursor = table.cellAt(y, x).firstCursorPosition()
        cursor.setBlockFormat(_cell_block(120, "right" if right else ""))
        cursor.insertText(text, char_format(style))

    # ---------------------------------------------------------------- runs of characters
    def _inline(self, children: Sequence[Token]) -> None:
        base = self._style
        for token in children:
            match token.type:
                case "text":
                    self._text(token.content)
                case "softbreak":
                    self._put(" ", self._style)
                case "hardbreak":
                    self._put("\u2028", self._style)
                case "code_inline":
                    self._text(token.content, code=True)
                case "strong_open":
                    self._style = replace(self._style, weight=max(600, self._style.weight))
                case "strong_close":
                    self._style = replace(self._style, weight=base.weight)
                case "em_open" | "em_close":
                    self._style = replace(self._style, italic=token.type == "em_open")
                case "s_open" | "s_close":
                    self._style = replace(self._style, strike=token.type == "s_open")
                case "link_open":
                    self._style = replace(self._style, link="url:" + str(token.attrGet("href") or ""))
                case "link_close":
                    self._style = replace(self._style, link="")
                case "image":  # never loaded: a document could have put it here to call home
                    self._put(f"[picture: {MARK.sub('', token.content) or 'no description'}]", self._style)
        self._style = base

    def _text(self, text: str, *, code: bool = False) -> None:
        """Insert text; our own marks in it become chips, or switch the unsupported look."""
        at = 0
        for mark in MARK.finditer(text):
            self._run(text[at : mark.start()], code)
            at = mark.end()
            if mark["n"]:
                self._chip(int(mark["n"]))
            else:
                self._marked = mark["on"] is not None
        self._run(text[at:], code)

    def _run(self, text: str, code: bool) -> None:
        if text:
            self._put(text, replace(self._style, code=code, marked=self._marked))

    def _put(self, text: str, style: Style) -> None:
        self._cursor.insertText(text, char_format(style))

    def _chip(self, number: int) -> None:
        block, at = self._cursor.block().text(), self._cursor.positionInBlock()
        if at:
            beside_chip = block[at - 1] == "\u00a0" and self._cursor.charFormat().isAnchor()
            if beside_chip or not block[at - 1].isspace():
                self._put("\u2009" if beside_chip else "\u00a0", self._style)
        style = Style(size=self._style.size - 1, weight=500, link=f"cite:{number}", tip=self._tips.get(number, ""))
        self._cursor.insertText(f"\u00a0{number}\u00a0", char_format(style))


def char_format(style: Style) -> QTextCharFormat:
    """The Qt format of a run, in the look that is in force."""
    return _format(style, theme.current())


@functools.lru_cache(maxsize=256)
def _format(style: Style, colours: theme.Theme) -> QTextCharFormat:
    made = QTextCharFormat()
    font = theme.font(style.size - 1 if style.code else style.size, style.weight, mono=style.code)
    font.setItalic(style.italic)
    font.setStrikeOut(style.strike)
    made.setFont(font, QTextCharFormat.FontPropertiesInheritanceBehavior.FontPropertiesAll)
    made.setForeground(QColor(colours.muted if style.muted else colours.text))
    if style.code:
        made.setBackground(QColor(colours.surface2))
    if style.marked:
        made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        made.setUnderlineColor(QColor(colours.warn))
        made.setToolTip(UNSUPPORTED_TIP)
    if style.link:
        made.setAnchor(True)
        made.setAnchorHref(style.link)
        made.setForeground(QColor(colours.accent_fg))
        if style.link.startswith("cite:"):
            made.setBackground(QColor(colours.accent_soft))
        elif style.link.startswith("url:"):
            made.setFontUnderline(True)
        made.setToolTip(style.tip or style.link.removeprefix("url:"))
    return made


def _closing(parsed: Sequence[Token], index: int) -> int:
    """Index of the token that closes the one at `index`."""
    opened = parsed[index]
    end = opened.type.replace("_open", "_close")
    return next(i for i in range(index + 1, len(parsed)) if parsed[i].type == end and parsed[i].level == opened.level)


def _cell_block(line: int, align: str = "") -> QTextBlockFormat:
    block = QTextBlockFormat()
    block.setLineHeight(line, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    if "right" in align:
        block.setAlignment(Qt.AlignmentFlag.AlignRight)
    elif "center" in align:
        block.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return block


def _cell_format(ground: str, border: str, *, padding: tuple[int, int]) -> QTextTableCellFormat:
    cell = QTextTableCellFormat()
    high, wide = theme.px(padding[0]), theme.px(padding[1])
    cell.setTopPadding(high)
    cell.setBottomPadding(high)
    cell.setLeftPadding(wide)
    cell.setRightPadding(wide)
    if ground:
        cell.setBackground(QColor(ground))
    if border:
        cell.setBorder(1)
        cell.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        cell.setBorderBrush(QBrush(QColor(border)))
    return cell


def _line(cell: QTextTableCellFormat, colour: str, *, above: bool) -> None:
    """A line under the cell, and one above it in the header."""
    solid, brush = QTextFrameFormat.BorderStyle.BorderStyle_Solid, QBrush(QColor(colour))
    cell.setBottomBorder(1)
    cell.setBottomBorderStyle(solid)
    cell.setBottomBorderBrush(brush)
    if above:
        cell.setTopBorder(1)
        cell.setTopBorderStyle(solid)
        cell.setTopBorderBrush(brush)
