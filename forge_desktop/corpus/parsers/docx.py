"""DOCX: paragraphs, headings, lists and notes in reading order; a table row is one line."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.office import OfficeFile

_SKIPPED = frozenset(
    ["del", "moveFrom", "instrText", "delText", "Fallback", "pPr", "rPr", "tblPr", "sectPr", "fldData"]
)
_INSTEAD = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}


def parse(data: bytes) -> Parsed:
    """The document's text and headings. Raises Unreadable for a password, a damaged or an oversized file."""
    package = OfficeFile(data, "Word")
    main = _main_part(package)
    folder = posixpath.dirname(main)
    levels = _heading_levels(package, f"{folder}/styles.xml")
    lines = _Lines()
    _blocks(package.xml(main), levels, lines)
    for part in ("footnotes", "endnotes"):
        if package.has(f"{folder}/{part}.xml"):
            _blocks(package.xml(f"{folder}/{part}.xml"), levels, lines)
    return Parsed("".join(lines.parts), headings=tuple(lines.headings))


class _Lines:
    """Paragraphs and rows, joined; remembers where each heading begins."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.headings: list[tuple[int, int, str]] = []
        self._length = 0

    def add(self, text: str, *, level: int = 0, close: bool = False) -> None:
        """A line after a blank one, or directly below the last one (`close`)."""
        if not text.strip():
            return
        if self._length:
            gap = "\n" if close else "\n\n"
            self.parts.append(gap)
            self._length += len(gap)
        if level:
            self.headings.append((self._length, level, " ".join(text.split())))
        self.parts.append(text)
        self._length += len(text)


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _value(element: Any, name: str = "val") -> str | None:
    """An attribute by its local name: strict and transitional files differ in the namespace."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def _main_part(package: OfficeFile) -> str:
    if package.has("_rels/.rels"):
        for relation in package.xml("_rels/.rels"):
            if (relation.get("Type") or "").endswith("/officeDocument"):
                return (relation.get("Target") or "").lstrip("/")
    if package.has("word/document.xml"):
        return "word/document.xml"
    raise Unreadable("The Word file is damaged: it holds no document.")


def _heading_levels(package: OfficeFile, part: str) -> dict[str, int]:
    """Style id to heading level, by the style's outline level or its English name, which every language keeps."""
    levels: dict[str, int] = {}
    if not package.has(part):
        return levels
    for style in package.xml(part):
        if _local(style) != "style":
            continue
        name, level = "", 0
        for element in style.iter():
            if _local(element) == "name" and element.getparent() is style:
                name = (_value(element) or "").lower()
            elif _local(element) == "outlineLvl":
                level = _level(_value(element))
        if name == "title":
            level = 1
        elif name.startswith("heading "):
            level = _level(str(int(name[8:]) - 1)) if name[8:].isdecimal() else level
        if level:
            levels[_value(style, "styleId") or ""] = level
    return levels


def _level(outline: str | None) -> int:
    return int(outline) + 1 if outline is not None and outline.isdecimal() and int(outline) < 9 else 0


def _blocks(root: Any, levels: dict[str, int], lines: _Lines) -> None:
    """Paragraphs and table rows under `root`, in order, without recursion into themselves."""
    in_list = False
    waiting = [root]
    while waiting:
        element = waiting.pop()
        kind = _local(element)
        if kind == "p":
            level, listed = _paragraph_kind(element, levels)
            lines.add(("- " if listed else "") + _text(element), level=level, close=listed and in_list)
            in_list = listed
        elif kind == "tbl":
            in_list = False
            for number, row in enumerate(_rows(element)):
                lines.add(row, close=number > 0)
        elif kind not in _SKIPPED:
            waiting.extend(reversed(element))


def _paragraph_kind(paragraph: Any, levels: dict[str, int]) -> tuple[int, bool]:
    """The heading level (0: none), and whether it is a list item."""
    level, listed = 0, False
    for properties in paragraph:
        if _local(properties) == "pPr":
            for element in properties:
                if _local(element) == "pStyle":
                    level = level or levels.get(_value(element) or "", 0)
                elif _local(element) == "outlineLvl":
                    level = _level(_value(element)) or level
                elif _local(element) == "numPr":
                    listed = True
    return level, listed and not level


def _rows(table: Any) -> Iterator[str]:
    for row in (element for element in table.iter() if _local(element) == "tr"):
        if next(ancestor for ancestor in row.iterancestors() if _local(ancestor) == "tbl") is not table:
            continue  # a table inside a cell: its text is part of that cell
        cells = [" ".join(_text(cell).split()) for cell in row if _local(cell) == "tc"]
        if any(cells):
            yield " | ".join(cells)


def _text(element: Any) -> str:
    """The text a reader sees inside `element`; what was deleted with changes tracked is left out."""
    parts: list[str] = []
    waiting = [element]
    while waiting:
        inner = waiting.pop()
        kind = _local(inner)
        if kind == "t":
            parts.append(inner.text or "")
        elif kind in _INSTEAD:
            parts.append(_INSTEAD[kind])
        elif kind not in _SKIPPED:
            if kind == "p" and parts:
                parts.append("\n")
            waiting.extend(reversed(inner))
    return "".join(parts)
