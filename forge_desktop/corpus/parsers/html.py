"""HTML: what a reader sees, without scripts, styles and hidden parts; a table row is one line.

Rows, list items and preformatted blocks are kept whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.decoding import decode

_UNSEEN = frozenset(
    re.findall(
        r"\w+",
        "script style noscript template head title svg math iframe object embed canvas audio video select textarea"
        " datalist",
    )
)
_PARAGRAPHS = frozenset(re.findall(r"\w+", "p h1 h2 h3 h4 h5 h6 ul ol dl table pre blockquote figure hr"))
_LINES = frozenset(
    re.findall(
        r"\w+",
        "div section article header footer main nav aside address li dt dd tr caption figcaption details summary form"
        " fieldset legend option body br center",
    )
)
_HEADING = re.compile("h([1-6])")
_WHOLE = frozenset(["tr", "li", "pre", "dt", "dd"])
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*(?:>|\Z)")
_SPACE = re.compile(r"[ \t\r\n\f]+")


def parse(data: bytes) -> Parsed:
    """The visible text, line by line, with its structure."""
    return parsed_source(_decoded(data))


def parsed_source(source: str) -> Parsed:
    """The same of a page that is decoded already."""
    import lxml.etree
    import lxml.html

    source = _XML_DECLARATION.sub("", source)
    parser = lxml.html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    try:
        root = lxml.html.document_fromstring(source, parser=parser)
    except lxml.etree.ParserError as error:  # nothing but comments, or nothing at all
        raise Unreadable("The page holds no text.") from error
    except lxml.etree.XMLSyntaxError as error:
        if getattr(error, "code", None) == lxml.etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise Unreadable("The page is damaged: it cannot be read as HTML.") from error
    if parser.error_log.filter_types([lxml.etree.ErrorTypes.ERR_RESOURCE_LIMIT]):  # the parser stopped there
        raise Unreadable("The page is nested too deep to be read to its end.")
    page = _Page()
    for step, element in _walk(root):
        if step == "text":
            page.write(element.text or "")
        elif step == "tail":
            page.write(element.tail or "")
        elif step == "start":
            page.start(element)
        else:
            page.end(element)
    title = " ".join((root.findtext(".//head/title") or "").split())
    headings = tuple(sorted(page.headings))
    return Parsed("".join(page.parts), headings=headings, whole=tuple(page.whole), title=title)


def _decoded(data: bytes) -> str:
    declared = _CHARSET.search(data[:4096])
    if declared and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode(declared[1].decode("ascii")).replace("\0", "")
        except (LookupError, UnicodeDecodeError):
            pass  # an encoding nobody knows, or not the one that was declared
    return decode(data)


def _walk(root: Any) -> Iterator[tuple[str, Any]]:
    """Start, text, end and tail of every visible element, without recursion: nesting may be thousands deep."""
    waiting: list[tuple[str, Any]] = [("start", root)]
    while waiting:
        step, element = waiting.pop()
        if step != "start":
            yield step, element
            continue
        unseen = not isinstance(element.tag, str) or element.tag in _UNSEEN or _is_hidden(element)
        if element is not root:
            waiting.append(("tail", element))
        if unseen:
            continue
        yield "start", element
        yield "text", element
        waiting.append(("end", element))
        waiting.extend(("start", child) for child in reversed(element))


def _is_hidden(element: Any) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style") or ""))


class _Page:
    """Collects the text: collapses white space as a browser does, turns blocks into lines and paragraphs."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.headings: list[tuple[int, int, str]] = []
        self.whole: list[tuple[int, int]] = []
        self._length = 0
        self._breaks = 0  # line ends owed before the next text
        self._space = False  # a space owed before the next text
        self._preformatted = 0
        self._tables: list[int] = []  # one entry an open table: cells seen in its row, negative outside a cell
        self._in_cell: list[bool] = []
        self._open_headings: list[tuple[int, int, int]] = []
        self._open_wholes: list[int] = []

    def write(self, text: str) -> None:
        """Text as it stands in the source."""
        if not text:
            return
        if self._preformatted:
            self._emit(text.replace("\r\n", "\n").replace("\r", "\n"))
            return
        collapsed = _SPACE.sub(" ", text)
        if collapsed.startswith(" "):
            self._space = True
        words = collapsed.strip(" ")
        if words:
            self._emit(words)
            self._space = collapsed.endswith(" ")

    def start(self, element: Any) -> None:
        """An element begins."""
        tag = element.tag
        self._break_for(tag)
        if tag in _WHOLE:
            self._open_wholes.append(self._length)
        if tag == "pre":
            self._preformatted += 1
        elif tag == "table":
            self._tables.append(0)
            self._in_cell.append(False)
        elif tag == "tr" and self._tables:
            self._tables[-1] = 0
            self._in_cell[-1] = False
        elif tag in ("td", "th") and self._tables:
            if self._tables[-1]:
                self._space = False
                self._emit(" | ")
            self._tables[-1] += 1
            self._in_cell[-1] = True
        elif tag == "li":
            self._emit("- ")
        elif level := _HEADING.fullmatch(tag):
            self._open_headings.append((int(level[1]), self._length + self._owed(), len(self.parts)))

    def end(self, element: Any) -> None:
        """An element ends."""
        tag = element.tag
        if tag in _WHOLE and (start := self._open_wholes.pop()) < self._length:
            self.whole.append((start, self._length))
        if tag == "pre":
            self._preformatted -= 1
        elif tag == "table" and self._tables:
            self._tables.pop()
            self._in_cell.pop()
        elif tag in ("td", "th") and self._tables:
            self._in_cell[-1] = False
        elif _HEADING.fullmatch(tag) and self._open_headings:
            level, offset, part = self._open_headings.pop()
            if title := " ".join("".join(self.parts[part:]).split()):
                self.headings.append((offset, level, title))
        if tag != "br":
            self._break_for(tag)

    def _break_for(self, tag: str) -> None:
        if tag not in _PARAGRAPHS and tag not in _LINES:
            return
        if self._in_cell and self._in_cell[-1]:
            self._space = True  # a row stays one line
        else:
            self._breaks = max(self._breaks, 2 if tag in _PARAGRAPHS else 1)

    def _owed(self) -> int:
        return self._breaks if self._length else 0

    def _emit(self, text: str) -> None:
        if self._length:
            lead = "\n" * self._breaks or (" " if self._space and not self.parts[-1].endswith((" ", "\n")) else "")
            text = lead + text
        self._breaks, self._space = 0, False
        self.parts.append(text)
        self._length += len(text)
