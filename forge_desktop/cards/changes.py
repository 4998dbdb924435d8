"""What differs between two cards, or two states of one: field by field, and in words."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from forge_desktop.base.money import shown
from forge_desktop.cards.fields import FIELDS, Field, nothing_paid
from forge_desktop.cards.numbers import number, seconds
from forge_desktop.cards.patches import alike
from forge_desktop.cards.records import NOT_KNOWN, Card, Change, FieldState, Value

_LONG = 60  # characters of a value that are named in a sentence
_BEFORE = 20  # characters that two long texts are named from before they differ
_HASH = 12  # digits of a hash
_SIZES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"), (1, "B"))
_OWN = frozenset(  # what differs between any two cards, and says nothing of what changed
    ("name", "version", "released", "registry", "changes", "file_sha256", "base_sha256")
)


def between(before: Card, after: Card) -> list[Change]:
    """Every field that shows something else, in the order of the fields, and the text where that differs."""
    found = of_fields(before.fields, after.fields)
    if before.document != after.document:
        found.append(Change("document", before.document, after.document, what="The text was changed."))
    return found


def of_fields(before: Mapping[str, FieldState], after: Mapping[str, FieldState]) -> list[Change]:
    """Every field that shows something else."""
    found = []
    for field in FIELDS:
        old, new = _shown(before.get(field.key)), _shown(after.get(field.key))
        if old != new:
            what = _words(field, old, new)
            found.append(Change(field.key, old[0], new[0], old[1], new[1], what))
    return found


def since_parent(before: Card, after: Card) -> list[str]:
    """What a card says that the one it was made from did not, in sentences."""
    return [
        change.what
        for change in of_fields(before.fields, after.fields)
        if change.field not in _OWN and change.after is not None
    ]


def what_changed(parent: Card, card: Card, states: Mapping[str, FieldState]) -> Value | None:
    """What a card says that the one it was made from does not; None for nothing."""
    said = since_parent(parent, dataclasses.replace(card, fields=dict(states)))
    detail = {"card": parent.uid, "label": parent.label or parent.name}
    return Value(said, "", "measured", "registry", detail, {}, time.time()) if said else None


def as_applies(said: Value | None, states: Mapping[str, FieldState]) -> Value | None:
    """What was said to have changed, without what does not apply: for a card whose parent is gone."""
    if said is None or not isinstance(said.data, list):
        return said
    silent = tuple(f"{f.title}: " for f in FIELDS if f.key in states and states[f.key].not_applicable)
    kept = [line for line in said.data if not line.startswith(silent)]
    return dataclasses.replace(said, data=kept) if kept else None


def _shown(state: FieldState | None) -> tuple[object, str]:
    if state is None:
        return None, ""
    if state.not_applicable:
        why = state.not_applicable
        return why if why.startswith(NOT_KNOWN) else f"not applicable: {why}", ""
    return (None, "") if state.shown is None else (state.shown.data, state.shown.unit)


def _words(field: Field, old: tuple[object, str], new: tuple[object, str]) -> str:
    if old[0] is None:
        return f"{field.title}: {said(field, *new)}"
    if new[0] is None:
        return f"{field.title} is gone."
    if field.type == "rows" and isinstance(old[0], list) and isinstance(new[0], list):
        return f"{field.title}: {_rows(old[0], new[0])}"
    if field.type == "facts" and isinstance(old[0], dict) and isinstance(new[0], dict):
        return f"{field.title}: {', '.join(_differing(old[0], new[0]))}"
    before, after = said(field, *old), said(field, *new)
    if before == after:  # what differs is beyond what a sentence names
        before, after = _whole(*old), _whole(*new)
        if before == after:
            return f"{field.title}: its lines are broken elsewhere"
        before, after = _apart(before, after)
    return f"{field.title}: {before} → {after}"


def _rows(old: list[Any], new: list[Any]) -> str:
    """How many rows there are, or how many of as many say something else, and in which columns."""
    if len(old) != len(new):
        return f"{len(old)} → {len(new)} rows"
    pairs = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    of = f"{len(pairs)} of {len(new)} rows changed" if len(new) > 1 else "changed"
    both = [(one, other) for one, other in pairs if isinstance(one, dict) and isinstance(other, dict)]
    columns = list(dict.fromkeys(name.replace("_", " ") for one, other in both for name in _differing(one, other)))
    return f"{of} ({', '.join(columns)})" if columns else of


def _differing(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return [str(name) for name in {**old, **new} if old.get(name) != new.get(name)]


def said(field: Field, data: object, unit: str) -> str:
    """A value in a few words."""
    if field.type == "money" and isinstance(data, int):
        return nothing_paid(field.key, data) or shown(data)
    if isinstance(data, dict) and set(data) <= {"p50", "p95"}:
        return f"{' / '.join(f'{each:g}' for each in data.values())} {unit}".strip()
    if isinstance(data, list) and all(isinstance(part, str) for part in data):
        return _short(", ".join(data))
    if isinstance(data, list):
        return f"{len(data)} row{'s' if len(data) != 1 else ''}"
    if isinstance(data, dict):
        return _short(", ".join(str(name) for name in data))
    if field.type == "hash":
        return f"{str(data)[:_HASH]}…"
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        return _short(" ".join(str(data).split()))
    return _amount(field, data, unit)


def _amount(field: Field, data: int | float, unit: str) -> str:
    """A number in the unit that suits its size."""
    if not math.isfinite(data):
        return f"{data} {unit}".strip()
    exact = Fraction(str(data))
    if field.type == "bytes" and unit == "B":
        power, name = next((each for each in _SIZES if abs(data) >= each[0]), _SIZES[-1])
        return f"{number(exact / power, 1)} {name}"
    if unit == "s" and data >= 0:
        return seconds(exact)
    return f"{data:,} {unit}".strip()


def _whole(data: object, unit: str) -> str:
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        return f"{data:,} {unit}".strip()
    return ", ".join(map(str, data)) if isinstance(data, list) else " ".join(str(data).split())


def _apart(old: str, new: str) -> tuple[str, str]:
    """Two long texts from a little before the place where they differ."""
    at = alike(old, new)
    start = old.rfind(" ", 0, max(0, at - _BEFORE)) + 1
    cut = "…" if start else ""
    return f"{cut}{_short(old[start:])}", f"{cut}{_short(new[start:])}"


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
