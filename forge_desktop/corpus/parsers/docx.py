"""DOCX: paragraphs, headings, lists, text boxes in reading order; a table row is one line, notes follow their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.drawings import add_part
from forge_desktop.corpus.parsers.office import OfficeFile, Relation, descendants, local, one_line, value

_SKIPPED = frozenset(
    ["del", "moveFrom", "instrText", "delText", "Fallback", "pPr", "rPr", "tblPr", "sectPr", "fldData"]
)
_INSTEAD = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_NOTES = {"footnoteReference": "footnotes", "endnoteReference": "endnotes", "commentReference": "comments"}
_DRAWN = {"chart": "id", "relIds": "dm"}  # the attribute that names a chart's or a diagram's part


def parse(data: bytes) -> Parsed:
    """The document's text and headings. Raises Unreadable for a password, a damaged or an oversized file."""
    package = OfficeFile(data, "Word")
    main = package.main_part("word/document.xml")
    reader = _Reader(package, main)
    reader.margins()
    reader.blocks(package.xml(main))
    return reader.lines.parsed()


@dataclass
class _Aside:
    """What is anchored in a paragraph and follows it: text boxes, charts and diagrams, notes."""

    boxes: list[Any] = field(default_factory=list)
    drawings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Reader:
    """Writes the parts of one document into `lines`."""

    def __init__(self, package: OfficeFile, main: str) -> None:
        self.lines = Composer()
        self._package = package
        self._relations = package.relations(main)
        self._levels: dict[str, int] = {}
        self._list_styles: set[str] = set()
        self._notes: dict[tuple[str, str], str] = {}
        for relation in self._named("styles"):
            self._read_styles(package.xml(relation.target))
        for kind in _NOTES.values():
            for relation in self._named(kind):
                self._read_notes(kind, package.xml(relation.target))

    def margins(self) -> None:
        """The headers and footers, each text once. Page numbers are nobody's text."""
        seen = set()
        for kind in ("header", "footer"):
            for relation in self._named(kind):
                text = _text(self._package.xml(relation.target), _Aside()).strip()
                if text not in seen and any(character.isalpha() for character in text):
                    seen.add(text)
                    self.lines.add(text)

    def blocks(self, root: Any) -> None:
        """Paragraphs and table rows under `root`, in order, without recursion into themselves."""
        in_list = False
        waiting = [root]
        while waiting:
            element = waiting.pop()
            kind = local(element)
            aside = _Aside()
            if kind == "p":
                level, listed = self._paragraph_kind(element)
                text = _text(element, aside)
                mark = "- " if listed and text.strip() else ""
                self.lines.add(mark + text, level=level, close=listed and in_list, whole=listed)
                in_list = listed
            elif kind == "tbl":
                in_list = False
                for number, row in enumerate(_rows(element, aside)):
                    self.lines.add(row, close=number > 0, whole=True)
            elif kind not in _SKIPPED:
                waiting.extend(reversed(element))
            waiting.extend(reversed(aside.boxes))
            self._add_aside(aside)

    def _add_aside(self, aside: _Aside) -> None:
        for identifier in aside.drawings:
            add_part(self._package, self._relations.get(identifier), self.lines)
        for reference in aside.notes:
            kind, _, identifier = reference.partition(" ")
            self.lines.add(self._notes.pop((_NOTES[kind], identifier), ""))

    def _named(self, kind: str) -> Iterator[Relation]:
        for relation in self._relations.values():
            if relation.kind == kind and self._package.has(relation.target):
                yield relation

    def _read_styles(self, root: Any) -> None:
        """Heading levels by a style's outline level or its English name, which every language keeps; list styles."""
        for style in root:
            if local(style) != "style":
                continue
            identifier = value(style, "styleId") or ""
            name, level = "", 0
            for element in style.iter():
                kind = local(element)
                if kind == "name" and element.getparent() is style:
                    name = (value(element) or "").lower()
                elif kind == "outlineLvl":
                    level = _level(value(element))
                elif kind == "numPr":
                    self._list_styles.add(identifier)
            if name == "title":
                level = 1
            elif name.startswith("heading "):
                level = _level(str(int(name[8:]) - 1)) if name[8:].isdecimal() else level
            if level:
                self._levels[identifier] = level

    def _read_notes(self, kind: str, root: Any) -> None:
        for note in root:
            author = value(note, "author") if kind == "comments" else None
            label = "Note" if kind != "comments" else f"Comment by {author}" if author else "Comment"
            if text := one_line(_text(note, _Aside())):
                self._notes[kind, value(note, "id") or ""] = f"{label}: {text}"

    def _paragraph_kind(self, paragraph: Any) -> tuple[int, bool]:
        """The heading level (0: none), and whether it is a list item."""
        level, listed = 0, False
        for properties in paragraph:
            if local(properties) == "pPr":
                for element in properties:
                    if local(element) == "pStyle":
                        level = level or self._levels.get(value(element) or "", 0)
                        listed = listed or (value(element) or "") in self._list_styles
                    elif local(element) == "outlineLvl":
                        level = _level(value(element)) or level
                    elif local(element) == "numPr":
                        listed = not any(value(child) == "0" for child in descendants(element, "numId"))
        return level, listed and not level


def _level(outline: str | None) -> int:
    return int(outline) + 1 if outline is not None and outline.isdecimal() and int(outline) < 9 else 0


def _rows(table: Any, aside: _Aside) -> Iterator[str]:
    for row in descendants(table, "tr"):
        if next(ancestor for ancestor in row.iterancestors() if local(ancestor) == "tbl") is not table:
            continue  # a table inside a cell: its text is part of that cell
        cells = [one_line(_text(cell, aside)) for cell in row.iter("{*}tc") if _row_of(cell) is row]
        if any(cells):
            yield " | ".join(cells)


def _row_of(cell: Any) -> Any:
    return next((ancestor for ancestor in cell.iterancestors() if local(ancestor) == "tr"), None)


def _text(element: Any, aside: _Aside) -> str:
    """The text a reader sees inside `element`; what was deleted with changes tracked is left out."""
    parts: list[str] = []
    waiting = [element]
    while waiting:
        inner = waiting.pop()
        kind = local(inner)
        if kind == "t":
            parts.append(inner.text or "")
        elif kind in _INSTEAD:
            parts.append(_INSTEAD[kind])
        elif kind == "txbxContent":
            aside.boxes.append(inner)
        elif kind in _NOTES:
            aside.notes.append(f"{kind} {value(inner, 'id') or ''}")
        elif kind in _DRAWN:
            aside.drawings.append(value(inner, _DRAWN[kind]) or "")
        elif kind not in _SKIPPED:
            if kind == "p" and parts:
                parts.append("\n")
            waiting.extend(reversed(inner))
    return "".join(parts)
