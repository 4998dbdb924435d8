"""What makes a value true again, in a sentence that helps: filling cannot renew what nobody can look at again."""

from __future__ import annotations

from forge_desktop.cards import told_stale
from forge_desktop.cards.footing import ANOTHER, GONE
from forge_desktop.cards.records import Card, Value

FILL = "Fill the card."
MEASURE = "Measure it again."
_BACK = "Put the file back as it was, or import the one that is there now."
_AGAIN = "Import its file again."
_ADAPTER_BACK = "Put the adapter's file back as it was."
_OF_DATA = "Put back what was learnt from, or train again; a word by hand stands before it."
_OF_PRICE = "Type the price in again."
_OF_TERMS = "Read the terms of this model, and say with the endpoint what they allow, and on which day you read them."
_PAID = "Let it answer at this price, then fill the card."


def remedy(card: Card, value: Value) -> str:
    """What makes a value true again; "" where nothing but a person's word can."""
    if card.state == "published":
        return "Reopen the card, and fill it."
    if told_stale.sentence(value):
        return f"{'Write' if card.orphan else 'Fill the card, write'} it anew, or say that it holds."
    if value.source in ("hand", "import"):
        return ""
    if said := value.causes.get("file", ""):
        return _of_file(said, gone=_AGAIN if GONE in said else FILL)
    if said := value.causes.get("adapter", ""):
        return _of_file(said, _ADAPTER_BACK, _ADAPTER_BACK)
    if "data" in value.causes:
        return _OF_DATA
    if value.source == "gate" or (
        value.source == "shipped" and any(name.startswith("suite:") for name in value.rests_on)
    ):
        return (
            f"Run a gate against {card.label or card.name} again." if card.kind == "student" else "Run the gate again."
        )
    if value.source == "measurement":
        return MEASURE
    return _of_endpoint(value) or FILL


def _of_file(said: str, back: str = _BACK, gone: str = _AGAIN) -> str:
    if said.endswith(ANOTHER):
        return back
    if "filling the card compares it" in said:
        return f"Fill the card; if this stays: {back[0].lower()}{back[1:]}"
    return gone


def _of_endpoint(value: Value) -> str:
    """Of a price and terms that were said for another model, and of what was paid at another price."""
    if "model" in value.causes and "prices" in value.rests_on:
        return _OF_PRICE
    if "model" in value.causes and "terms" in value.rests_on:
        return _OF_TERMS
    return _PAID if value.source == "ledger" and "prices" in value.causes and "endpoint" not in value.causes else ""
