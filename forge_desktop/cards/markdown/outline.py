"""The lines of a card's body: headings, tables, lists, and what is only text of a fence, a comment or our marks."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forge_desktop.cards.markdown import boxes, cells, margins, titles
from forge_desktop.cards.markdown.margins import BEGIN

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*\Z)|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*\Z")
_NO_PARAGRAPH = re.compile(r" {0,3}([>#|<]|[-*+][ \t]|\d{1,9}[.)][ \t]|(?:[-*_][ \t]*){3,}\Z)|    |\t")
_HTML = re.compile(r" {0,3}<(pre|script|style|textarea)\b", re.IGNORECASE)
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*\Z")
HEADER = ("What", "Value", "Source")


def end_mark(key: str) -> str:
    """The line that ends a text kept between marks, because it could be taken for part of the card around it."""
    return f"<!-- end of {key} -->"


@dataclass(frozen=True)
class Heading:
    """A heading on lines `first` to `last` (exclusive). `field` and `section` say what of ours it stands for."""

    first: int
    last: int
    level: int
    title: str
    field: str = ""
    rank: int = 0
    section: str = ""

    @property
    def ours(self) -> bool:
        """Whether it stands for anything of ours."""
        return bool(self.field or self.section)


@dataclass(frozen=True)
class Table:
    """A table on lines `first` to `last` (exclusive); `rows` are the cells of the lines behind its header and rule."""

    first: int
    last: int
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def facts(self) -> bool:
        """Whether it is one of ours, with a field on each line."""
        return self.header == HEADER


class Outline:
    """The body, line by line. `lines` keep their ends; `solid` says which are structure and not somebody's text."""

    def __init__(self, body: str) -> None:
        self.lines = body.splitlines(keepends=True) if not _odd(body) else _lines(body)
        self.bare = [line.rstrip("\r\n") for line in self.lines]
        self.solid, self._comments = _solid(self.bare)
        self.headings = _headings(self.bare, self.solid)
        self.tables = _tables(self.bare, self.solid)
        self.boxes = boxes.found(self.bare, self.solid)
        self._ends = boxes.ends(self.headings, self.boxes, len(self.lines))
        self._table_lines = [table.first for table in self.tables]

    def end_of(self, heading: Heading) -> int:
        """Where what belongs to a heading ends: at one as high as it, at one that stands for something of ours, or with
        the block of HTML that it stands in.
        """
        return self._ends[heading.first][0]

    def end_with_all(self, heading: Heading) -> int:
        """Where a heading ends with all that is below it: at one as high as it."""
        return self._ends[heading.first][1]

    def tables_in(self, first: int, last: int) -> list[Table]:
        """The tables that begin on these lines."""
        return self.tables[bisect_left(self._table_lines, first) : bisect_left(self._table_lines, last)]

    def content(self, heading: Heading) -> tuple[int, int]:
        """The lines of its text, without what stands around it."""
        return self.text_within(heading.last, self.end_of(heading))

    def text_within(self, first: int, last: int) -> tuple[int, int]:
        """A range of lines without blank ones, comments, rules, footnotes and targets of links around its text."""
        return margins.text_within(self.bare, self.solid, self._comments, first, last)


def _odd(body: str) -> bool:
    return bool(re.search(r"\r(?!\n)|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", body))


def _lines(body: str) -> list[str]:
    """Only a line feed ends a line: what else Python splits at may stand in the middle of a text."""
    return re.findall(r"[^\n]*\n|[^\n]+", body)


def _solid(bare: Sequence[str]) -> tuple[list[bool], dict[int, int]]:
    """Which lines are no fence, comment or the like; and where comments begin, by where they end."""
    solid, comments = [True] * len(bare), {}
    ends: dict[str, list[int]] = {}
    for at, line in enumerate(bare):
        if line.startswith("<!-- end of "):
            ends.setdefault(line, []).append(at)
    at = 0
    while at < len(bare):
        end = _unsolid_end(bare, at, ends)
        for inner in range(at, end):
            solid[inner] = False
        if end > at and bare[at].lstrip().startswith("<!--") and not _marked(bare[at], bare[end - 1]):
            comments[end] = at
        at = max(end, at + 1)
    return solid, comments


def _marked(first: str, last: str) -> bool:
    """Whether these lines are the marks around a text of ours."""
    mark = BEGIN.match(first)
    return mark is not None and last == end_mark(mark[1])


def _unsolid_end(bare: Sequence[str], at: int, ends: Mapping[str, Sequence[int]]) -> int:
    """Where a fence, a comment, a text between our marks or raw HTML that begins here ends; `at` where none does."""
    line = bare[at]
    mark = BEGIN.match(line)
    if mark:
        those = ends.get(end_mark(mark[1]), ())
        behind = bisect_left(those, at)
        return those[behind] + 1 if behind < len(those) else at
    fence = _FENCE.match(line)
    if fence:
        close = re.compile(rf" {{0,3}}{re.escape(fence[1][0])}{{{len(fence[1])},}}[ \t]*\Z")
        return next((i + 1 for i in range(at + 1, len(bare)) if close.match(bare[i])), len(bare))
    if line.lstrip(" ").startswith("<!--") and len(line) - len(line.lstrip(" ")) < 4:
        return next((i + 1 for i in range(at, len(bare)) if "-->" in bare[i]), len(bare))
    html = _HTML.match(line)
    if html:
        close_tag = f"</{html[1].casefold()}>"
        return next((i + 1 for i in range(at, len(bare)) if close_tag in bare[i].casefold()), len(bare))
    return at


def _headings(bare: Sequence[str], solid: Sequence[bool]) -> list[Heading]:
    found = []
    for at, line in enumerate(bare):
        if not solid[at]:
            continue
        atx = _ATX.match(line)
        if atx:
            found.append(_heading(at, at + 1, len(atx[1]), atx[2] or ""))
            continue
        under = _UNDERLINE.match(line)
        if under and at and solid[at - 1] and bare[at - 1].strip() and not _NO_PARAGRAPH.match(bare[at - 1]):
            # Of a paragraph of several lines all are the heading; none of ours has more than one.
            found.append(_heading(at - 1, at + 1, 1 if under[1][0] == "=" else 2, bare[at - 1].strip()))
    return found


def _heading(first: int, last: int, level: int, title: str) -> Heading:
    name = titles.normal(title)
    field, rank = titles.HEADINGS.get(name, ("", 0)) if level > 1 else ("", 0)
    section = titles.SECTION_HEADINGS.get(name, "") if level > 1 else ""
    return Heading(first, last, level, title, field, rank, section)


def _tables(bare: Sequence[str], solid: Sequence[bool]) -> list[Table]:
    found: list[Table] = []
    at = 0
    while at + 1 < len(bare):
        header = bare[at]
        if not (solid[at] and header.lstrip().startswith("|") and _RULE.match(bare[at + 1]) and "|" in bare[at + 1]):
            at += 1
            continue
        end = at + 2
        while end < len(bare) and solid[end] and bare[end].lstrip().startswith("|"):
            end += 1
        rows = tuple(tuple(cells.split(line)) for line in bare[at + 2 : end])
        found.append(Table(at, end, tuple(cells.split(header)), rows))
        at = end
    return found
