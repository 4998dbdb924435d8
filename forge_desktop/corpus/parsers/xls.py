"""XLS and XLSB: the older and the binary workbooks of Excel, through calamine; every sheet row by row."""

from __future__ import annotations

import datetime
import io
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.html import parse as parse_html
from forge_desktop.corpus.parsers.office import OLE, OfficeFile, one_line
from forge_desktop.corpus.parsers.sheet import Row, Sheet
from forge_desktop.corpus.parsers.xlsx import parse as parse_xlsx


def parse(data: bytes) -> Parsed:
    """The sheets' text with row numbers. Raises Unreadable for a password or a damaged file.

    Under this name there may also be a newer workbook, or a web page that a program calls a spreadsheet.
    """
    if data.startswith(b"PK"):
        package = OfficeFile(data, "Excel")
        if not package.has("xl/workbook.bin"):
            return parse_xlsx(data)
        package.check()
    elif not data.startswith(OLE):
        if data.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<"):
            return parse_html(data)
        raise Unreadable("The Excel file is damaged: it cannot be opened.")
    return _workbook(data)


def _workbook(data: bytes) -> Parsed:
    import python_calamine

    lines = Composer()
    try:
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            for number, described in enumerate(workbook.sheets_metadata):
                hidden = described.visible != python_calamine.SheetVisibleEnum.Visible
                sheet = Sheet(lines, one_line(described.name), hidden=hidden)
                _add_rows(workbook.get_sheet_by_index(number), sheet)
    except python_calamine.PasswordError as error:
        raise Unreadable("The Excel file is protected by a password.") from error
    except python_calamine.CalamineError as error:
        raise Unreadable("The Excel file is damaged: it cannot be read to its end.") from error
    return lines.parsed()


def _add_rows(cells: Any, sheet: Sheet) -> None:
    """Rows come from the sheet's first one on, their values from the first column in use on."""
    first = cells.start[1] if cells.start is not None else 0
    for number, values in enumerate(cells.iter_rows(), 1):
        shown = [(column, _shown(value), isinstance(value, str)) for column, value in enumerate(values, first)]
        kept = [(column, text, is_text) for column, text, is_text in shown if text]
        if kept:
            columns, texts, words = zip(*kept, strict=True)
            sheet.add(Row(number, columns, texts, words, (None,) * len(columns)))
    sheet.end()


def _shown(value: object) -> str:
    """A value as text: whole numbers without a decimal point, dates in ISO form."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M}" if value.hour or value.minute else f"{value:%Y-%m-%d}"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return one_line(str(value))
