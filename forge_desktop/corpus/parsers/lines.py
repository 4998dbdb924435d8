"""Builds a document's text line by line, and remembers where headings, pages, rows and whole spans begin."""

from __future__ import annotations

from forge_desktop.corpus.parsers import Parsed, Unreadable

_MOST = 200_000_000  # characters: a small file may repeat one text in a million places


class Lines:
    """Paragraphs, list items and table rows in reading order; `parsed` joins them."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._bare = True  # nothing yet, or a page has just begun: no gap before the next line
        self._headings: list[tuple[int, int, str]] = []
        self._pages: list[int] = []
        self._title = ""  # heads the next line
        self._whole: list[tuple[int, int]] = []
        self._rows: list[tuple[int, int]] = []

    def page(self) -> None:
        """A page or slide begins, whether or not text follows."""
        if self._length or self._pages:
            self._append("\n\n")
        self._pages.append(self._length)
        self._bare = True
        self._title = ""

    def head(self, title: str) -> None:
        """What follows belongs together under this title, which is not part of the text."""
        self._title = title

    def add(self, text: str, *, level: int = 0, close: bool = False, whole: bool = False, row: int = 0) -> None:
        """A line after a blank one, or directly below the last (`close`); nothing when it is blank.

        `level` makes it a heading; `whole` keeps it together; `row` numbers it.
        """
        if not text.strip():
            return
        if not self._bare:
            self._append("\n" if close else "\n\n")
        self._bare = False
        self._settle_title()
        if level:
            self._headings.append((self._length, level, " ".join(text.split())))
        if row:
            self._rows.append((self._length, row))
        if whole:
            self._whole.append((self._length, self._length + len(text)))
        self._append(text)

    def extend(self, other: Parsed, *, below: int = 0) -> None:
        """A whole text after a blank line, its headings `below` levels lower than they were."""
        if not other.text.strip():
            return
        if not self._bare:
            self._append("\n\n")
        self._bare = False
        self._settle_title()
        start = self._length
        self._headings.extend((start + offset, level + below, title) for offset, level, title in other.headings)
        self._whole.extend((start + low, start + high) for low, high in other.whole)
        self._append(other.text)

    def parsed(self) -> Parsed:
        """Everything that was added."""
        return Parsed(
            "".join(self._parts),
            pages=tuple(self._pages),
            headings=tuple(self._headings),
            whole=tuple(self._whole),
            rows=tuple(self._rows),
        )

    def _settle_title(self) -> None:
        if self._title:
            self._headings.append((self._length, 1, self._title))
        self._title = ""

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)
        if self._length > _MOST:
            raise Unreadable(f"It holds more than {_MOST // 10**6} million characters of text, so it is not read.")
