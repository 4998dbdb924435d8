"""XLS: the workbooks of Excel 97 to 2003 and older, through xlrd; every sheet row by row, as its cells are shown."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.html import parse as parse_html
from forge_desktop.corpus.parsers.number_formats import Show, shower
from forge_desktop.corpus.parsers.office import OLE, OfficeFile, one_line
from forge_desktop.corpus.parsers.sheet import Row, Sheet
from forge_desktop.corpus.parsers.xlsx import parse as parse_xlsx

_FLAWS = (
    AssertionError,
    LookupError,
    ValueError,
    TypeError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    struct.error,
)


def parse(data: bytes) -> Parsed:
    """The sheets' text with row numbers. Raises Unreadable for a password or a damaged file.

    Under this name there may also be a newer workbook, or a web page that a program calls a spreadsheet.
    """
    if data.startswith(b"PK"):
        if OfficeFile(data, "Excel").has("xl/workbook.bin"):
            raise Unreadable("It is a binary workbook (.xlsb), which is not read: save it as .xlsx and add that file.")
        return parse_xlsx(data)
    if not data.startswith((OLE, b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")):
        if data.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<"):
            return parse_html(data)
        raise Unreadable("The Excel file is damaged: it cannot be opened.")
    return _workbook(data)


def _workbook(data: bytes) -> Parsed:
    import io

    import xlrd

    lines = Composer()
    with _sound():
        book = xlrd.open_workbook(
            file_contents=data, formatting_info=True, on_demand=True, ragged_rows=True, logfile=io.StringIO()
        )
    shows = _shows(book)
    for number in range(book.nsheets):
        with _sound():
            sheet = book.sheet_by_index(number)
        _add_sheet(sheet, shows, lines)
        book.unload_sheet(number)
    return lines.parsed()


@contextlib.contextmanager
def _sound() -> Iterator[None]:
    """While xlrd reads. It checks little of what it reads, so a damaged file may end in any of many errors."""
    import xlrd
    import xlrd.compdoc

    try:
        yield
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError, *_FLAWS) as error:
        if "encrypted" in str(error):
            raise Unreadable("The Excel file is protected by a password.") from error
        raise Unreadable("The Excel file is damaged: it cannot be read to its end.") from error


def _shows(book: Any) -> list[Show]:
    """What shows the numbers of each cell style."""
    made: dict[int, Show] = {}
    for key, described in book.format_map.items():
        made[key] = shower(described.format_str or "", from_1904=book.datemode == 1)
    return [made.get(style.format_key) or shower("General") for style in book.xf_list]


def _add_sheet(cells: Any, shows: list[Show], lines: Composer) -> None:
    import xlrd

    sheet = Sheet(lines, one_line(cells.name), hidden=cells.visibility != 0)
    notes: dict[int, list[str]] = {}
    for (row, column), note in sorted(cells.cell_note_map.items()):
        if text := one_line(note.text):
            notes.setdefault(row, []).append(f"Comment on {xlrd.colname(column)}{row + 1}: {text}")
    for number in range(cells.nrows):
        row = Row(number + 1, [], [], [], [])
        for column, cell in enumerate(cells.row(number)):
            if text := _text(cell, shows):
                row.columns.append(column)
                row.texts.append(text)
                row.words.append(cell.ctype == xlrd.XL_CELL_TEXT)
                row.styles.append(cell.xf_index)
        remark = " | ".join(notes.get(number, ()))
        if row.texts or remark:
            sheet.add(row, remark)
    sheet.end()


def _text(cell: Any, shows: list[Show]) -> str:
    import xlrd

    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        stored = f"{cell.value:.15g}"
        return shows[cell.xf_index](stored) if 0 <= (cell.xf_index or 0) < len(shows) else stored
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    return one_line(str(cell.value))
