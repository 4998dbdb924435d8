"""A card that somebody else wrote, as it is read out of a file: what it says is kept, as their word and not as ours."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from forge_desktop.cards import told_stale
from forge_desktop.cards.records import Card, FieldState, Kind, Problem, Value


@dataclass(frozen=True)
class ForeignCard:
    """What a file says. `format` names its form; `values` are by field, all of origin "hand": nothing of it was
    measured here. `not_applicable` are the reasons why a field has none. `document` is Markdown: the card's own, or
    what the file says and no field of ours has a place for; `broken` a Markdown text that cannot be taken in as it is.
    `told_kind` is the kind that the file itself says, None where it was guessed; `places` line and column of values in
    the Markdown; `problems` what of it could not be read.
    """

    format: str
    kind: Kind
    name: str
    values: Mapping[str, Value] = field(default_factory=dict)
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    document: str = ""
    broken: str | None = None
    told_kind: Kind | None = None
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def foreign_value(value: Value) -> Value:
    """The same as somebody else's word: who had measured it, where and when stays readable in its detail, and what
    was stale there is so here.
    """
    if value.origin == "hand" and value.source == "hand":
        return told_stale.marked(dataclasses.replace(value, rests_on={}), value.stale)
    told = dict(value.detail)
    if value.source != "import":
        told["told source"] = value.source
    return told_stale.marked(Value(value.data, value.unit, "hand", "import", told, {}, value.at), value.stale)


def foreign_state(state: FieldState) -> Value | None:
    """One value of both: the one that a reader sees first. A measurement that stands beside it stays in its detail."""
    if state.shown is None:
        return None
    shown = foreign_value(state.shown)
    if state.hand is None or state.measured is None:
        return shown
    beside = {"value": state.measured.data, "unit": state.measured.unit, "at": state.measured.at}
    beside |= {"stale": state.measured.stale} if state.measured.stale else {}
    return dataclasses.replace(shown, detail={**shown.detail, "told measurement": beside})


def as_foreign(card: Card, form: str) -> ForeignCard:
    """A whole card of somebody else."""
    values = {key: value for key, state in card.fields.items() if (value := foreign_state(state)) is not None}
    reasons = {key: state.not_applicable for key, state in card.fields.items() if state.not_applicable}
    return ForeignCard(form, card.kind, card.name, values, reasons, card.document, card.broken, card.kind)


def not_taken(document: str, name: str, refused: Mapping[str, object]) -> str:
    """A text with what no field could take, word for word, at its end."""
    told = json.dumps(refused, indent=2, ensure_ascii=False, default=str)
    before = document.rstrip("\r\n") or f"# {name}"
    return f"{before}\n\n## What could not be taken over\n\n```json\n{told}\n```\n"
