"""AsciiDoc: the file's own characters; titles, delimited blocks, list items and table rows are found in them."""

from __future__ import annotations

import re

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.decoding import decode
from forge_desktop.corpus.parsers.lines import Heading, Items, lines_of

_TITLE = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?[ \t]*$")
_FENCE = re.compile(r"(-{4,}|\.{4,}|\+{4,}|/{4,}|`{3,})[ \t]*$")
_ITEM = re.compile(r"\s*(?:\*{1,5}|-|\.{1,5}|\d{1,9}\.|<\d{1,3}>)[ \t]|\S.*::(?:[ \t]|$)")
_ROW = re.compile(r"\|(?!=)")
_MARKUP = re.compile(r"[*_`]{1,2}(?=\S)|(?<=\S)[*_`]{1,2}")


def parse(data: bytes) -> Parsed:
    """The decoded file and its structure."""
    text = decode(data)
    headings: list[Heading] = []
    items = Items(_ITEM, _ROW)
    fence, begun = "", 0
    for offset, bare in lines_of(text):
        mark = _FENCE.match(bare)
        if fence:
            if mark and mark[1] == fence:
                items.spans.append((begun, offset + len(bare)))
                fence = ""
        elif mark:
            items.close()
            fence, begun = mark[1], offset
        elif title := _TITLE.match(bare):
            items.close()
            headings.append((offset, len(title[1]), _MARKUP.sub("", title[2]).strip() or title[2]))
        else:
            items.line(offset, bare)
    items.close()
    return Parsed(text, headings=tuple(headings), whole=tuple(items.spans))
