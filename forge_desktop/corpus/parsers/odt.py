"""ODT: paragraphs, headings and lists in reading order; a table row is one line, notes follow what they note."""

from __future__ import annotations

from typing import Any

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.odf import CONTENT, Aside, add_aside, add_table, opened, text_of
from forge_desktop.corpus.parsers.office import OfficeFile, inner, local, value

_MARGINS = ("header", "header-left", "header-first", "footer", "footer-left", "footer-first")
_UNREAD = frozenset(["tracked-changes", "forms", "sequence-decls", "variable-decls", "user-field-decls"])


def parse(data: bytes) -> Parsed:
    """The document's text and headings. Raises Unreadable for a password, a damaged or an oversized file."""
    package = opened(data, "OpenDocument text")
    lines = Composer()
    _margins(package, lines)
    body = inner(package.xml(CONTENT), "body", "text")
    if body is not None:
        add_blocks(body, lines)
    return lines.parsed()


def add_blocks(root: Any, lines: Composer) -> None:
    """Headings, paragraphs, list items and tables under `root`, in order, without recursion into themselves."""
    in_list = False
    waiting: list[tuple[Any, bool]] = [(child, False) for child in reversed(root)]
    while waiting:
        element, listed = waiting.pop()
        kind, aside = local(element), Aside()
        if kind in ("p", "h"):
            text = text_of(element, aside).strip()
            item = listed and kind == "p"
            lines.add(f"- {text}" if item and text else text, level=_level(element), close=item and in_list, whole=item)
            in_list = item
        elif kind == "table":
            add_table(element, lines, aside)
            in_list = False
        elif kind not in _UNREAD:
            listed = listed or kind == "list-item"
            waiting.extend((child, listed) for child in reversed(element))
        waiting.extend((frame, False) for frame in reversed(aside.frames))
        add_aside(aside, lines)


def _level(element: Any) -> int:
    """A heading's level; 0 for a paragraph."""
    if local(element) != "h":
        return 0
    level = value(element, "outline-level") or "1"
    return min(int(level), 9) or 1 if level.isdecimal() and len(level) < 4 else 1


def _margins(package: OfficeFile, lines: Composer) -> None:
    """The headers and footers of all page styles, each text once. Page numbers are nobody's text."""
    seen = set()
    if not package.has("styles.xml"):
        return
    for margin in package.xml("styles.xml").iter(*(f"{{*}}{name}" for name in _MARGINS)):
        text = text_of(margin).strip()
        if text not in seen and any(character.isalpha() for character in text):
            seen.add(text)
            lines.add(text)
