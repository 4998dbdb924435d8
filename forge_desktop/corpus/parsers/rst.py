"""reStructuredText: the file's own characters; titles, literal blocks, list items and table rows are found in them."""

from __future__ import annotations

import re

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.decoding import decode
from forge_desktop.corpus.parsers.lines import Heading, Items, Spans, lines_of

_RULE = re.compile(r"([!-/:-@[-`{-~])\1{2,}[ \t]*$")
_ITEM = re.compile(r"\s*(?:[-+*•]|\(?(?:\d{1,9}|[A-Za-z#])[.)])[ \t]")
_ROW = re.compile(r"\s*\|.*\|\s*$")
_CODE = re.compile(r"\s*\.\. (?:code|code-block|sourcecode|parsed-literal|math)::")
_MARKUP = re.compile(r"\*{1,2}|`{1,2}_{0,2}|:[a-z:]+:(?=`)")

Lines = list[tuple[int, str]]


def parse(data: bytes) -> Parsed:
    """The decoded file and its structure."""
    text = decode(data)
    lines = list(lines_of(text))
    headings, titled = _headings(lines)
    return Parsed(text, headings=tuple(headings), whole=tuple(_whole(lines, titled)))


def _headings(lines: Lines) -> tuple[list[Heading], set[int]]:
    """Underlined titles, their levels by the order in which each kind of line appears; and the lines they take."""
    found: list[Heading] = []
    taken: set[int] = set()
    styles: list[tuple[str, bool]] = []
    for number in range(1, len(lines)):
        offset, title = lines[number - 1]
        rule = _RULE.match(lines[number][1])
        if not rule or not title.strip() or number - 1 in taken or _RULE.match(title):
            continue
        if len(rule[0].rstrip()) < len(title.rstrip()) - 2:
            continue
        above = lines[number - 2][1].rstrip() if number >= 2 else ""
        over = above == rule[0].rstrip()
        if not over and (title[0].isspace() or (above.strip() and number - 2 not in taken)):
            continue  # the last line of a paragraph or of a table is no title
        style = (rule[1], over)
        if style not in styles:
            styles.append(style)
        start = lines[number - 2][0] if over else offset
        found.append((start, styles.index(style) + 1, _MARKUP.sub("", title).strip() or title.strip()))
        taken.update((number - 2, number - 1, number) if over else (number - 1, number))
    return found, taken


def _whole(lines: Lines, titled: set[int]) -> Spans:
    items = Items(_ITEM, _ROW)
    number = 0
    while number < len(lines):
        offset, bare = lines[number]
        if number in titled:
            items.close()
        elif bare.rstrip().endswith("::") and (end := _block_end(lines, number)) > number:
            items.close()
            first = number if _CODE.match(bare) else number + 1
            items.spans.append((lines[first][0], lines[end][0] + len(lines[end][1])))
            number = end
        elif _CODE.match(bare) and (end := _block_end(lines, number)) > number:
            items.close()
            items.spans.append((offset, lines[end][0] + len(lines[end][1])))
            number = end
        else:
            items.line(offset, bare)
        number += 1
    items.close()
    return items.spans


def _block_end(lines: Lines, number: int) -> int:
    """The last line of the block that is indented below line `number`, or `number` when there is none."""
    indent = _indent(lines[number][1])
    last = number
    for following in range(number + 1, len(lines)):
        bare = lines[following][1]
        if bare.strip():
            if _indent(bare) <= indent:
                break
            last = following
    return last


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
