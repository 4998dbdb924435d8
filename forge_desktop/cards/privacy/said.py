"""What a card says, text by text: every one that an export would let out, with the field it stands in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from forge_desktop.cards.privacy.encoded import encoded_in
from forge_desktop.cards.privacy.front_pieces import texts_of
from forge_desktop.cards.records import Card, FieldState, Value

DOCUMENT = "document"  # stands for a field where a text belongs to none: unknown keys and sections

# What these say is what the card is about: public by being there. Its names and its tags are not: people name a run
# after somebody.
ABOUT = frozenset(
    (
        "provider", "base_relation", "licence",
        "architecture", "task", "inputs", "outputs", "languages", "quantisation", "hardware", "backend",
        "training_hardware", "file_sha256", "adapter_sha256", "base_sha256", "template_sha256", "may_train",
    )
)  # fmt: skip


# Details in which this program tells in its own words how a value came about: machines have names, but no people's.
_OURS = frozenset(
    ("machine", "device", "build", "command", "system", "how", "date", "meters", "sampling", "sha256", "uid")
)


@dataclass(frozen=True)
class Said:
    """A text of a card, and the field it stands in. `names`: whether people and documents can be meant in it."""

    field: str
    text: str
    names: bool = True


def texts(card: Card) -> Iterator[Said]:
    """All that it says, its values' details too, and what that says in base64; what belongs to no field comes last."""
    for one in _as_written(card):
        yield one
        for word in encoded_in(one.text):
            yield Said(one.field, word.text, one.names)


def _as_written(card: Card) -> Iterator[Said]:
    yield Said("name", card.name)
    for key, state in card.fields.items():
        for value in (state.hand, state.measured):
            if value is not None:
                yield from _of_value(key, value)
        if state.not_applicable:
            yield Said(key, state.not_applicable)
    told = {text for state in card.fields.values() for text in _told_by(state)}
    for text, names in texts_of(card.document):
        if text and text not in told:
            yield Said(DOCUMENT, text, names)
    if card.broken:
        yield Said(DOCUMENT, card.broken)


def _told_by(state: FieldState) -> Iterator[str]:
    """Texts of a field in which people can be meant: the document says them again."""
    if state.field not in ABOUT and state.field != "contact":
        for value in (state.hand, state.measured):
            if value is not None:
                yield from _strings(value.data)


def _of_value(field: str, value: Value) -> Iterator[Said]:
    names = field not in ABOUT and field != "contact"
    yield from (Said(field, text, names) for text in _strings(value.data))
    for key, told in value.detail.items():
        yield from (Said(field, text, names and key not in _OURS) for text in _strings(told))


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
