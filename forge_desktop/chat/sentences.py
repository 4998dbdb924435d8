"""Splits an answer or a passage into sentences with exact offsets: Markdown blocks first, then prose, any script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["prose", "heading", "code", "row"]


@dataclass(frozen=True)
class Span:
    """A sentence, heading, code block or table row at `start:end` of the text."""

    start: int
    end: int
    kind: Kind


_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_HEADING = re.compile(r" {0,3}#{1,6}(\s|$)|\s*(\*\*|__)[^*_]{1,80}(\*\*|__):?\s*$")
_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$|\s*([-*_=])(\s*\2){2,}\s*$")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)+\|?\s*$|\s*\|\s*:?-+:?\s*\|\s*$")
_MARKER = re.compile(r"\s*(?:>\s*)*(?:(?:[-*+•‣–]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+)?(?:\[[ xX]\]\s+)?")
_ITEM = re.compile(r"\s*(?:>\s*)*(?:[-*+•‣–]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+\S")
_PAIR = re.compile(r"[^\s.!?][^.!?:]{0,40}:\s+\S")

# A place where a sentence may end: the mark, and the quotes and brackets that close after it.
_STOP = re.compile(r"""(?P<mark>[.!?…؟۔]+|[。！？｡।॥]+)(?P<close>["'”’»›」』）\)\]\*_]*)""")
_FULL_WIDTH = frozenset("。！？｡।॥")
_OPENERS = "\"'“‘„«‹「『（([*_¿¡—–-"


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# After these a dot never ends a sentence, whatever follows.
_NEVER_LAST = _listed(
    """
    mr mrs ms dr prof sr jr st gen col lt capt sgt rev hon messrs mme mlle dipl ing
    e.g i.e eg ie cf vs viz approx ca resp incl excl esp
    no nos nr art abs fig figs tab eq eqs sec secs ch chap vol ed eds p pp ll par paras para ref refs
    z.b d.h u.a z.t i.d.r s.o s.u o.ä bzw vgl bspw evtl ggf zzgl inkl exkl sog usf hr fr frl
    p.ex c.-à-d env av apr m mm sra dra ud uds ej pág págs núm dott sig ing pag art
    т.е т.к т.н напр см ср рис табл стр гл ул пр
    tzn np tj tzv např bijv o.a d.w.z blz enz.
    """
)
# After these a dot ends a sentence only when a capital follows.
_MAYBE_LAST = _listed(
    """
    etc usw inc ltd co corp plc gmbh a.m p.m am pm u.s u.k u.s.a e.u b.c a.d ph.d m.sc b.sc jan feb mar apr jun jul aug
    sep sept oct nov dec mon tue wed thu fri sat sun и.т.д т.д т.п г гг в вв др руб тыс
    """
)
# In languages where a dot makes a number an ordinal ("am 3. Mai"), a month may follow it with a capital.
_MONTHS = _listed(
    """
    januar jänner februar märz april mai juni juli august september oktober november dezember
    quartal jahrhundert jh klasse stock etage kapitel absatz
    """
)
_WORD_BEFORE = re.compile(r"[^\s(\[{\"'“‘„«]+$")
_WORD_AFTER = re.compile(r"\w+")
_LETTER_DOT = re.compile(r"[^\W\d_]\.")


def split(text: str) -> list[Span]:
    """The sentences in order. Spans do not overlap, hold no white space at their ends and leave out list markers."""
    return [span for block in _blocks(text) for span in _sentences(text, block)]


@dataclass
class _Block:
    start: int
    end: int
    kind: Kind


def _blocks(text: str) -> Iterator[_Block]:
    """Code, headings, table rows, list items and paragraphs, by lines."""
    lines = _lines(text)
    index = 0
    open_block: _Block | None = None
    while index < len(lines):
        start, end = lines[index]
        line = text[start:end]
        fence = _FENCE.match(line)
        table = 0 if fence else _table_length(text, lines, index)
        if fence or table or not line.strip() or _HEADING.match(line) or _RULE.match(line) or _ITEM.match(line):
            if open_block:
                yield open_block
            open_block = None
        if fence:
            last = _fence_end(text, lines, index, fence.group(1))
            yield _Block(start, lines[last][1], "code")
            index = last
        elif table:
            yield _Block(start, end, "heading")
            for row_start, row_end in lines[index + 2 : index + table]:
                yield _Block(row_start, row_end, "row")
            index += table - 1
        elif _HEADING.match(line):
            yield _Block(start, end, "heading")
        elif _ITEM.match(line):
            open_block = _Block(start, end, "prose")
        elif line.strip() and not _RULE.match(line):
            if open_block is None or _starts_anew(text[open_block.start : open_block.end], line):
                if open_block:
                    yield open_block
                open_block = _Block(start, end, "prose")
            else:
                open_block.end = end
        index += 1
    if open_block:
        yield open_block


def _lines(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"[^\r\n]+|(?<=\n)(?=\r?\n)", text)]


def _fence_end(text: str, lines: list[tuple[int, int]], index: int, mark: str) -> int:
    for last in range(index + 1, len(lines)):
        if text[lines[last][0] : lines[last][1]].strip().startswith(mark):
            return last
    return len(lines) - 1


def _table_length(text: str, lines: list[tuple[int, int]], index: int) -> int:
    """How many lines from here make a table: header, rule, rows; 0 when none starts here."""
    if index + 1 >= len(lines) or "|" not in text[slice(*lines[index])]:
        return 0
    if not _TABLE_RULE.match(text[slice(*lines[index + 1])]):
        return 0
    length = 2
    while index + length < len(lines) and "|" in text[slice(*lines[index + length])]:
        length += 1
    return length


def _starts_anew(before: str, line: str) -> bool:
    """Whether a line break inside a paragraph is meant: after a full stop or colon, or between "name: value" lines."""
    before = before.rstrip()
    return before.endswith((".", "!", "?", ":", "。", "！", "？", "।", "؟")) or bool(
        _PAIR.match(line.strip()) and _PAIR.match(before.rsplit("\n", 1)[-1].strip())
    )


def _sentences(text: str, block: _Block) -> Iterator[Span]:
    start, end = block.start, block.end
    if block.kind == "prose":
        marker = _MARKER.match(text, start, end)
        start = marker.end() if marker else start
        for stop in _STOP.finditer(text, start, end):
            if start <= stop.start() and stop.end() < end and _ends(text, start, end, stop):
                yield from _trimmed(text, start, stop.end(), "prose")
                start = stop.end()
    yield from _trimmed(text, start, end, block.kind)


def _trimmed(text: str, start: int, end: int, kind: Kind) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield Span(start, end, kind)


def _ends(text: str, start: int, end: int, stop: re.Match[str]) -> bool:
    """Whether the mark at `stop` ends the sentence that began at `start`."""
    mark = stop.group("mark")
    if mark[-1] in _FULL_WIDTH:
        return True
    after = text[stop.end() : end]
    if not after[:1].isspace():
        return False
    after = after.lstrip()
    first = after.lstrip(_OPENERS)[:1]
    if first.islower():
        return False  # "he said." does not go on in lower case: an abbreviation, or a quotation goes on
    if mark != ".":
        return True
    found = _WORD_BEFORE.search(text, start, stop.start())
    before = found.group() if found else ""
    word = before.casefold().rstrip(".")
    if before.rstrip(")").isdigit():
        following = _WORD_AFTER.match(after)
        ordinal = len(before) <= 2 and following is not None and following.group().casefold() in _MONTHS
        return not ordinal and found is not None and found.start() > start
    initial = before.isupper() and first.isupper()
    if len(before) == 1 and before.isalpha() and (initial or _LETTER_DOT.match(after)):
        return False  # an initial, or the first half of "z. B."
    if word in _NEVER_LAST:
        return False
    return word not in _MAYBE_LAST or first.isupper()
