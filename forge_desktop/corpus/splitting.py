"""Cuts a text into passages: at headings and pages, then paragraph > sentence > word, with exact offsets."""

from __future__ import annotations

import bisect
import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_PARAGRAPHS = ("\n\n", "\r\n\r\n", "\n \n")
_SENTENCES = (". ", "! ", "? ", ".\n", "!\n", "?\n", ".\r", "!\r", "?\r", "。", "！", "？", "؟ ", "۔ ", "। ")
_LINES = ("\n", "\r")
_WORDS = (" ", "\t", "\u00a0", "\u3000", "、", "，")
_RANKS = (_PARAGRAPHS, _SENTENCES, _LINES, _WORDS)


@dataclass(frozen=True)
class Span:
    """One passage's place: code points `start:end`, page and lines (or rows) from 1, the headings above it."""

    start: int
    end: int
    page: int | None
    heading: tuple[str, ...]
    first_line: int
    last_line: int


def split(
    text: str,
    *,
    limit: int,
    overlap: int = 0,
    pages: Sequence[int] = (),
    headings: Sequence[tuple[int, int, str]] = (),
    whole: Sequence[tuple[int, int]] = (),
    rows: Sequence[tuple[int, int]] = (),
) -> Iterator[Span]:
    """Passages of at most `limit` characters in order; together they hold every character that is not white space.

    Neighbours within a section share up to `overlap` characters, whole sentences or words of them. None crosses a page
    or begins before a heading and ends after it, unless that heading stands directly below another. A span in `whole`
    that fits into a passage is never cut (unless a page or heading begins inside it). With `rows` (offset, row number)
    the lines of a passage are row numbers.
    """
    lines = _RowFinder(rows) if rows else _LineCounter(text)
    kept = _Whole(text, whole, limit)
    for start, end, heading in _sections(text, pages, headings):
        page_of = bisect.bisect_right(pages, start) if pages else None
        for low, high in _windows(text, start, end, limit, min(overlap, limit // 3), kept):
            yield Span(low, high, page_of, heading, lines.at(low), lines.at(high - 1))


class _Whole:
    """The spans that are kept whole, without those inside others or too long."""

    def __init__(self, text: str, spans: Sequence[tuple[int, int]], limit: int) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            low, high = _bare(text, start, end)
            if low < high <= low + limit and (not self._ends or low >= self._ends[-1]):
                self._starts.append(low)
                self._ends.append(high)

    def around(self, offset: int) -> tuple[int, int]:
        """The whole span that `offset` would cut in two, else nothing on both sides of it."""
        number = bisect.bisect_left(self._starts, offset) - 1
        if number >= 0 and offset < self._ends[number]:
            return self._starts[number], self._ends[number]
        return offset, offset


class _RowFinder:
    """Row numbers by offset."""

    def __init__(self, rows: Sequence[tuple[int, int]]) -> None:
        self._offsets = [offset for offset, _ in rows]
        self._numbers = [number for _, number in rows]

    def at(self, offset: int) -> int:
        """The number of the row that holds the character at `offset`."""
        return self._numbers[max(0, bisect.bisect_right(self._offsets, offset) - 1)]


class _LineCounter:
    """Line numbers for growing or slightly shrinking offsets, counting each character about once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = "\n" if "\n" in text else "\r"
        self._offset, self._line = 0, 1

    def at(self, offset: int) -> int:
        """The line, from 1, that holds the character at `offset`."""
        if offset >= self._offset:
            self._line += self._text.count(self._end, self._offset, offset)
        else:
            self._line -= self._text.count(self._end, offset, self._offset)
        self._offset = offset
        return self._line


def _sections(
    text: str, pages: Sequence[int], headings: Sequence[tuple[int, int, str]]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Stretches that no passage may leave, trimmed, with the headings in force in each."""
    cuts = sorted({0, len(text), *pages, *(offset for offset, _, _ in headings)})
    by_offset: dict[int, list[tuple[int, str]]] = {}
    for offset, level, title in headings:
        by_offset.setdefault(offset, []).append((level, title))
    path: list[tuple[int, str]] = []
    waiting: int | None = None  # where a heading without text of its own begins: it joins what follows
    page_starts = set(pages)
    for start, end in itertools.pairwise(cuts):
        if waiting is not None and start in page_starts:
            yield from _trimmed(text, waiting, start, path)
            waiting = None
        for level, title in by_offset.get(start, ()):
            while path and path[-1][0] >= level:
                path.pop()
            path.append((level, title))
        first = start if waiting is None else waiting
        if start in by_offset and end in by_offset and _is_one_line(text, start, end):
            waiting = first
            continue
        waiting = None
        yield from _trimmed(text, first, end, path)
    if waiting is not None:
        yield from _trimmed(text, waiting, len(text), path)


def _is_one_line(text: str, start: int, end: int) -> bool:
    lines = [line for line in text[start : min(end, start + 2000)].splitlines() if line.strip(" \t=-")]
    return end - start < 2000 and len(lines) <= 1


def _trimmed(
    text: str, start: int, end: int, path: Sequence[tuple[int, str]]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    start, end = _bare(text, start, end)
    if start < end:
        yield start, end, tuple(title for _, title in path)


def _bare(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space around it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _windows(text: str, start: int, end: int, limit: int, overlap: int, kept: _Whole) -> Iterator[tuple[int, int]]:
    done = start
    while end - start > limit:
        stop = _stop(text, start, end, limit, overlap, kept)
        if stop > done:
            yield start, stop
            done = stop
            start = kept.around(_overlapped(text, start, stop, overlap))[1]
        else:
            start = done  # what is shared left no room for the whole span that follows
        while text[start].isspace():
            start += 1
    yield start, end


def _stop(text: str, start: int, end: int, limit: int, overlap: int, kept: _Whole) -> int:
    """Where the passage that begins at `start` ends, at most `limit` characters on."""
    left = end - start
    if left <= 2 * limit - overlap:  # two are enough: of about equal length, not a long one and a scrap
        cut = _cut(text, start + left - limit + overlap, start + limit, start + left // 2)
    else:
        cut = _cut(text, start + limit // 2, start + limit, start + limit)
    before, after = kept.around(cut)
    cut = after if after <= start + limit and (before <= start or after - cut < cut - before) else before
    while text[cut - 1].isspace():
        cut -= 1
    return cut


def _cut(text: str, low: int, high: int, wanted: int) -> int:
    """The best place in `low:high` to end a passage: after a paragraph, sentence, line or word, nearest to `wanted`."""
    for marks in _RANKS:
        places = [
            place + len(mark)
            for mark in marks
            for place in (text.rfind(mark, low, wanted), text.find(mark, wanted, high))
            if place >= 0
        ]
        if places:
            return min(places, key=lambda place: (abs(place - wanted), place))
    cut = wanted
    while cut > low + 1 and unicodedata.combining(text[cut]):
        cut -= 1  # never between a letter and its marks
    return cut


def _overlapped(text: str, start: int, stop: int, overlap: int) -> int:
    """Where the next passage begins: at a sentence, else a word, within the last `overlap` characters before `stop`."""
    low = max(stop - overlap, start + 1)
    if low >= stop:
        return stop
    for marks in (_SENTENCES, _LINES, _WORDS):
        places = [place + len(mark) for mark in marks if (place := text.find(mark, low, stop)) >= 0]
        first = min((place for place in places if place < stop), default=stop)
        if first < stop:
            return first
    return stop
