"""Cards in JSON and in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from forge_desktop.base.money import shown as dollars
from forge_desktop.base.money import usd
from forge_desktop.cards.comparing.rows import worded
from forge_desktop.cards.fields import BY_KEY, SECTIONS, Field, nothing_paid, of_kind
from forge_desktop.cards.listing import listed
from forge_desktop.cards.records import (
    NOT_KNOWN,
    Card,
    CardEntry,
    CardVersion,
    Change,
    FieldState,
    Leak,
    Problem,
    Value,
)
from forge_desktop.cards.taking import day, origin
from forge_desktop.cli.output import Output

_WIDE = 26
_NOTHING: dict[str, object] = {
    "value": None,
    "unit": "",
    "shown": "",
    "origin": None,
    "source": None,
    "detail": {},
    "at": None,
    "stale": "",
}


def entry_fields(entry: CardEntry) -> dict[str, object]:
    """A card of the list as it stands in JSON."""
    return {
        "card": entry.uid,
        "kind": entry.kind,
        "subject": entry.subject or None,
        "label": entry.label,
        "name": entry.name,
        "state": entry.state,
        "filled": entry.filled,
        "required": entry.required,
        "stale": entry.stale,
        "errors": entry.errors,
        "changed": round(entry.changed, 3),
        "orphan": entry.orphan,
    }


def card_fields(card: Card) -> dict[str, object]:
    """A card as it stands in JSON, without its values."""
    return {
        "card": card.uid,
        "kind": card.kind,
        "subject": card.subject or None,
        "label": card.label,
        "name": card.name,
        "state": card.state,
        "parent": card.parent or None,
        "created": round(card.created, 3),
        "changed": round(card.changed, 3),
        "orphan": card.orphan,
        "broken": card.broken is not None,
        "problem": None if card.problem is None else problem_fields(card.problem),
        "can_undo": card.can_undo,
        "can_redo": card.can_redo,
    }


def field_fields(field: Field, state: FieldState | None, card: Card) -> dict[str, object]:
    """A field with what stands in it, as it stands in JSON."""
    shown = None if state is None or state.not_applicable else state.shown
    beneath = state is not None and (state.hand is not None or bool(state.not_applicable))
    return {
        "field": field.key,
        "title": field.title,
        "section": field.section,
        "required": field.required_for(card.kind),
        "guidance": field.guidance,
        "example": field.example,
        **(value_fields(field, shown) if shown is not None else _NOTHING),
        "measured": value_fields(field, state.measured) if beneath and state and state.measured else None,
        "not_applicable": state.not_applicable if state is not None else "",
        "taken_over": state is not None and state.taken_over,
    }


def value_fields(field: Field, value: Value) -> dict[str, object]:
    """A value; money is a decimal text of dollars."""
    money = field.type == "money" and isinstance(value.data, int)
    return {
        "value": usd(value.data) if money and isinstance(value.data, int) else value.data,
        "unit": value.unit,
        "shown": in_words(field, value),
        "origin": value.origin,
        "source": value.source,
        "detail": dict(value.detail),
        "at": round(value.at, 3),
        "stale": value.stale,
    }


def no_value(why: str) -> str:
    """Why a field has no value, in words: it does not apply, or a fill found that it is not known."""
    return why[0].lower() + why[1:] if why.startswith(NOT_KNOWN) else f"does not apply: {why}"


def problem_fields(problem: Problem) -> dict[str, object]:
    """A problem as it stands in JSON."""
    return dataclasses.asdict(problem)


def leak_fields(leak: Leak) -> dict[str, object]:
    """What is private, as it stands in JSON: this never leaves with an export."""
    return dataclasses.asdict(leak)


def version_fields(version: CardVersion) -> dict[str, object]:
    """A numbered version of a card as it stands in JSON."""
    return {
        "number": version.number,
        "sha256": version.sha256,
        "published": version.published,
        "who": version.who,
        "note": version.note,
        "at": round(version.at, 3),
    }


def change_fields(change: Change) -> dict[str, object]:
    """A difference as it stands in JSON."""
    return {**dataclasses.asdict(change), "what": change_in_words(change)}


def change_in_words(change: Change) -> str:
    """A difference as a sentence."""
    if change.what:
        return change.what
    title = BY_KEY[change.field].title if change.field in BY_KEY else change.field
    return f"{title}: {change.before!r} → {change.after!r}"


def in_words(field: Field, value: Value) -> str:
    """A value for people."""
    data = value.data
    if free := nothing_paid(field.key, data):
        return free
    if field.type == "money" and isinstance(data, int):
        return dollars(data)
    if field.type == "facts" and isinstance(data, Mapping):
        return "\n".join(f"{name}: {one}" for name, one in data.items())
    if field.type == "rows" and isinstance(data, Sequence) and not isinstance(data, str):
        told = result_in_words if field.key == "evaluation" else _row_in_words
        return "\n".join(told(row) for row in data if isinstance(row, Mapping))
    if isinstance(data, list):
        return listed(data)
    return worded(value, field.key)


def result_in_words(row: Mapping[str, object]) -> str:
    """A result of an evaluation: of what, its figure, the difference to what. JSON has every column."""
    of = " ".join(str(row[name]) for name in ("dataset", "split") if row.get(name))
    unit = f" {row['unit']}" if row.get("unit") not in (None, "", "share") else ""
    figure = f"{_short(row['value'])}{unit}" if _has(row, "value") else "without a value"
    said = f"{of or row.get('task') or 'result'}: {row.get('metric') or 'value'} {figure}"
    said = said.replace(": value without a value", ": without a value")
    interval = f"{_short(row['low'])} to {_short(row['high'])}" if _has(row, "low", "high") else ""
    if _has(row, "difference"):
        against = f", against {_short(row['baseline'])}" if _has(row, "baseline") else ""
        said += f", difference {_short(row['difference'])}{f' ({interval})' if interval else ''}{against}"
    elif interval:
        said += f" ({interval})"
    said += f", n {row['n']}" if _has(row, "n") else ""
    return said + (f", {row['date']}" if _has(row, "date") else "")


def _has(row: Mapping[str, object], *columns: str) -> bool:
    return all(row.get(column) not in (None, "") for column in columns)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _row_in_words(row: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {one}" for name, one in row.items() if one not in (None, ""))


def tell(card: Card, out: Output, *, field: str = "", everything: bool = False) -> None:
    """A card for people: section by section, each value with where it is from."""
    wanted = [one for one in of_kind(card.kind) if not field or one.key == field]
    for key, title in SECTIONS:
        lines = [
            line
            for one in wanted
            if one.section == key
            for line in _lines(one, card.fields.get(one.key), card, everything=everything or bool(field))
        ]
        if lines:
            out.line(title)
        for line in lines:
            out.text(line, under=_WIDE + 4)


def _lines(field: Field, state: FieldState | None, card: Card, *, everything: bool) -> Iterator[str]:
    beneath = " " * (_WIDE + 4)
    name = f"  {f'{field.title} [{field.key}]' if everything else field.title}".ljust(_WIDE + 3)
    if len(name) > _WIDE + 3:  # what is said of it begins under it, with the others
        yield name
        name = beneath[:-1]
    if state is not None and state.not_applicable:
        yield f"{name} {no_value(state.not_applicable)}"
        return
    if state is None or state.shown is None:
        if everything or field.required_for(card.kind):
            yield f"{name} {'missing' if field.required_for(card.kind) else 'empty'}"
            if field.guidance:
                yield f"{beneath}{field.guidance}"
            if field.example and everything:
                yield f"{beneath}For example: {field.example}"
        return
    yield f"{name} {in_words(field, state.shown)}"
    yield f"{beneath}({origin(state.shown)}{', taken over: not looked at yet' if state.taken_over else ''})"
    if state.hand is not None and state.measured is not None:
        yield f"{beneath}{state.measured.found}: {in_words(field, state.measured)} ({origin(state.measured)})"
    for value in (state.hand, state.measured):
        if value is not None and value.stale:
            yield f"{beneath}stale: {value.stale}"


def heading(card: Card) -> str:
    """A card in a line."""
    label = f"{card.label}  " if card.label and card.label != card.name else ""
    return f"{label}{card.name}  ({card.kind}, {card.state})"


def way_on(card: Card, missing: Sequence[str]) -> str:
    """What to do about what a card lacks, as a sentence; "" where it lacks nothing."""
    if not missing or card.state == "published":
        return ""
    name = card.label if card.label and " " not in card.label else card.uid[:8]
    known = any(field.filled for field in of_kind(card.kind) if field.title in missing) and not card.orphan
    fill = f"`card fill {name}` fills in what is known. " if known else ""
    return f"{fill}`card show {name} FIELD` says what belongs in a field, `card set {name} FIELD VALUE` writes it."


def moment(version: CardVersion) -> str:
    """A version in a line."""
    what = "published" if version.published else "kept"
    who, note = f" by {version.who}" if version.who else "", f": {version.note}" if version.note else ""
    return f"  {version.number:>3}  {day(version.at)}  {what}{who}{note}  {version.sha256[:12]}"
