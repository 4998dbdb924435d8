"""Markdown: the file's own characters; headings are found outside code fences and front matter."""

from __future__ import annotations

import re

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.decoding import decode

_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_PLAIN = re.compile(r" {0,3}(?![>|#\-+*]|\d+[.)]|`{3}|~{3})\S")  # a line that can be the text of a setext heading
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}")


def parse(data: bytes) -> Parsed:
    """The decoded file and its headings."""
    text = decode(data)
    return Parsed(text, headings=tuple(_headings(text)))


def _headings(text: str) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    offset = _front_matter(text)
    fence = ""
    above: tuple[int, str] | None = None  # offset and text of the line before, if it can carry an underline
    for line in _LINE.finditer(text, offset):
        bare, offset = line[1], line.start()
        mark = _FENCE.match(bare)
        if fence:
            if mark and mark[1][0] == fence[0] and len(mark[1]) >= len(fence) and not bare[mark.end() :].strip():
                fence = ""
            above = None
        elif mark and not (mark[1][0] == "`" and "`" in bare[mark.end() :]):
            fence, above = mark[1], None
        elif heading := _ATX.match(bare):
            found.append((offset, len(heading[1]), _title(heading[2] or "")))
            above = None
        elif above and (underline := _SETEXT.match(bare)):
            found.append((above[0], 1 if underline[1][0] == "=" else 2, _title(above[1])))
            above = None
        else:
            above = (offset, bare) if _PLAIN.match(bare) and above is None else None
    return [heading for heading in found if heading[2]]


def _front_matter(text: str) -> int:
    """Length of a YAML block at the very start, whose closing line would read as a heading's underline."""
    block = re.match(r"---[ \t]*\r?\n.*?^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", text[:20_000], re.DOTALL | re.MULTILINE)
    return block.end() if block else 0


def _title(source: str) -> str:
    return _MARKUP.sub(lambda found: found[1] or "", source).strip()
