"""Where in the preview stands what is edited: a field of the form, or a line of the source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.markdown.titles import CELLS, HEADINGS, SECTION_HEADINGS, normal
from forge_desktop.ui.card_text import preview_text

_PART = re.compile(r"#{1,3} ")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^#{1,6} +(.*?)[ #]*$")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MARKS = re.compile(r"[*_`\\]")
_FIRST = 24  # letters by which a line is found again


@dataclass(frozen=True)
class Spot:
    """A part of the preview's text, and what the line begins with there; "" for the part's beginning."""

    part: int
    words: str = ""


def parts_of(text: str) -> list[str]:
    """The parts in which a text is drawn: each begins with a heading, but for what stands before the first."""
    parts: list[list[str]] = [[]]
    fence = ""
    for line in _LINE.findall(text):
        if (found := _FENCE.match(line)) is not None and (not fence or found[1].startswith(fence)):
            fence = "" if fence else found[1]
        elif not fence and _PART.match(line) and parts[-1]:
            parts.append([])
        parts[-1].append(line)
    return ["".join(part) for part in parts]


def spot_of(parts: Sequence[str], key: str) -> Spot | None:
    """Where a field stands, or a section by its key; its section where it stands nowhere; None for neither."""
    field = BY_KEY.get(key)
    section = field.section if field is not None else key
    below: Spot | None = Spot(0) if section == "identity" else None
    for number, part in enumerate(parts):
        facts = False  # within a table of them
        for line in part.split("\n"):
            cells = [normal(cell) for cell in line.split("|")[1:3]] if line.startswith("|") else []
            if (heading := _HEADING.match(line)) is not None:
                title = normal(heading[1])
                if field is not None and HEADINGS.get(title, ("", 0))[0] == key:
                    return Spot(number, _plain(heading[1]))
                if SECTION_HEADINGS.get(title) == section:
                    below = Spot(number)
            elif facts and field is not None and cells and CELLS.get(cells[0]) == key:
                return Spot(number, _plain(line.split("|", 2)[1].strip()))
            facts = cells == ["what", "value"] or (facts and bool(cells))
    return below


def spot_at(source: str, position: int) -> Spot:
    """Where a place in the source stands."""
    end = source.find("\n", position)
    before = source if end < 0 else source[:end]
    seen = preview_text(before)
    if before.startswith("---") and seen.startswith("---"):  # within the front matter
        return Spot(0)
    line = before[before.rfind("\n") + 1 :].strip()
    if (heading := _HEADING.match(line)) is not None:
        line = heading[1]
    elif line.startswith("|"):
        line = line.split("|", 2)[1].strip()
    return Spot(len(parts_of(seen)) - 1, _plain(re.sub(r"^(?:[-*+>]|\d+[.)])\s+", "", line)))


def _plain(words: str) -> str:
    return _MARKS.sub("", words)[:_FIRST].strip()
