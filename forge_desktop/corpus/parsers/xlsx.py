"""XLSX: every sheet, row by row, as its cells are shown; read in a stream, so that a million rows fit into memory."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.drawings import add_part, drawn_text
from forge_desktop.corpus.parsers.number_formats import Show, built_in, general, shower
from forge_desktop.corpus.parsers.office import OfficeFile, Relation, descendants, inner, local, one_line, value
from forge_desktop.corpus.parsers.sheet import Row, Sheet

_HEADER_NAMES = ("_xlnm._FilterDatabase", "_xlnm.Print_Titles")
_FIRST_ROW = re.compile(r"\$?[A-Z]*\$?(\d+)(?::|$)")
_WORDS = ("s", "inlineStr", "str")  # kinds of cells that hold text
_ROW_OF = re.compile(r"\d+")


def parse(data: bytes) -> Parsed:
    """The sheets' text with row numbers. Raises Unreadable for a password, a damaged or an oversized file."""
    package = OfficeFile(data, "Excel")
    main = package.main_part("xl/workbook.xml")
    return _Reader(package, main).parsed()


class _Reader:
    """Reads one workbook."""

    def __init__(self, package: OfficeFile, main: str) -> None:
        self._package = package
        self._relations = package.relations(main)
        self._workbook = package.xml(main)
        self._lines = Composer()
        self._shared: dict[str, str] = {}  # by the number that cells have for it
        self._shows: dict[str | None, Show] = {}  # by a cell's style
        self._columns: dict[str, int] = {}

    def parsed(self) -> Parsed:
        """The text of all sheets in their order."""
        by_kind = {relation.kind: relation.target for relation in self._relations.values()}
        if (part := by_kind.get("sharedStrings", "")) and self._package.has(part):
            items = enumerate(self._package.elements(part, "{*}si"))
            self._shared = {str(number): _string(item) for number, item in items}
        if (part := by_kind.get("styles", "")) and self._package.has(part):
            self._shows = self._read_styles(self._package.xml(part))
        headers = self._named_headers()
        sheets = inner(self._workbook, "sheets")
        for number, sheet in enumerate(sheets if sheets is not None else ()):
            relation = self._relations.get(value(sheet, "id") or "")
            if relation is not None and self._package.has(relation.target):
                self._add_sheet(sheet, relation.target, headers[number])
        return self._lines.parsed()

    def _add_sheet(self, sheet: Any, part: str, headers: set[int]) -> None:
        relations = self._package.relations(part)
        comments = sorted(self._comments(relations).items(), reverse=True)
        headers = headers | self._table_headers(relations)
        hidden = (sheet.get("state") or "visible") != "visible"
        written = Sheet(self._lines, one_line(sheet.get("name") or ""), hidden=hidden, headers=headers)
        last = 0
        for element in self._package.elements(part, "{*}row", "{*}pane"):
            if local(element) == "pane":
                if (rows := element.get("ySplit") or "").isdecimal() and element.get("state") != "split":
                    written.announce(int(rows))
                continue
            last = _whole(element.get("r"), last + 1)
            row = self._row(element, last)
            while comments and comments[-1][0] < last:
                written.add(*_empty(*comments.pop()))
            remark = comments.pop()[1] if comments and comments[-1][0] == last else ""
            if row.texts or remark:
                written.add(row, remark)
        while comments:
            written.add(*_empty(*comments.pop()))
        written.end()
        self._add_drawings(relations)

    def _row(self, element: Any, number: int) -> Row:
        """The row's cells that show something. This is the loop that takes the time in large files."""
        row = Row(number, [], [], [], [])
        columns, texts, words, styles = row.columns.append, row.texts.append, row.words.append, row.styles.append
        stored_tag = element.tag[:-3] + "v"
        known = self._columns
        next_column = 0
        for cell in element:
            column = next_column
            if (place := cell.get("r")) is not None:
                letters = place.rstrip("0123456789")
                if letters not in known:
                    known[letters] = _column(letters)
                column = known[letters]
            next_column = column + 1
            if len(cell):
                kind, style, last = cell.get("t"), cell.get("s"), cell[-1]
                if text := self._text(cell, kind, style, last.text if last.tag == stored_tag else None):
                    columns(column)
                    texts(text)
                    words(kind in _WORDS)
                    styles(style)
        return row

    def _text(self, cell: Any, kind: str | None, style: str | None, stored: str | None) -> str:
        """What a cell shows. `stored` is its value where that is its last part, as it is in almost all of them."""
        if kind == "inlineStr":
            return _string(cell[-1])
        if stored is None and (part := inner(cell, "v")) is not None:
            stored = part.text
        if not stored:
            return ""
        if kind == "s":
            return self._shared.get(stored, "")
        if kind is None or kind == "n":
            return self._shows.get(style, general)(stored)
        if kind == "b":
            return "TRUE" if stored == "1" else "FALSE"
        return one_line(stored)

    def _read_styles(self, root: Any) -> dict[str | None, Show]:
        """What shows the numbers of each cell style."""
        codes = {
            _whole(style.get("numFmtId"), -1): style.get("formatCode") or "" for style in descendants(root, "numFmt")
        }
        properties = inner(self._workbook, "workbookPr")
        from_1904 = properties is not None and properties.get("date1904") in ("1", "true")
        made: dict[str, Show] = {"": general, "General": general, "@": general}
        shows: list[Show] = []
        formats = inner(root, "cellXfs")
        for style in formats if formats is not None else ():
            number = _whole(style.get("numFmtId"), 0)
            code = codes.get(number) or built_in(number)
            if code not in made:
                made[code] = shower(code, from_1904=from_1904)
            shows.append(made[code])
        return {**{str(number): show for number, show in enumerate(shows)}, None: shows[0] if shows else general}

    def _named_headers(self) -> defaultdict[int, set[int]]:
        """By a sheet's number: the rows above a filter's data, and those repeated on each printed page."""
        found: defaultdict[int, set[int]] = defaultdict(set)
        for name in descendants(self._workbook, "definedName"):
            sheet = name.get("localSheetId") or ""
            row = _FIRST_ROW.match((name.text or "").rpartition("!")[2])
            if name.get("name") in _HEADER_NAMES and sheet.isdecimal() and row:
                found[int(sheet)].add(int(row[1]))
        return found

    def _table_headers(self, relations: dict[str, Relation]) -> set[int]:
        found = set()
        for relation in relations.values():
            if relation.kind == "table" and self._package.has(relation.target):
                table = self._package.xml(relation.target)
                row = _FIRST_ROW.match(table.get("ref") or "")
                if row and table.get("headerRowCount") != "0":
                    found.add(int(row[1]))
        return found

    def _comments(self, relations: dict[str, Relation]) -> dict[int, str]:
        """By row: what was remarked on its cells. Of a thread, an older copy of which lies beside it, the thread."""
        found: dict[int, str] = {}
        threads: set[str] = set()
        readings: tuple[tuple[str, Callable[[Any], str]], ...] = (("threadedComment", _thread), ("comments", _string))
        for kind, words in readings:
            seen = set()
            for relation in relations.values():
                if relation.kind != kind or not self._package.has(relation.target):
                    continue
                for comment in self._package.xml(relation.target).iter("{*}threadedComment", "{*}comment"):
                    place = comment.get("ref") or ""
                    row = _ROW_OF.search(place)
                    text = words(comment)
                    if row and text and place not in threads:
                        seen.add(place)
                        remark = f"Comment on {place}: {text}"
                        found[int(row[0])] = " | ".join(filter(None, [found.get(int(row[0]), ""), remark]))
            threads |= seen
        return found

    def _add_drawings(self, relations: dict[str, Relation]) -> None:
        """Text boxes and charts, after the rows."""
        for relation in relations.values():
            if relation.kind == "drawing" and self._package.has(relation.target):
                root = self._package.xml(relation.target)
                for shape in descendants(root, "sp"):
                    self._lines.add(drawn_text(shape))
                for part in self._package.relations(relation.target).values():
                    add_part(self._package, part, self._lines)


def _string(item: Any) -> str:
    """A shared string, an inline one or a comment: its runs, without the reading aids of East Asian scripts."""
    if len(item) == 1 and local(item[0]) == "t":  # almost all of them, and there may be a million
        return one_line(item[0].text or "")
    parts = [text.text or "" for text in descendants(item, "t") if local(text.getparent()) != "rPh"]
    return one_line("".join(parts))


def _empty(number: int, remark: str) -> tuple[Row, str]:
    """A row that holds nothing but remarks."""
    return Row(number, [], [], [], []), remark


def _thread(comment: Any) -> str:
    return one_line(" ".join(text.text or "" for text in descendants(comment, "text")))


def _column(letters: str) -> int:
    number = 0
    for letter in letters[:3]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else otherwise
