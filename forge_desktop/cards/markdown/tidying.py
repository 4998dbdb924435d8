"""Takes what is left empty along: a table of facts without a line, a section of ours without anything in it."""

from __future__ import annotations

from collections.abc import Sequence

from forge_desktop.cards.markdown.body_edits import LineEdit
from forge_desktop.cards.markdown.outline import Outline


def tidied(outline: Outline, edits: Sequence[LineEdit]) -> list[LineEdit]:
    """The edits, and those that remove what nothing would be left of."""
    made = list(edits)
    for table in outline.tables:
        if table.facts and table.rows and _emptied(outline, made, table.first + 2, table.last):
            made.append(LineEdit(table.first, _with_blank(outline, table.last), ()))
    sections = {heading.section: heading for heading in reversed(outline.headings) if heading.section}
    for heading in sections.values():
        last = outline.end_with_all(heading)
        if _emptied(outline, made, heading.last, last):
            made.append(LineEdit(heading.first, last, ()))
    return made


def _emptied(outline: Outline, edits: Sequence[LineEdit], first: int, last: int) -> bool:
    """Whether all text on these lines goes, some of it does, and none comes."""
    gone: set[int] = set()
    for edit in edits:
        if edit.first <= last and edit.last >= first and edit.lines:
            return False
        if not edit.lines:
            gone.update(range(max(first, edit.first), min(last, edit.last)))
    there = {at for at in range(first, last) if outline.bare[at].strip()}
    return bool(gone) and there <= gone


def _with_blank(outline: Outline, at: int) -> int:
    return at + 1 if at < len(outline.bare) and not outline.bare[at].strip() else at
