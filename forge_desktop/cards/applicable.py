"""A card as it is told to others: what does not apply has its reason, and none of the values beneath that."""

from __future__ import annotations

import dataclasses

from forge_desktop.cards.records import Card, FieldState


def as_told(card: Card) -> Card:
    """The card for every form that it leaves in, and for comparing it; only a form shows what stands beneath."""
    return dataclasses.replace(card, fields={key: _told(state) for key, state in card.fields.items()})


def _told(state: FieldState) -> FieldState:
    return FieldState(state.field, not_applicable=state.not_applicable) if state.not_applicable else state
