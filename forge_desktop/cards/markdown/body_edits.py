"""Edits to the lines of a body: what stands there already is changed in place, and nothing around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from forge_desktop.cards.claims import BY_HAND
from forge_desktop.cards.markdown import cells, facts, row_tables, standing, told, wishes
from forge_desktop.cards.markdown.facts import Held
from forge_desktop.cards.markdown.margins import LINK, RULE
from forge_desktop.cards.markdown.outline import Heading, Outline
from forge_desktop.cards.markdown.places import Place
from forge_desktop.cards.markdown.wishes import Wish

_BESIDE = re.compile(r" \((?:measured|filled in): .*\)\Z", re.DOTALL)


class LineEdit(NamedTuple):
    """Put lines in place of those from `first` to `last`. `apart`: with a blank line before and behind."""

    first: int
    last: int
    lines: Sequence[str]
    rank: int = 0
    apart: bool = False


def applied(outline: Outline, edits: Sequence[LineEdit], line_end: str) -> str:
    """The body with the edits made."""
    made: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.first, edit.last != edit.first, edit.rank)):
        first = max(edit.first, at)
        made += outline.lines[at:first]
        at = max(first, edit.last)
        if edit.lines:
            _ended(made, line_end)
        if edit.lines and edit.apart and made and made[-1].strip():
            made.append(line_end)
        made += [line + line_end for line in edit.lines]
        if edit.apart and edit.lines and at < len(outline.bare) and outline.bare[at].strip():
            made.append(line_end)
    return "".join(made + outline.lines[at:])


def _ended(made: list[str], line_end: str) -> None:
    if made and not made[-1].endswith("\n"):
        made[-1] += line_end


def changed(outline: Outline, place: Place, wish: Wish | None) -> list[LineEdit] | None:
    """What has to change where a field stands. None: it cannot stand there, and has to be written elsewhere."""
    if wish is None:
        return removed(outline, place) if place.says else []
    if place.form == "cell":
        return _cell(place, wish)
    if place.form == "text":
        return _text(outline, place, wish)
    if place.form == "block":
        return _block(outline, place, wish)
    if wishes.same(place.held, wish.held):
        return []
    if wish.held is None or not _stands(place, wish.held):
        return None
    return _line(outline, place, str(wish.held[0]))


def _stands(place: Place, held: Held) -> bool:
    if place.form == "name":
        return standing.as_name(held, underlined=place.last - place.first > 1)
    if place.form == "summary":
        return standing.as_summary(held)
    return isinstance(held[0], str) and not held[1] and standing.one_line(held[0])


def removed(outline: Outline, place: Place) -> list[LineEdit]:
    """The lines that go with a field: its heading too where that is ours."""
    if place.form == "name":
        return []
    if place.heading is not None and place.form in ("text", "block") and place.heading.rank == 0:
        return _with_heading(outline, place, place.heading)
    last = place.last
    if place.form == "summary" and last < len(outline.bare) and not outline.bare[last].strip():
        last += 1
    return [LineEdit(place.first, last, ())]


def _with_heading(outline: Outline, place: Place, heading: Heading) -> list[LineEdit]:
    """A field's lines and its heading, and nothing that stands around its text; with words beside it that are no part
    of the field the heading stays.
    """
    first, last = outline.content(heading)
    if first < place.first or place.last < last:
        return [LineEdit(place.first, place.last, ())]
    while last < outline.end_of(heading) and not outline.bare[last].strip():
        last += 1
    if any(line.strip() for line in outline.bare[heading.last : first]):
        return [LineEdit(heading.first, heading.last, ()), LineEdit(first, last, ())]
    return [LineEdit(heading.first, last, ())]


def _line(outline: Outline, place: Place, text: str) -> list[LineEdit]:
    if place.form == "bullet":
        return [LineEdit(place.first, place.last, [place.row[0] + text])]
    if place.form == "summary":
        return [LineEdit(place.first, place.last, [text])]
    line, old = outline.bare[place.first], place.row[0]
    at = line.rfind(old)
    return [LineEdit(place.first, place.first + 1, [line[:at] + text + line[at + len(old) :]])]


def _cell(place: Place, wish: Wish) -> list[LineEdit]:
    value = place.row[1] if len(place.row) > 1 else ""
    source = place.row[2] if len(place.row) > 2 else ""
    words = cells.unescaped(value)
    beside = _BESIDE.search(words)
    if not (wishes.same(place.held, wish.held) and (beside[0] if beside else "") == wish.beside):
        value = wishes.value_cell(wish)
    elif wish.held is None and words != facts.absent(wish.reason):
        value = facts.absent(wish.reason)
    said = " ".join(wish.source.split())
    there = cells.unescaped(source)
    is_true = there == BY_HAND and not said and wish.state.hand is not None
    if there != said and not is_true and (not there or place.reason or wish.reason or told.ours(there)):
        source = cells.escaped(said)
    new = [place.row[0], value, source, *place.row[3:]]
    return [] if new[: len(place.row)] == list(place.row) and not any(new[len(place.row) :]) else [_row(place, new)]


def _row(place: Place, row: list[str]) -> LineEdit:
    return LineEdit(place.first, place.last, [cells.joined(row)])


def _text(outline: Outline, place: Place, wish: Wish) -> list[LineEdit]:
    if wishes.same(place.held, wish.held) and place.reason == wish.reason:
        return []
    level = place.heading.level if place.heading is not None else 3
    lines = wishes.text_lines(wish, level)
    bare = outline.bare
    if place.first and LINK.match(bare[place.first - 1]) and lines[0].lstrip().startswith(("'", '"', "(")):
        lines = ["", *lines]  # on the line behind the target of a link it would be its title
    if place.first < place.last < len(bare) and (RULE.match(bare[place.last]) or LINK.match(bare[place.last])):
        lines = [*lines, ""]  # on the line before a rule it would be a heading, and a target would be part of it
    return [LineEdit(place.first, place.last, lines, apart=place.first == place.last)]


def _block(outline: Outline, place: Place, wish: Wish) -> list[LineEdit]:
    if wish.held is None:
        lines = wishes.text_lines(wish, 3)
        return [] if place.reason == wish.reason else [LineEdit(place.first, place.last, lines, apart=True)]
    notes = wishes.notes(wish)
    if wishes.same(place.held, wish.held):
        if list(place.notes) == notes:
            return []
        if place.table is not None:
            return [LineEdit(place.table.last, place.last, wishes.spaced(notes))]
    lines = wishes.block_lines(wish.field, wish.held)
    if place.table is not None:
        there = outline.bare[place.table.first : place.table.last]
        lines = row_tables.in_place(wish.field, place.table, there, lines)
    lines = [*lines, *wishes.spaced(notes)]
    return [LineEdit(place.first, place.last, lines, apart=place.first == place.last)]
