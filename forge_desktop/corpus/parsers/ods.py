"""ODS: every sheet, row by row, as its cells are shown; read in a stream, so that a million rows fit into memory."""

from __future__ import annotations

from typing import Any

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.odf import CONTENT, MOST_COPIES, Aside, opened, text_of
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
        repeated = _count(value(element, "number-rows-repeated"))
        if row.texts and repeated > MOST_COPIES:
            comment = " | ".join(filter(None, [comment, f"the same down to row {number + repeated - 1}"]))
        for copy in range((repeated if repeated <= MOST_COPIES else 1) if row.texts or comment else 0):
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
        attributes = {name.rpartition("}")[2]: text for name, text in cell.attrib.items()}
        repeated = _count(attributes.get("number-columns-repeated"))
        text = _text(cell, notes) or attributes.get("value", "")
        if text and repeated > MOST_COPIES:
            notes.append(f"{text[:80]} in {repeated:,} columns")
        for copy in range((repeated if repeated <= MOST_COPIES else 1) if text else 0):
            row.columns.append(column + copy)
            row.texts.append(text)
            row.words.append(attributes.get("value-type", "string") == "string")
            row.styles.append(attributes.get("style-name"))
        column += repeated
    return row, " | ".join(notes)


def _text(cell: Any, notes: list[str]) -> str:
    """What a cell shows; the comments on it go to `notes`."""
    if not len(cell):
        return ""
    if len(cell) == 1 and not len(cell[0]) and local(cell[0]) == "p":  # almost all of them
        return one_line(cell[0].text or "")
    aside = Aside()
    text = one_line(text_of(cell, aside))
    notes += aside.notes
    return text


def _count(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else 1
