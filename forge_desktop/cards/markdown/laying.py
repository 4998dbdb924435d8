"""Where fields go that a body does not have yet: into their section, in their order, beside what is there."""

from __future__ import annotations

from collections.abc import Sequence

from forge_desktop.cards.fields import BY_KEY, FIELDS, SECTIONS
from forge_desktop.cards.markdown import cells, standing, titles, wishes
from forge_desktop.cards.markdown.body_edits import LineEdit
from forge_desktop.cards.markdown.outline import HEADER, Heading, Outline, Table
from forge_desktop.cards.markdown.places import Place, top_heading
from forge_desktop.cards.markdown.wishes import Wish

_RANK = {field.key: number for number, field in enumerate(FIELDS)}
_SECTION_RANK = {key: number for number, (key, _) in enumerate(SECTIONS)}


def edits(outline: Outline, places: dict[str, Place], new: Sequence[Wish]) -> list[LineEdit]:
    """The lines to put in for fields that have no place."""
    made, rest = _top(outline, new)
    for section, title in SECTIONS:
        ours = [wish for wish in rest if wish.field.section == section]
        if ours:
            made += _section(outline, places, section, title, ours)
    return made


def _top(outline: Outline, new: Sequence[Wish]) -> tuple[list[LineEdit], list[Wish]]:
    """Name and summary, where they can stand as a heading and a paragraph; else they are facts like others."""
    made: list[LineEdit] = []
    rest = list(new)
    by_key = {wish.field.key: wish for wish in new}
    name, summary = by_key.get("name"), by_key.get("summary")
    heading = top_heading(outline)
    if name and heading is None and not "".join(outline.bare).strip() and standing.as_name(name.held):
        assert name.held is not None
        made.append(LineEdit(0, 0, [f"# {name.held[0]}"], 0, apart=True))
        rest.remove(name)
    if summary and (heading is not None or made) and standing.as_summary(summary.held):
        assert summary.held is not None
        at = heading.last if heading is not None else 0
        made.append(LineEdit(at, at, [str(summary.held[0])], 1, apart=True))
        rest.remove(summary)
    return made, rest


def _section(
    outline: Outline, places: dict[str, Place], section: str, title: str, new: Sequence[Wish]
) -> list[LineEdit]:
    facts = [wish for wish in new if not titles.has_heading(wish.field.key)]
    blocks = [wish for wish in new if titles.has_heading(wish.field.key)]
    heading = next((heading for heading in outline.headings if heading.section == section), None)
    table = _table_of(outline, places, section)
    made: list[LineEdit] = []
    if facts and table is not None:
        made += [_row(table, places, wish) for wish in facts]
        facts = []
    if section == "identity":
        return made + ([_identity(outline, places, facts)] if facts else [])
    rank = 10 + 1000 * _SECTION_RANK[section]
    if heading is None:
        if facts or blocks:
            at, lines = _section_end(outline, section), [f"## {title}"]
            lines += ["", *_table_lines(facts)] if facts else []
            for wish in blocks:
                lines += ["", *_block(wish, 3)]
            made.append(LineEdit(at, at, lines, rank, apart=True))
        return made
    if facts:
        at = _intro_end(outline, heading)
        made.append(LineEdit(at, at, _table_lines(facts), rank, apart=True))
    for wish in blocks:
        at = _block_place(outline, places, heading, wish)
        level = min(6, heading.level + 1)
        made.append(LineEdit(at, at, _block(wish, level), rank + 1 + _RANK[wish.field.key], apart=True))
    return made


def _table_of(outline: Outline, places: dict[str, Place], section: str) -> Table | None:
    """The table of facts that a section has already."""
    return next(
        (
            place.table
            for key, place in places.items()
            if place.form == "cell" and place.table is not None and BY_KEY[key].section == section
        ),
        None,
    )


def _row(table: Table, places: dict[str, Place], wish: Wish) -> LineEdit:
    """A line in its order among those of a table."""
    at = table.first + 2
    for key, place in places.items():
        if place.form == "cell" and place.table == table and _RANK[key] < _RANK[wish.field.key]:
            at = max(at, place.last)
    return LineEdit(at, at, [wishes.row(wish)], _RANK[wish.field.key])


def _identity(outline: Outline, places: dict[str, Place], facts: Sequence[Wish]) -> LineEdit:
    """The short table of facts at the top: behind the summary, else behind the name."""
    summary, heading = places.get("summary"), top_heading(outline)
    if summary is not None and summary.form == "summary":
        at = summary.last
    else:
        at = heading.last if heading is not None else 0
    return LineEdit(at, at, _table_lines(facts), 2, apart=True)


def _table_lines(facts: Sequence[Wish]) -> list[str]:
    return [cells.joined(list(HEADER)), "|---|---|---|", *(wishes.row(wish) for wish in facts)]


def _block(wish: Wish, level: int) -> list[str]:
    lines = [f"{'#' * level} {wish.field.title}", ""]
    if wish.held is None or wish.field.type == "text":
        return lines + wishes.text_lines(wish, level)
    return lines + wishes.block_lines(wish.field, wish.held) + wishes.spaced(wishes.notes(wish))


def _trimmed(outline: Outline, at: int, least: int) -> int:
    while at > least and not outline.bare[at - 1].strip():
        at -= 1
    return at


def _intro_end(outline: Outline, heading: Heading) -> int:
    following = [other.first for other in outline.headings if other.first > heading.first]
    stop = outline.boxes.outermost(following[0], heading.first) if following else len(outline.bare)
    return _trimmed(outline, min(stop, outline.end_of(heading)), heading.last)


def _block_place(outline: Outline, places: dict[str, Place], section: Heading, wish: Wish) -> int:
    stop = outline.end_with_all(section)
    before = [
        place.heading
        for key, place in places.items()
        if place.heading is not None
        and place.form in ("text", "block")
        and section.first < place.heading.first < stop
        and _RANK[key] < _RANK[wish.field.key]
    ]
    if not before:
        return _intro_end(outline, section)
    last = max(before, key=lambda heading: heading.first)
    return _trimmed(outline, outline.end_of(last), last.last)


def _section_end(outline: Outline, section: str) -> int:
    """Where a new section goes: behind those of ours before it, else before the one behind it, else at the end."""
    ours = {heading.section: heading for heading in reversed(outline.headings) if heading.section}
    rank = _SECTION_RANK[section]
    before = [heading for key, heading in ours.items() if _SECTION_RANK[key] < rank]
    if before:
        last = max(before, key=lambda heading: heading.first)
        return _trimmed(outline, outline.end_with_all(last), last.last)
    behind = [heading for key, heading in ours.items() if _SECTION_RANK[key] > rank]
    if behind:
        return _trimmed(outline, outline.boxes.outermost(min(heading.first for heading in behind), -1), 0)
    return _trimmed(outline, len(outline.bare), 0)
