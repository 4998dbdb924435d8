"""ODS: every sheet, row by row, as its cells are shown; read in a stream, so that a million rows fit into memory."""

from __future__ import annotations

from typing import Any

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.odf import CONTENT, MOST_COPIES, Aside, copies, opened, text_of
from forge_desktop.corpus.parsers.office import inner, local, one_line, value
from forge_desktop.corpus.parsers.sheet import Row, Sheet


def parse(data: bytes) -> Parsed:
    """The sheets' text with row numbers. Raises Unreadable for a password, a damaged or an oversized file."""
    package = opened(data, "OpenDocument spreadsheet")
    lines = Composer()
    hidden: set[str | None] = set()
    table, sheet, number = None, None, 1
    for element in package.elements(CONTENT, "{*}style", "{*}table-row"):
        if local(element) == "style":
            properties = inner(element, "table-properties")
            if properties is not None and value(properties, "display") == "false":
                hidden.add(value(element, "name"))
            continue
        around = [ancestor for ancestor in element.iterancestors() if local(ancestor) in ("table", "table-header-rows")]
        if not around or local(around[-1]) != "table" or sum(local(ancestor) == "table" for ancestor in around) > 1:
            continue  # a table inside a cell or a shape
        if sheet is None or around[-1] is not table:
            if sheet is not None:
                sheet.end()
            table, number = around[-1], 1
            name, style = one_line(value(table, "name") or ""), value(table, "style-name")
            sheet = Sheet(lines, name, hidden=style in hidden)
        if len(around) > 1:
            sheet.announce(number)
        row, comment = _row(element, number)
        repeated = _repeated(element)
        if row.texts and repeated > MOST_COPIES:
            comment = " | ".join(filter(None, [comment, f"the same down to row {number + repeated - 1}"]))
        for copy in range(copies(element, "rows") if row.texts else 0):
            sheet.add(row._replace(number=number + copy), comment)
        number += repeated
    if sheet is not None:
        sheet.end()
    return lines.parsed()


def _row(element: Any, number: int) -> tuple[Row, str]:
    """The cells that show something, and the comments on them."""
    row = Row(number, [], [], [], [])
    notes: list[str] = []
    column = 0
    for cell in element:
        if len(cell) or value(cell, "value") is not None:
            aside = Aside()
            text = one_line(text_of(cell, aside)) or value(cell, "value") or ""
            notes += aside.notes
            if text and _repeated(cell) > MOST_COPIES:
                notes.append(f"{text[:80]} in {_repeated(cell):,} columns")
            for copy in range(copies(cell, "columns") if text else 0):
                row.columns.append(column + copy)
                row.texts.append(text)
                row.words.append(value(cell, "value-type") in (None, "string"))
                row.styles.append(value(cell, "style-name"))
        column += _repeated(cell)
    return row, " | ".join(notes)


def _repeated(element: Any) -> int:
    """How many rows or columns the element takes up."""
    count = value(element, "number-rows-repeated") or value(element, "number-columns-repeated") or "1"
    return int(count) if count.isdecimal() and len(count) < 10 else 1
