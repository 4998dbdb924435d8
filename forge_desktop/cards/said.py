"""What a card says, text by text: every one that an export would let out, with the field it stands in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from forge_desktop.cards.records import Card, Value

DOCUMENT = "document"  # stands for a field where a text belongs to none: unknown keys and sections

# What these say is what the card is about: public by being there.
ABOUT = frozenset(
    (
        "name", "version", "provider", "base_model", "base_relation", "licence", "licence_name", "licence_link",
        "architecture", "task", "inputs", "outputs", "languages", "quantisation", "tags", "hardware", "backend",
        "training_hardware", "file_sha256", "adapter_sha256", "base_sha256", "template_sha256", "may_train",
    )
)  # fmt: skip


def texts(card: Card) -> Iterator[tuple[str, str]]:
    """(field, text) of all that it says, its values' details too; what belongs to no field comes last."""
    yield "name", card.name
    for key, state in card.fields.items():
        for value in (state.hand, state.measured):
            if value is not None:
                yield from ((key, text) for text in _of_value(value))
        if state.not_applicable:
            yield key, state.not_applicable
    for text in (card.document, card.broken or ""):
        if text:
            yield DOCUMENT, text


def _of_value(value: Value) -> Iterator[str]:
    yield from _strings(value.data)
    yield from _strings(dict(value.detail))


def _strings(held: Any) -> Iterator[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, Mapping):
        for name, each in held.items():
            yield str(name)
            yield from _strings(each)
    elif isinstance(held, list | tuple):
        for each in held:
            yield from _strings(each)
