"""Builds the text of a document that is not stored as it is: blocks one below the other, with their structure."""

from __future__ import annotations

from collections.abc import Iterable

from forge_desktop.corpus.parsers import Parsed


class Composer:
    """Joins blocks into a text; remembers where headings, whole spans and rows lie in it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._headings: list[tuple[int, int, str]] = []
        self._whole: list[tuple[int, int]] = []
        self._rows: list[tuple[int, int]] = []
        self.length = 0  # of the text so far, which is where the next block's gap begins

    def add(self, text: str, *, close: bool = False, whole: bool = False, row: int = 0) -> int:
        """A block after a blank line, or directly below the last one (`close`); its offset. Blank text adds nothing.

        `row` is the number that stands for its lines.
        """
        if not text.strip():
            return self.length
        if self.length:
            gap = "\n" if close else "\n\n"
            self._parts.append(gap)
            self.length += len(gap)
        start = self.length
        self._parts.append(text)
        self.length += len(text)
        if whole:
            self._whole.append((start, self.length))
        if row:
            self._rows.append((start, row))
        return start

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
            "".join(self._parts), headings=tuple(self._headings), whole=tuple(self._whole), rows=tuple(self._rows)
        )
