"""What a card's text has to say of each field: the value, or why there is none, and how it was come by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from forge_desktop.cards.fields import BY_KEY, Field, of_kind
from forge_desktop.cards.markdown import cells, facts, row_tables, standing, titles, told
from forge_desktop.cards.markdown.facts import Held
from forge_desktop.cards.markdown.margins import RULE
from forge_desktop.cards.markdown.outline import end_mark
from forge_desktop.cards.records import Card, FieldState, Value


@dataclass(frozen=True)
class Wish:
    """One field as it should stand in the text."""

    field: Field
    state: FieldState
    held: Held | None
    reason: str = ""

    @property
    def there(self) -> bool:
        """Whether the text says anything of it."""
        return self.held is not None or bool(self.reason)

    @property
    def beside_measured(self) -> bool:
        """Whether a value by hand and a measured one have to stand side by side."""
        return self.state.hand is not None and self.state.measured is not None

    @property
    def beside(self) -> str:
        """The measured value that stands beside one by hand, "" where there are not both."""
        measured = self.state.measured
        if self.state.hand is None or measured is None or not self.held:
            return ""
        words = f" ({measured.found}: {facts.said(self.field, measured.data, measured.unit)})"
        back = facts.understood(self.field, facts.said(self.field, *self.held) + words)
        return words if same(back, self.held) else ""

    @property
    def source(self) -> str:
        """What stands in the column beside it."""
        return self.reason or told.source(self.state)


def of(card: Card) -> dict[str, Wish]:
    """The wishes for all fields of a card's kind that say something."""
    found = {}
    for field in of_kind(card.kind):
        state = card.fields.get(field.key)
        wish = _wish(field, state) if state is not None else None
        if wish is not None and wish.there:
            found[field.key] = wish
    return found


def named(name: str) -> Wish:
    """The name of a card that has no such field yet."""
    return Wish(BY_KEY["name"], FieldState("name", hand=Value(name)), (name, ""))


def same(one: Held | None, other: Held | None) -> bool:
    """Whether two values are the same in type too; the order of a mapping's keys does not count."""
    if one is None or other is None:
        return one is other
    return one[1] == other[1] and _json(one[0]) == _json(other[0])


def value_cell(wish: Wish) -> str:
    """The value as its cell holds it."""
    if wish.held is None:
        return facts.absent(wish.reason)
    return cells.escaped(facts.said(wish.field, *wish.held) + wish.beside)


def row(wish: Wish) -> str:
    """The whole line of a table of facts."""
    return cells.joined([wish.field.title, value_cell(wish), cells.escaped(" ".join(wish.source.split()))])


def text_lines(wish: Wish, level: int) -> list[str]:
    """A field's text under its heading of a level, between marks where it could be taken for something else."""
    if wish.held is None:
        return [f"*Not applicable: {cells.escaped(wish.reason)}*"]
    text = wish.held[0] if isinstance(wish.held[0], str) else _json(wish.held[0])
    if wish.field.type != "text" or standing.as_section(wish.field, text, level):
        return text.split("\n")
    mark, number = wish.field.key, 1
    while end_mark(mark) in text:
        number += 1
        mark = f"{wish.field.key}_{number}"
    return [f"<!-- begin of {mark} -->", *text.split("\n"), end_mark(mark)]


def block_lines(field: Field, held: Held) -> list[str]:
    """A table or a list that says a value, else the value in JSON."""
    data, unit = held
    if field.type in ("facts", "rows") and not unit:
        table = row_tables.lines(field, data)
        if table is not None:
            return table
    is_list = field.key in titles.BULLETS and isinstance(data, list) and data and not unit
    if is_list and isinstance(data, list) and all(isinstance(item, str) for item in data):
        return [f"- {_item(item)}" for item in data]
    return [f"`json: {facts.as_json([data, unit])}`"]


def notes(wish: Wish) -> list[str]:
    """What stands behind a table: where it is from, what is no longer true, and what was measured beside it."""
    if wish.held is None:
        return []
    stale = told.stale(wish.state)
    said = told.source(wish.state).removesuffix(stale).rstrip(". ")
    found = [f"*Source: {said}*"] if said else []
    found += [stale] if stale else []
    if wish.beside_measured and wish.state.measured is not None:
        measured = (wish.state.measured.data, wish.state.measured.unit)
        found += [f"*As {wish.state.measured.found}:*", *block_lines(wish.field, measured)]
    return found


def spaced(lines: list[str]) -> list[str]:
    """Notes as they stand behind a table: a blank line before each paragraph."""
    found: list[str] = []
    for at, line in enumerate(lines):
        inside = at and line.startswith(("|", "- ")) and lines[at - 1].startswith(("|", "- "))
        found += [line] if inside else ["", line]
    return found


def _item(item: str) -> str:
    encoded = cells.encoded(item)
    odd = "\n" in item or not item.strip() or item != item.strip() or RULE.match(f"- {item}")
    return json.dumps(item, ensure_ascii=False) if odd else encoded


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _wish(field: Field, state: FieldState) -> Wish | None:
    shown = state.shown
    if state.not_applicable:
        return Wish(field, state, None, state.not_applicable)
    return Wish(field, state, (shown.data, shown.unit)) if shown is not None else None


Wishes = Mapping[str, Wish]
