"""PPTX: the slides in the order they are shown, each a page headed by its title, with tables, charts and notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.drawings import add_part, drawn_text, named_parts
from forge_desktop.corpus.parsers.office import OfficeFile, descendants, inner, local, one_line, value

_TITLES = ("title", "ctrTitle")
_REPEATED = ("dt", "ftr", "hdr", "sldNum", "sldImg")  # the same on every slide
_COMMENTS = ("comments", "comment")


def parse(data: bytes) -> Parsed:
    """The presentation's text; `pages` are slides. Raises Unreadable for a password or a damaged file."""
    package = OfficeFile(data, "PowerPoint")
    main = package.main_part("ppt/presentation.xml")
    relations = package.relations(main)
    lines = Composer()
    order = inner(package.xml(main), "sldIdLst")
    for number, slide in enumerate(order if order is not None else (), 1):
        identifiers = [text for key, text in slide.attrib.items() if key.endswith("}id")]
        relation = relations.get(identifiers[0]) if identifiers else None
        lines.page()
        lines.head(f"Slide {number}")
        if relation is not None and package.has(relation.target):
            _slide(package, relation.target, lines)
    return lines.parsed()


def _slide(package: OfficeFile, part: str, lines: Composer) -> None:
    """One slide: its title, what its shapes say from back to front (the order they are read out), notes, comments."""
    root = package.xml(part)
    relations = package.relations(part)
    shapes = list(_shapes(root))
    titles = [shape for shape in shapes if _placeholder(shape) in _TITLES]
    hidden = " (hidden slide)" if root.get("show") in ("0", "false") else ""
    title = " ".join(one_line(drawn_text(shape)) for shape in titles).strip()
    if title:
        lines.head("")
    lines.add((title + hidden).strip(), level=1 if title else 0)
    for shape in shapes:
        if shape in titles or _placeholder(shape) in _REPEATED:
            continue
        if local(shape) == "graphicFrame":
            _add_frame(package, shape, relations, lines)
        else:
            lines.add(drawn_text(shape))
    for relation in relations.values():
        if not package.has(relation.target):
            continue
        if relation.kind == "notesSlide":
            notes = [drawn_text(s) for s in _shapes(package.xml(relation.target)) if _placeholder(s) not in _REPEATED]
            lines.add("Notes: " + text if (text := "\n".join(filter(None, notes)).strip()) else "")
        elif relation.kind in _COMMENTS:
            for comment in package.xml(relation.target):
                lines.add("Comment: " + text if (text := _comment(comment)) else "")


def _add_frame(package: OfficeFile, frame: Any, relations: dict[str, Any], lines: Composer) -> None:
    """A table row by row, a chart or a diagram."""
    rows = (_row(row) for row in descendants(frame, "tr"))
    for number, row in enumerate(row for row in rows if row.strip(" |")):
        lines.add(row, close=number > 0, whole=True)
    for identifier in named_parts(frame):
        add_part(package, relations.get(identifier), lines)


def _row(row: Any) -> str:
    return " | ".join(one_line(drawn_text(cell)) for cell in row if local(cell) == "tc")


def _shapes(root: Any) -> Iterator[Any]:
    """Shapes and frames in order, those in groups too; of alternatives only the first."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        kind = local(element)
        if kind in ("sp", "cxnSp", "graphicFrame"):
            yield element
        elif kind != "Fallback":
            waiting.extend(reversed(element))


def _placeholder(shape: Any) -> str:
    """What the layout has the shape for ("title", "body", …); "" for a shape of its own."""
    place = next(descendants(shape, "ph"), None)
    return "" if place is None else value(place, "type") or "body"


def _comment(comment: Any) -> str:
    """A comment of the older kind (p:text) or the newer one (paragraphs of drawing text)."""
    texts = [element.text or "" for element in descendants(comment, "text")]
    return one_line(" ".join(texts) or drawn_text(comment))
