"""Cards made in a test, without the room that keeps them."""

from __future__ import annotations

from forge_desktop.cards.records import Card, FieldState, Kind, Value


def card(kind: Kind, subject: str = "", *, document: str = "", name: str = "A card", **hand: object) -> Card:
    """A card in whose fields a person wrote these."""
    fields = {key: FieldState(key, hand=Value(data)) for key, data in hand.items()}
    return Card("card-1", kind, subject, "v1", name, "draft", fields, document, "", 0.0, 0.0)
