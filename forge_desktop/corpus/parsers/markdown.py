"""Markdown: the file's own characters; headings, code fences, list items and table rows are found in them."""

from __future__ import annotations

import re

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.decoding import decode
from forge_desktop.corpus.parsers.lines import Heading, Items, Spans, lines_of

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_PLAIN = re.compile(r" {0,3}(?![>|#\-+*]|\d+[.)]|`{3}|~{3})\S")  # a line that can be the text of a setext heading
_ITEM = re.compile(r"\s*(?:[-+*]|\d{1,9}[.)])[ \t]")
_ROW = re.compile(r"\s*\|.*\|\s*$")
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}")


def parse(data: bytes) -> Parsed:
    """The decoded file and its structure."""
    text = decode(data)
    headings, whole = outline(text)
    return Parsed(text, headings=tuple(headings), whole=tuple(whole))


def outline(text: str) -> tuple[list[Heading], Spans]:
    """The headings of a Markdown text, and its spans to keep whole."""
    found: list[Heading] = []
    items = Items(_ITEM, _ROW)
    fence, fenced = "", 0
    above: tuple[int, str] | None = None  # offset and text of the line before, if it can carry an underline
    for offset, bare in lines_of(text, _front_matter(text)):
        mark = _FENCE.match(bare)
        if fence:
            if mark and mark[1][0] == fence[0] and len(mark[1]) >= len(fence) and not bare[mark.end() :].strip():
                items.spans.append((fenced, offset + len(bare)))
                fence = ""
            above = None
            continue
        heading = _ATX.match(bare)
        if mark and not (mark[1][0] == "`" and "`" in bare[mark.end() :]):
            fence, fenced, above = mark[1], offset, None
            items.close()
        elif heading:
            found.append((offset, len(heading[1]), _title(heading[2] or "")))
            above = None
            items.close()
        elif above and (underline := _SETEXT.match(bare)):
            found.append((above[0], 1 if underline[1][0] == "=" else 2, _title(above[1])))
            above = None
            items.close()
        else:
            above = (offset, bare) if _PLAIN.match(bare) and above is None else None
            items.line(offset, bare)
    items.close()
    return [heading for heading in found if heading[2]], items.spans


def _front_matter(text: str) -> int:
    """Length of a YAML block at the very start, whose closing line would read as a heading's underline."""
    block = re.match(r"---[ \t]*\r?\n.*?^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", text[:20_000], re.DOTALL | re.MULTILINE)
    return block.end() if block else 0


def _title(source: str) -> str:
    return _MARKUP.sub(lambda found: found[1] or "", source).strip()
