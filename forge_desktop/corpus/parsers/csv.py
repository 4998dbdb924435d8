"""CSV and its relatives: each record one line, kept whole and counted; the header row stands above every passage."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.decoding import decode

_DELIMITERS = "\t;|,"  # of those that fit equally the first: a comma is in many a number and sentence
_SAMPLE = 20_000  # characters looked at for the delimiter
_FIRST = 1000  # records looked at for the width of the table
_HEADER_WITHIN = 10  # records, because some programs write a title above the table
_LONGEST_FIELD = 200  # lines; a longer one was opened by a quotation mark that nobody closed
_SEPARATOR_LINE = re.compile(r"sep=([^\r\n])\r?\n", re.IGNORECASE)
_NUMBER = re.compile(r"(?=\D*\d)[-+()\s$€£¥%\d.,:/]+")


def parse(data: bytes) -> Parsed:
    """The records as lines `a | b | c`; row numbers count the file's records from 1, blank lines included."""
    text = decode(data)
    declared = _SEPARATOR_LINE.match(text)  # Excel's own way to name the delimiter
    delimiter = declared[1] if declared else _delimiter(text[:_SAMPLE])
    try:
        quoting = csv.QUOTE_MINIMAL if _is_well_quoted(text, delimiter) else csv.QUOTE_NONE
        skipped = int(declared is not None)
        header = skipped + _header(list(itertools.islice(_records(text, delimiter, quoting), skipped, _FIRST)))
        return _table(_records(text, delimiter, quoting), header, skipped=skipped)
    except csv.Error as error:
        raise Unreadable(f"The table cannot be read: {error}.") from error


def _table(records: Iterable[list[str]], header: int, *, skipped: int) -> Parsed:
    """A line for each record but the first `skipped` ones; the header's is also the heading of those below it."""
    table = Composer()
    for number, cells in enumerate(records, 1):
        if number > skipped and any(cells):
            line = " | ".join(cells)
            start = table.add(line, close=True, whole=True, row=number)
            if number == header:
                table.name(start, 1, line)
    return table.parsed()


def _records(text: str, delimiter: str, quoting: int) -> Iterator[list[str]]:
    """Each record's cells, their white space collapsed."""
    for record in _reader(text, delimiter, quoting):
        yield [" ".join(cell.split()) for cell in record]


def _reader(text: str, delimiter: str, quoting: int) -> Any:
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]


def _is_well_quoted(text: str, delimiter: str) -> bool:
    """Whether no quotation mark swallows the lines below it."""
    reader, before = _reader(text, delimiter, csv.QUOTE_MINIMAL), 0
    for _ in reader:
        if reader.line_num - before > _LONGEST_FIELD:
            return False
        before = reader.line_num
    return True


def _delimiter(sample: str) -> str:
    """The character that cuts most records into the same number of cells, more than one."""
    best, best_share = ",", 0.0
    for delimiter in _DELIMITERS:
        try:
            widths = [len(cells) for cells in _records(sample, delimiter, csv.QUOTE_MINIMAL)]
        except csv.Error:
            continue
        for _, records in Counter(width for width in widths if width > 1).most_common(1):
            if (share := records / len(widths)) > best_share:
                best, best_share = delimiter, share
    return best


def _header(first: Sequence[list[str]]) -> int:
    """The number from 1 of the record that names the columns (full width, no numbers, none twice), or 0."""
    widths = Counter(len(cells) for cells in first if any(cells)).most_common(1)
    for number, cells in enumerate(first[:_HEADER_WITHIN], 1):
        if any(cells) and len(cells) == widths[0][0]:
            named = [cell for cell in cells if cell]
            unlike_data = len(set(named)) == len(named) and not any(_NUMBER.fullmatch(cell) for cell in named)
            return number if unlike_data and len(named) * 2 > len(cells) and number < len(first) else 0
    return 0
