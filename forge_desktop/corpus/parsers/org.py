"""Org: the file's own characters; headlines, blocks, list items and table rows are found in them."""

from __future__ import annotations

import re

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.decoding import decode
from forge_desktop.corpus.parsers.lines import Heading, Items, lines_of

_HEADLINE = re.compile(
    r"(\*+)[ \t]+(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED)[ \t]+)?(?:\[#[A-Z]\][ \t]*)?(\S.*?)(?:[ \t]+:[\w@:]+:)?[ \t]*$"
)
_BEGIN = re.compile(r"[ \t]*#\+begin_(\w+)", re.IGNORECASE)
_END = re.compile(r"[ \t]*#\+end_(\w+)", re.IGNORECASE)
_ITEM = re.compile(r"(?:[ \t]*(?:[-+]|\d{1,9}[.)])|[ \t]+\*)[ \t]")
_ROW = re.compile(r"[ \t]*\|")


def parse(data: bytes) -> Parsed:
    """The decoded file and its structure."""
    text = decode(data)
    headings: list[Heading] = []
    items = Items(_ITEM, _ROW)
    block, begun = "", 0
    for offset, bare in lines_of(text):
        if headline := _HEADLINE.match(bare):  # also inside a block, as in Org itself
            items.close()
            headings.append((offset, len(headline[1]), headline[2]))
            block = ""
        elif block:
            if (end := _END.match(bare)) and end[1].lower() == block:
                items.spans.append((begun, offset + len(bare)))
                block = ""
        elif begin := _BEGIN.match(bare):
            items.close()
            block, begun = begin[1].lower(), offset
        else:
            items.line(offset, bare)
    items.close()
    return Parsed(text, headings=tuple(headings), whole=tuple(items.spans))
