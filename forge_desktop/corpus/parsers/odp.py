"""ODP: the slides in their order, each a page headed by its title, with tables and the speaker's notes."""

from __future__ import annotations

from typing import Any

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.odf import CONTENT, note_of, opened, text_of
from forge_desktop.corpus.parsers.odt import add_blocks
from forge_desktop.corpus.parsers.office import descendants, inner, local, one_line, value


def parse(data: bytes) -> Parsed:
    """The presentation's text; `pages` are slides. Raises Unreadable for a password or a damaged file."""
    root = opened(data, "OpenDocument presentation").xml(CONTENT)
    hidden = {
        value(style, "name")
        for style in descendants(root, "style")
        if (properties := inner(style, "drawing-page-properties")) is not None
        and value(properties, "visibility") == "hidden"
    }
    lines = Composer()
    body = inner(root, "body", "presentation")
    for number, page in enumerate(descendants(body, "page") if body is not None else (), 1):
        lines.page()
        lines.head(f"Slide {number}")
        _slide(page, lines, hidden=value(page, "style-name") in hidden)
    return lines.parsed()


def _slide(page: Any, lines: Composer, *, hidden: bool) -> None:
    titles = [frame for frame in page if value(frame, "class") == "title"]
    title = " ".join(one_line(text_of(frame)) for frame in titles).strip()
    if title:
        lines.head("")
    lines.add((title + (" (hidden slide)" if hidden else "")).strip(), level=1 if title else 0)
    for shape in page:
        if local(shape) == "notes":
            text = "\n".join(filter(None, (text_of(frame).strip() for frame in shape)))
            lines.add(f"Notes: {text}" if text else "")
        elif local(shape) == "annotation":
            lines.add(note_of(shape))
        elif shape not in titles and local(shape) != "forms":
            add_blocks(shape, lines)
