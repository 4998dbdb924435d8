"""A sheet of a spreadsheet as text: a row is a line, each value after its column's name where the sheet is a table."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.office import one_line

_NAME = 80  # characters of a column's name, at most


class Row(NamedTuple):
    """The cells of a row that hold something: their columns from 0, what they show, which are text, their styles."""

    number: int
    columns: list[int]
    texts: list[str]
    words: list[bool]
    styles: list[object]


class Sheet:
    """Writes a sheet's rows below its name. A row is held back until the next one shows whether it names the columns.

    Such a row holds two texts or more, all different. It is taken for one when the file says so (`headers`: row
    numbers), or when it stands first, or after a gap, and the next row holds a number or looks different throughout.
    """

    def __init__(self, lines: Composer, name: str, *, hidden: bool = False, headers: Collection[int] = ()) -> None:
        self._lines = lines
        self._headers = set(headers)
        self._labels: dict[int, str] = {}
        self._numbers: set[int] = set()  # columns that hold a number directly below their name
        self._held: Row | None = None
        self._last = 0
        lines.add(f"{name} (hidden sheet)" if hidden else name, level=1, row=1)

    def announce(self, number: int) -> None:
        """Row `number` names the columns: something ahead of it said so."""
        self._headers.add(number)

    def add(self, row: Row, comment: str = "") -> None:
        """The next row that holds something, and what was remarked on it."""
        if self._held is not None:
            self._settle(self._held, row)
        elif row.number > self._last + 1 and any(
            word and column in self._numbers for column, word in zip(row.columns, row.words, strict=True)
        ):
            self._labels = {}  # another table begins
        fresh = self._held is None and (row.number > self._last + 1 or not self._last)
        self._held = None
        if row.number in self._headers or (fresh and not comment and _may_name(row)):
            self._held = row
        else:
            self._write(row, comment)

    def end(self) -> None:
        """There are no more rows."""
        if self._held is not None:
            self._write(self._held)

    def _settle(self, held: Row, following: Row) -> None:
        """Write the row that was held back; its texts become the columns' names when it is the head of a table."""
        stated = held.number in self._headers
        if stated or _names(held, following):
            self._labels = {}
        self._write(held)
        if stated or _names(held, following):
            self._labels = {
                column: f"{one_line(text)[:_NAME].rstrip(' :')}: "
                for column, text in zip(held.columns, held.texts, strict=True)
            }
            self._numbers = {
                column for column, word in zip(following.columns, following.words, strict=True) if not word
            }

    def _write(self, row: Row, comment: str = "") -> None:
        labels = self._labels
        cells = [labels.get(column, "") + text for column, text in zip(row.columns, row.texts, strict=True)]
        line = " | ".join([*cells, comment] if comment else cells)
        self._lines.add(line, close=row.number == self._last + 1, whole=True, row=row.number)
        self._last = row.number


def _may_name(row: Row) -> bool:
    names = {text.casefold() for text in row.texts}
    return len(row.texts) > 1 and len(names) == len(row.texts) and all(row.words) and max(map(len, names)) <= _NAME


def _names(held: Row, following: Row) -> bool:
    """Whether `held` names the columns of `following`, the next row that holds something."""
    shared = set(held.columns) & set(following.columns)
    if following.number != held.number + 1 or not shared or 2 * len(shared) < len(following.columns):
        return False
    above = dict(zip(held.columns, held.styles, strict=True))
    below = dict(zip(following.columns, following.styles, strict=True))
    return not all(following.words) or all(above[column] != below[column] for column in shared)
