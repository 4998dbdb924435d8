"""A card with what is private taken out of every text in it, however deep it lies."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from forge_desktop.cards.records import Card, FieldState, Leak, Value

Redact = Callable[[str], str]


def hidden(card: Card, leaks: Sequence[Leak], redact: Callable[[str, Sequence[Leak]], str]) -> Card:
    """The card as it may leave. `redact` is the privacy scan's: it replaces what is not revealed."""
    secret = [leak for leak in leaks if not leak.revealed]
    if not secret:
        return card

    def over(text: str) -> str:
        return redact(text, leaks)

    return dataclasses.replace(
        card,
        label=over(card.label),
        name=over(card.name),
        orphan=over(card.orphan),
        fields={key: _state(state, over) for key, state in card.fields.items()},
        document=over(_unescaped(card.document, secret)),
        broken=None if card.broken is None else over(_unescaped(card.broken, secret)),
        problem=None,
    )


def hidden_count(leaks: Sequence[Leak]) -> int:
    """How many findings an export keeps back."""
    return len({leak.finding for leak in leaks if not leak.revealed})


def _unescaped(document: str, leaks: Sequence[Leak]) -> str:
    """The same where a finding is written with the escapes of a quoted YAML text: there it would not be recognised."""
    for leak in leaks:
        for escaped in {json.dumps(leak.text)[1:-1], json.dumps(leak.text, ensure_ascii=False)[1:-1]} - {leak.text, ""}:
            document = document.replace(escaped, leak.hidden)
    return document


def _state(state: FieldState, over: Redact) -> FieldState:
    return dataclasses.replace(
        state,
        measured=None if state.measured is None else _value(state.measured, over),
        hand=None if state.hand is None else _value(state.hand, over),
        not_applicable=over(state.not_applicable),
    )


def _value(value: Value, over: Redact) -> Value:
    return dataclasses.replace(
        value,
        data=everywhere(value.data, over),
        unit=over(value.unit),
        detail=everywhere(dict(value.detail), over),
        rests_on=everywhere(dict(value.rests_on), over),
        stale=over(value.stale),
        causes={name: over(said) for name, said in value.causes.items()},
    )


def everywhere(held: Any, over: Redact) -> Any:
    """A plain value with `over` done to each text in it, names in mappings too."""
    if isinstance(held, str):
        return over(held)
    if isinstance(held, Mapping):
        return {over(str(name)): everywhere(each, over) for name, each in held.items()}
    if isinstance(held, (list, tuple)):
        return [everywhere(each, over) for each in held]
    return held
