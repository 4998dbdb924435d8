"""Where each field of ours stands in a card's body, and what is said there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from forge_desktop.cards.fields import BY_KEY, Field
from forge_desktop.cards.markdown import cells, facts, row_tables, titles
from forge_desktop.cards.markdown.facts import Held
from forge_desktop.cards.markdown.margins import BEGIN
from forge_desktop.cards.markdown.outline import Heading, Outline, Table, end_mark
from forge_desktop.cards.records import Kind

Form = Literal["cell", "text", "block", "bullet", "name", "summary"]
_BOLD = re.compile(r"(\s*[-*+]\s+\*\*([^*]+?):?\*\*:?\s*)(.*?)\s*\Z")
_REASON = re.compile(r"\*Not applicable: (.*)\*")
_NOTE = re.compile(r"\*Source: .*\*\Z|\*\*No longer true:\*\* |\*As (?:measured|filled in):\*\Z")
_EMPTY = re.compile(
    r"\[More Information Needed\]|\{\{.*\}\}|\*\*(?:BibTeX|APA):\*\*|Use the code below to get started with the model\."
)
_LONGEST_SUMMARY = 1000  # characters of a line: a longer paragraph is a text and sums nothing up
_MODEL_CARD = re.compile(r"Model Card for\s+", re.IGNORECASE)
_NO_SUMMARY = re.compile(
    r" {0,3}([>#|<]|[-*+][ \t]|\d{1,9}[.)][ \t]|`{3}|~{3}|!\[|\[!\[|(?:[-*_][ \t]*){3,}\Z)|    |\t"
)


@dataclass(frozen=True)
class Place:
    """A field's place on lines `first` to `last` (exclusive). `held` is what it says, `reason` why it does not apply.

    `heading` and `table` are what it stands under or in; `row` is the cells of its line as they stand.
    """

    form: Form
    first: int
    last: int
    held: Held | None = None
    reason: str = ""
    heading: Heading | None = None
    table: Table | None = None
    row: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    @property
    def says(self) -> bool:
        """Whether there is anything at all."""
        return self.held is not None or bool(self.reason)


def found(outline: Outline, kind: Kind) -> dict[str, Place]:
    """The places of a kind of card's fields: tables of facts first, then headings, then entries of lists."""
    places: dict[str, Place] = {}
    for table in outline.tables:
        if table.facts:
            for number, row in enumerate(table.rows):
                _cell(places, table, number, row, kind)
    _under_headings(places, outline, kind)
    for at, line in enumerate(outline.bare):
        match = _BOLD.match(line) if outline.solid[at] and "**" in line else None
        key = titles.BOLD_FIELDS.get(titles.normal(match[2])) if match else None
        if match and key and key not in places and BY_KEY[key].belongs_to(kind):
            held = None if _EMPTY.fullmatch(match[3]) or not match[3] else (match[3], "")
            places[key] = Place("bullet", at, at + 1, held, row=(match[1], match[3]))
    _top(places, outline)
    return places


def top_heading(outline: Outline) -> Heading | None:
    """The heading that names the model."""
    return next((heading for heading in outline.headings if heading.level == 1), None)


def _cell(places: dict[str, Place], table: Table, number: int, row: tuple[str, ...], kind: Kind) -> None:
    key = titles.CELLS.get(titles.normal(row[0])) if row else None
    if key is None or key in places or not BY_KEY[key].belongs_to(kind):
        return
    at = table.first + 2 + number
    words = cells.unescaped(row[1]) if len(row) > 1 else ""
    source = cells.unescaped(row[2]) if len(row) > 2 else ""
    if facts.says_absent(words, source):
        places[key] = Place("cell", at, at + 1, None, source, table=table, row=row)
    else:
        places[key] = Place("cell", at, at + 1, facts.understood(BY_KEY[key], words), table=table, row=row)


def _under_headings(places: dict[str, Place], outline: Outline, kind: Kind) -> None:
    candidates: dict[str, list[Heading]] = {}
    for heading in sorted(outline.headings, key=lambda heading: (heading.rank, heading.first)):
        key = heading.field
        if key and key not in places and BY_KEY[key].belongs_to(kind):
            candidates.setdefault(key, []).append(heading)
    for key, there in candidates.items():
        under = (_under(outline, heading, BY_KEY[key]) for heading in there)
        places[key] = next((place for place in under if place.says), None) or _under(outline, there[0], BY_KEY[key])


def _under(outline: Outline, heading: Heading, what: Field) -> Place:
    first, last = outline.content(heading)
    bare = outline.bare
    if last - first == 1 and (match := _REASON.fullmatch(bare[first].strip())):
        form: Form = "text" if what.type == "text" else "block"
        return Place(form, first, last, None, cells.unescaped(match[1]), heading=heading)
    if what.type in ("facts", "rows"):
        return _table(outline, heading, what, first, last)
    if what.key in titles.BULLETS:
        return _bullets(outline, heading, first, last)
    text = _text(bare, first, last)
    if what.type != "text":
        # A fact that others put under a heading of its own: its first line.
        word = text.strip("<> \n") if text is not None and "\n" not in text.strip() else None
        return Place("text", first, last, (word, "") if word else None, heading=heading)
    return Place("text", first, last, None if text is None else (text, ""), heading=heading)


def _text(bare: list[str], first: int, last: int) -> str | None:
    """The text on these lines; None where there is none, or only what a template leaves to be filled in."""
    if first == last:
        return None
    begin = BEGIN.match(bare[first])
    if begin and last - first > 1 and bare[last - 1] == end_mark(begin[1]):
        return "\n".join(bare[first + 1 : last - 1])
    if all(not line.strip() or _EMPTY.fullmatch(line.strip()) for line in bare[first:last]):
        return None
    return "\n".join(bare[first:last])


def _table(outline: Outline, heading: Heading, what: Field, first: int, last: int) -> Place:
    if (exact := _exact(outline, heading, what, first, last)) is not None:
        return exact
    for table in outline.tables_in(first, last):
        if row_tables.is_ours(what, table):
            end, notes = _notes(outline, table.last, last)
            held = row_tables.understood(what, table)
            return Place("block", table.first, end, (held, "") if held else None, "", heading, table, notes=notes)
    return Place("block", first, first, None, "", heading)


def _exact(outline: Outline, heading: Heading, what: Field, first: int, last: int) -> Place | None:
    """A value that no table can say, in JSON on a line of its own."""
    if first == last or not outline.bare[first].startswith("`json:"):
        return None
    held = facts.understood(what, outline.bare[first])
    end, notes = _notes(outline, first + 1, last)
    return Place("block", first, end, held, "", heading, notes=notes)


def _bullets(outline: Outline, heading: Heading, first: int, last: int) -> Place:
    if (exact := _exact(outline, heading, BY_KEY[heading.field], first, last)) is not None:
        return exact
    items: list[object] = []
    at = first
    while at < last and outline.solid[at] and (outline.bare[at].startswith(("- ", "* ")) or not outline.bare[at]):
        if outline.bare[at]:
            said = cells.decoded(outline.bare[at][2:].strip())
            items.append(said if isinstance(said, str) else outline.bare[at][2:].strip())
        at += 1
    while at > first and not outline.bare[at - 1]:
        at -= 1
    end, notes = _notes(outline, at, last) if items else (at, ())
    return Place("block", first, end, (items, "") if items else None, "", heading, notes=notes)


def _notes(outline: Outline, at: int, last: int) -> tuple[int, tuple[str, ...]]:
    """Where our own lines behind a table end, and what they say."""
    end, notes = at, []
    while at < last:
        line = outline.bare[at]
        if _NOTE.match(line):
            notes.append(line)
            end = at + 1
        elif line.strip():
            table = next(iter(outline.tables_in(at, at + 1)), None)
            behind = notes and notes[-1] in ("*As measured:*", "*As filled in:*")
            if not behind or not (table or line.startswith(("- ", "`json:"))):
                break
            stop = table.last if table else at + 1
            while line.startswith("- ") and stop < last and outline.bare[stop].startswith("- "):
                stop += 1
            notes += outline.bare[at:stop]
            at = end = stop
            continue
        at += 1
    return end, tuple(notes)


def _top(places: dict[str, Place], outline: Outline) -> None:
    """The name in the first heading and the paragraph behind it, unless a table of facts says them."""
    heading = top_heading(outline)
    if heading is None:
        return
    name = _MODEL_CARD.sub("", heading.title, count=1) if _MODEL_CARD.match(heading.title) else heading.title
    if "name" not in places and name and not _EMPTY.fullmatch(name):
        places["name"] = Place("name", heading.first, heading.last, (name, ""), heading=heading, row=(name,))
    if "summary" in places:
        return
    stop = next((other.first for other in outline.headings if other.first > heading.first), len(outline.bare))
    first, _ = outline.text_within(heading.last, stop)
    last, length = first, 0
    while (
        length <= _LONGEST_SUMMARY
        and last < stop
        and outline.bare[last].strip()
        and outline.solid[last]
        and not _NO_SUMMARY.match(outline.bare[last])
    ):
        length += len(outline.bare[last].strip()) + 1
        last += 1
    text = " ".join(line.strip() for line in outline.bare[first:last])
    if text and len(text) <= _LONGEST_SUMMARY and not _EMPTY.fullmatch(text):
        places["summary"] = Place("summary", first, last, (text, ""), heading=heading)
