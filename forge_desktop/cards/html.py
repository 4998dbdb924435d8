"""A card in the format html."""

from __future__ import annotations

from forge_desktop.cards.records import Card


def render(card: Card) -> bytes:
    """The card's document."""
    raise NotImplementedError
