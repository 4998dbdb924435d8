"""A text as a field of Qt shows it, and an edit of what is shown carried back to the text as it really is."""

from __future__ import annotations

import difflib
import re
from collections import Counter

_BREAK = re.compile("\r\n|[\n\r\u2029\ufdd0\ufdd1]")  # what Qt makes a line's end of
_BLOCK, _MARK = "\u2029", "\ufeff"  # a byte order mark gets lost on the way into Qt
_MOST = 4_000_000  # lines times lines that are compared one by one


def shown(raw: str) -> str:
    """What stands in a field after this text was put in: its lines, each ended by one sign, without the mark before."""
    return _BREAK.sub("\n", raw.lstrip(_MARK))


def read(document_text: str) -> str:
    """What stands in a document, from its `toRawText`: no-break spaces and soft line ends stay what they are."""
    return document_text.replace(_BLOCK, "\n")


def carried(raw: str, edited: str) -> str:
    """The text after an edit of what is shown of it: every line that was not touched stays byte for byte.

    A line that is new ends as most lines do.
    """
    if edited == shown(raw):
        return raw
    mark = raw[: len(raw) - len(raw.lstrip(_MARK))]
    old, ends = _lines(raw.lstrip(_MARK))
    new = edited.split("\n")
    usual = _usual(ends)
    made: list[tuple[str, str]] = []
    for same, first, last, start, stop in _steps(old, new):
        keeps = same or last - first == stop - start
        for place in range(start, stop):
            end = ends[first + place - start] if keeps else usual
            if place == stop - 1 and last > first:
                end = ends[last - 1]
            made.append((new[place], end))
    body = "".join(line + (end or usual) for line, end in made[:-1])
    return mark + body + made[-1][0]


def _lines(raw: str) -> tuple[list[str], list[str]]:
    """The lines of a text, and what ends each ("" after the last)."""
    lines, ends, start = [], [], 0
    for match in _BREAK.finditer(raw):
        lines.append(raw[start : match.start()])
        ends.append(match[0])
        start = match.end()
    return [*lines, raw[start:]], [*ends, ""]


def _usual(ends: list[str]) -> str:
    counted = Counter(end for end in ends if end in ("\n", "\r\n", "\r"))
    return counted.most_common(1)[0][0] if counted else "\n"


def _steps(old: list[str], new: list[str]) -> list[tuple[bool, int, int, int, int]]:
    """Runs of lines that are the same or not: (whether, from and to in the old ones, from and to in the new)."""
    head, most = 0, min(len(old), len(new))
    while head < most and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < most - head and old[len(old) - 1 - tail] == new[len(new) - 1 - tail]:
        tail += 1
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    steps = [(True, 0, head, 0, head)] if head else []
    if len(before) * len(after) > _MOST:
        steps.append((False, head, head + len(before), head, head + len(after)))
    else:
        found = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        steps += [(tag == "equal", head + a, head + b, head + c, head + d) for tag, a, b, c, d in found]
    if tail:
        steps.append((True, len(old) - tail, len(old), len(new) - tail, len(new)))
    return steps
