"""What the OpenDocument formats share: opening, and the text of paragraphs, cells and notes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from forge_desktop.corpus.parsers import Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.office import OfficeFile, descendants, local, one_line, value

CONTENT = "content.xml"

_UNREAD = frozenset(["tracked-changes", "forms", "sequence-decls", "ruby-text", "desc", "title", "bookmark-start"])
_BLOCKS = ("p", "h")
_SPACE = re.compile(r"[ \t\r\n]+")
MOST_COPIES = 100  # of a repeated row or cell; what says "the same a million times" is written once


@dataclass
class Aside:
    """What is anchored in a paragraph and follows it: text boxes and tables in frames, notes and comments."""

    frames: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def opened(data: bytes, kind: str) -> OfficeFile:
    """The file's parts. Raises Unreadable for a password, a damaged or an oversized file."""
    package = OfficeFile(data, kind)
    manifest = "META-INF/manifest.xml"
    if package.has(manifest) and b"encryption-data" in package.read(manifest):
        raise Unreadable(f"The {kind} file is protected by a password.")
    if not package.has(CONTENT):
        raise Unreadable(f"The {kind} file is damaged: it holds no document.")
    return package


def copies(element: Any, of: str) -> int:
    """How many times a row or cell stands there, as far as it is worth writing."""
    count = value(element, f"number-{of}-repeated") or "1"
    repeated = int(count) if count.isdecimal() and len(count) < 10 else 1
    return repeated if repeated <= MOST_COPIES else 1


def text_of(element: Any, aside: Aside | None = None) -> str:
    """The text of a paragraph, or of the paragraphs inside `element`, one a line. What stands aside goes there."""
    parts: list[str] = []
    waiting: list[tuple[Any, bool]] = [(element, False)]
    while waiting:
        inner, ended = waiting.pop()
        if ended:
            parts.append(_SPACE.sub(" ", inner.tail or ""))
            continue
        kind = local(inner)
        if inner is not element:
            waiting.append((inner, True))
        if kind in ("note", "annotation"):
            if aside is not None and (note := note_of(inner)):
                aside.notes.append(note)
        elif kind in ("text-box", "table") and inner is not element and aside is not None:
            aside.frames.append(inner)
        elif kind == "s":
            count = value(inner, "c") or "1"
            parts.append(" " * min(int(count) if count.isdecimal() else 1, 100))
        elif kind in ("tab", "line-break"):
            parts.append("\t" if kind == "tab" else "\n")
        elif kind not in _UNREAD:
            if kind in _BLOCKS and any(part.strip() for part in parts):
                parts.append("\n")
            parts.append(_SPACE.sub(" ", inner.text or ""))
            waiting.extend((child, False) for child in reversed(inner))
    return "\n".join(line.strip(" ") for line in "".join(parts).split("\n"))


def add_aside(aside: Aside, lines: Composer) -> None:
    """The notes and comments of what was just written."""
    for note in aside.notes:
        lines.add(note)


def add_table(table: Any, lines: Composer, aside: Aside) -> None:
    """A table, one row a line. A table inside a cell is part of that cell's text."""
    started = False
    for row in descendants(table, "table-row"):
        if next(ancestor for ancestor in row.iterancestors() if local(ancestor) == "table") is not table:
            continue
        cells: list[str] = []
        for cell in row:
            if local(cell) == "table-cell":
                own = Aside()
                words = [text_of(cell, own), *(text_of(frame, own) for frame in own.frames)]
                aside.notes.extend(own.notes)
                cells += [one_line(" ".join(words))] * copies(cell, "columns")
        while cells and not cells[-1]:
            cells.pop()
        for _ in range(copies(row, "rows") if cells else 0):
            lines.add(" | ".join(cells), close=started, whole=True)
            started = True


def note_of(element: Any) -> str:
    """A footnote without its number, or a comment with its author."""
    paragraphs = [text_of(p) for p in element.iter("{*}p", "{*}h")]
    author = next((one_line(creator.text or "") for creator in descendants(element, "creator")), "")
    label = "Note" if local(element) == "note" else f"Comment by {author}" if author else "Comment"
    return f"{label}: {text}" if (text := one_line(" ".join(paragraphs))) else ""
