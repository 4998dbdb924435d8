"""Builds the text of a document that is not stored as it is: blocks one below the other, with their structure."""

from __future__ import annotations

from collections.abc import Iterable

from forge_desktop.corpus.parsers import Parsed, Unreadable

_MOST = 200_000_000  # characters: a small file may repeat one text in a million places


class Composer:
    """Joins blocks into a text; remembers where headings, whole spans and rows lie in it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._headings: list[tuple[int, int, str]] = []
        self._whole: list[tuple[int, int]] = []
        self._rows: list[tuple[int, int]] = []
        self._pages: list[int] = []
        self._title = ""  # heads the next block
        self._bare = True  # nothing yet, or a page has just begun: no gap before the next block
        self.length = 0  # of the text so far, which is where the next block's gap begins

    def add(self, text: str, *, close: bool = False, whole: bool = False, row: int = 0, level: int = 0) -> int:
        """A block after a blank line, or directly below the last one (`close`); its offset. Blank text adds nothing.

        `row` is the number that stands for its lines; `level` makes it a heading.
        """
        if not text.strip():
            return self.length
        if not self._bare:
            self._append("\n" if close else "\n\n")
        start, self._bare = self.length, False
        self._append(text)
        self.name(start, 1, self._title)
        self._title = ""
        if level:
            self.name(start, level, text)
        if whole:
            self._whole.append((start, self.length))
        if row:
            self._rows.append((start, row))
        return start

    def page(self) -> None:
        """A page begins, whether or not text follows."""
        if self.length or self._pages:
            self._append("\n\n")
        self._pages.append(self.length)
        self._bare, self._title = True, ""

    def head(self, title: str) -> None:
        """The next block begins a section of this title, which is not part of the text."""
        self._title = title

    def heading(self, text: str, level: int, *, title: str = "") -> None:
        """A block that is a heading; `title` names it where the text is not its name."""
        start = self.add(text)
        self.name(start, level, title or text)

    def name(self, start: int, level: int, title: str) -> None:
        """Let a heading begin at `start`, at or after the last one."""
        if title := " ".join(title.split()):
            self._headings.append((start, level, title))

    def keep(self, start: int) -> None:
        """What was added since `start` is to be kept whole."""
        if start < self.length:
            self._whole.append((start, self.length))

    def include(self, text: str, headings: Iterable[tuple[int, int, str]], whole: Iterable[tuple[int, int]]) -> None:
        """A block with structure of its own, its offsets counted in `text`."""
        start = self.add(text)
        self._headings.extend((start + offset, level, title) for offset, level, title in headings)
        self._whole.extend((start + low, start + high) for low, high in whole)

    def parsed(self) -> Parsed:
        """The document."""
        return Parsed(
            "".join(self._parts),
            pages=tuple(self._pages),
            headings=tuple(self._headings),
            whole=tuple(self._whole),
            rows=tuple(self._rows),
        )

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self.length += len(text)
        if self.length > _MOST:
            raise Unreadable(f"It holds more than {_MOST // 10**6} million characters of text, so it is not read.")
