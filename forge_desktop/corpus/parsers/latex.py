"""LaTeX: the file's own characters; sections are headings, code listings and list items are kept whole."""

from __future__ import annotations

import re

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.decoding import decode
from forge_desktop.corpus.parsers.lines import Heading, Items, lines_of

_LEVELS = {"part": 1, "chapter": 2, "section": 3, "subsection": 4, "subsubsection": 5, "paragraph": 6}
_SECTION = re.compile(r"[ \t]*\\(part|chapter|section|subsection|subsubsection|paragraph)\*?[ \t]*(?:\[[^\]]*\])?\{")
_BEGIN = re.compile(r"[ \t]*\\begin\{(verbatim\*?|lstlisting|minted|Verbatim|equation\*?|align\*?)\}")
_ITEM = re.compile(r"\s*\\item\b")
_ROW = re.compile(r"[^&]*&.*\\\\\s*(?:\\hline\s*)*$")  # a line of a table
_COMMAND = re.compile(r"\\[A-Za-z]+\*?[ \t]*|[{}~$]")


def parse(data: bytes) -> Parsed:
    """The decoded file and its structure."""
    text = decode(data)
    headings: list[Heading] = []
    items = Items(_ITEM, _ROW)
    closing, begun = "", 0
    for offset, bare in lines_of(text):
        if closing:
            if closing in bare:
                items.spans.append((begun, offset + len(bare)))
                closing = ""
        elif begin := _BEGIN.match(bare):
            items.close()
            closing, begun = f"\\end{{{begin[1]}}}", offset
        elif section := _SECTION.match(bare):
            items.close()
            if title := _title(bare, section.end()):
                headings.append((offset, _LEVELS[section[1]], title))
        else:
            items.line(offset, bare)
    items.close()
    return Parsed(text, headings=tuple(headings), whole=tuple(items.spans))


def _title(line: str, start: int) -> str:
    """What stands between the braces, without commands."""
    depth, end = 1, start
    while end < len(line) and depth:
        depth += {"{": 1, "}": -1}.get(line[end], 0)
        end += 1
    return " ".join(_COMMAND.sub(" ", line[start : end - (depth == 0)]).split())
