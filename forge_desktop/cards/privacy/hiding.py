"""A card with what is private taken out of every text in it, however deep it lies."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from forge_desktop.cards.privacy.front_matter import hidden_document, unlike
from forge_desktop.cards.records import Card, FieldState, Leak, Value

Redact = Callable[[str], str]


def hidden(card: Card, leaks: Sequence[Leak], redaction: Callable[[Sequence[Leak]], Redact]) -> Card:
    """The card as it may leave. `redaction` is the privacy scan's: what it makes replaces what is not revealed."""
    secret = [leak for leak in leaks if not leak.revealed]
    if not secret:
        return card

    over = functools.cache(redaction(secret))  # rows say the same over and over
    return dataclasses.replace(
        card,
        label=over(card.label),
        name=over(card.name),
        orphan=over(card.orphan),
        fields={key: _state(state, over) for key, state in card.fields.items()},
        document=hidden_document(card.document, over),
        broken=None if card.broken is None else over(card.broken),
        problem=None,
    )


def hidden_count(leaks: Sequence[Leak]) -> int:
    """How many findings an export keeps back."""
    return len({leak.finding for leak in leaks if not leak.revealed})


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
    """A plain value with `over` done to each text in it, names in mappings too; none of these takes another's place."""
    if isinstance(held, str):
        return over(held)
    if isinstance(held, Mapping):
        names = unlike(map(str, held), over)
        return {names[str(name)]: everywhere(each, over) for name, each in held.items()}
    if isinstance(held, (list, tuple)):
        return [everywhere(each, over) for each in held]
    return held
