"""CSV and its relatives: each record one line, kept whole and counted; the header row stands above every passage."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.decoding import decode

_DELIMITERS = ",;\t|"
_SAMPLE = 20_000  # characters looked at for the delimiter
_HEADER_WITHIN = 10  # records, because some programs write a title above the table
_LONGEST_FIELD = 200  # lines; a longer one was opened by a quotation mark that nobody closed
_SEPARATOR_LINE = re.compile(r"sep=([^\r\n])\r?\n", re.IGNORECASE)
_NUMBER = re.compile(r"[-+(]?[\s$€£¥%]*[\d.,:/\s-]*\d[\d.,:/\s-]*[%)€$£¥]*")


def parse(data: bytes) -> Parsed:
    """The records as lines `a | b | c`; row numbers count the file's records from 1, blank lines included."""
    text = decode(data)
    declared = _SEPARATOR_LINE.match(text)  # Excel's own way to name the delimiter
    delimiter = declared[1] if declared else _delimiter(text[:_SAMPLE])
    skipped = int(declared is not None)
    try:
        records = list(_records(text, delimiter, csv.QUOTE_MINIMAL))
        if any(lines > _LONGEST_FIELD for _, lines in records):
            records = list(_records(text, delimiter, csv.QUOTE_NONE))
    except csv.Error as error:
        raise Unreadable(f"The table cannot be read: {error}.") from error
    table = Composer()
    header = _header([cells for cells, _ in records[skipped : skipped + _HEADER_WITHIN]], records)
    for number, (cells, _) in enumerate(records[skipped:], skipped + 1):
        if any(cells):
            line = " | ".join(cells)
            start = table.add(line, close=True, whole=True, row=number)
            if number - skipped - 1 == header:
                table.name(start, 1, line)
    return table.parsed()


def _records(text: str, delimiter: str, quoting: int) -> Iterator[tuple[list[str], int]]:
    """Each record's cells with their white space collapsed, and the number of lines it takes."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    source = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    before = 0
    for record in source:
        yield [" ".join(cell.split()) for cell in record], source.line_num - before
        before = source.line_num


def _delimiter(sample: str) -> str:
    """The character that cuts most records into the same number of cells, more than one."""
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            widths = [len(cells) for cells, _ in _records(sample, delimiter, csv.QUOTE_MINIMAL)]
        except csv.Error:
            continue
        for width, records in Counter(width for width in widths if width > 1).most_common(1):
            if (score := (records / len(widths), width)) > best_score:
                best, best_score = delimiter, score
    return best


def _header(first: Sequence[list[str]], records: Sequence[tuple[list[str], int]]) -> int | None:
    """The number among the `first` records of the one that names the columns: full width, no numbers, none twice."""
    width = Counter(len(cells) for cells, _ in records if any(cells)).most_common(1)
    for number, cells in enumerate(first):
        if width and len(cells) == width[0][0] and any(cells):
            named = [cell for cell in cells if cell]
            unlike_data = len(set(named)) == len(named) and not any(_NUMBER.fullmatch(cell) for cell in named)
            return number if unlike_data and len(named) * 2 > len(cells) and len(records) > number + 1 else None
    return None
