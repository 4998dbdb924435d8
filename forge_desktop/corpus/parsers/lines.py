"""Texts that are stored as they are: their lines with offsets, and the list items and table rows among them."""

from __future__ import annotations

import re
from collections.abc import Iterator

Heading = tuple[int, int, str]
Spans = list[tuple[int, int]]

_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")


def lines_of(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """Each line's offset and text without its line end, from the line that begins at `start`."""
    for line in _LINE.finditer(text, start):
        yield line.start(), line[1]


class Items:
    """Collects list items (a marked line and the lines below it, to the next mark or blank line) and table rows."""

    def __init__(self, item: re.Pattern[str], row: re.Pattern[str]) -> None:
        self._item, self._row = item, row
        self._start = -1  # of the open item
        self._end = 0
        self.spans: Spans = []

    def line(self, offset: int, bare: str) -> None:
        """Take the next line that is neither heading nor code."""
        if self._row.match(bare):
            self.close()
            self.spans.append((offset, offset + len(bare)))
        elif self._item.match(bare):
            self.close()
            self._start, self._end = offset, offset + len(bare)
        elif not bare.strip():
            self.close()
        elif self._start >= 0:
            self._end = offset + len(bare)

    def close(self) -> None:
        """End the open item, if there is one."""
        if self._start >= 0:
            self.spans.append((self._start, self._end))
        self._start = -1
