"""A version's card within its bundle: readable before anything comes in, and then taken in as somebody else's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forge_desktop.archive import version_format as form
from forge_desktop.archive.version_bundle import VersionBundle
from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.cards import Cards, markdown
from forge_desktop.cards.editing import checked
from forge_desktop.cards.fields import BY_KEY, is_of
from forge_desktop.cards.formats import plain
from forge_desktop.cards.formats.foreign import ForeignCard, as_foreign
from forge_desktop.cards.records import Card, Value

_OF_A_REGISTRY = frozenset(("version", "registry", "changes"))  # these tell of the computer that it comes from
_KIND = form.CARD.removesuffix(".json")


@dataclass(frozen=True)
class BundleLook:
    """What a version's bundle says, before anything of it is brought in. `card` is its card as plain JSON has it, None
    for none; `card_text` the same as Markdown, `card_left_out` what of it could not be taken in (its own text, where
    that cannot be read, and is not what is shown). `base_here` tells whether its base is among the students.
    """

    file: str
    bytes: int
    version: str
    name: str
    base_name: str
    base_sha256: str
    base_here: bool
    with_base: bool
    adapter_sha256: str
    scale: float
    verdict: str
    gates: int
    with_run: bool
    card: Mapping[str, Any] | None
    card_text: str
    card_left_out: tuple[str, ...] = ()


def look(opened: VersionBundle, bases: frozenset[str]) -> BundleLook:
    """What an opened bundle says; a card in it that is none is told in place of the card's text."""
    told, version = opened.told(), opened.version
    card, trouble = None, ""
    try:
        card = card_in(told, opened.path)
    except ForgeError as error:
        trouble = error.message
    gates = told.get("gates")
    return BundleLook(
        file=str(opened.path),
        bytes=opened.path.stat().st_size,
        version=version.label,
        name=version.name,
        base_name=version.base_name,
        base_sha256=version.base_sha256,
        base_here=version.base_sha256 in bases,
        with_base=opened.has_base,
        adapter_sha256=version.adapter_sha256,
        scale=version.scale,
        verdict=version.verdict,
        gates=len(gates) if isinstance(gates, list) else 0,
        with_run=told.get("run") is not None,
        card=None if card is None else plain.content(card),
        card_text=trouble if card is None else _text_of(card),
        card_left_out=() if card is None else tuple(not_possible(card)),
    )


def _text_of(card: Card) -> str:
    """A card's Markdown; the one that waits to be mended as it is."""
    if card.broken is not None:
        return card.broken
    return markdown.write(card if readable(card) else replace(card, document=""))


def card_in(told: Mapping[str, Any], path: Path) -> Card | None:
    """The card that a bundle tells of, None for none. Raises ForgeError where it is no card."""
    said = told.get(_KIND)
    if said is None:
        return None
    try:
        return plain.card_of(said)
    except ForgeError as error:
        raise ForgeError(f"The card in {path} cannot be read. {error.message}", hint=error.hint) from error


def take_in(cards: Cards, version: str, card: Card, file: str) -> None:
    """Let the card of a new version say what its bundle's card says, beside what is found here."""
    cards.ensure()
    mine, foreign = cards.get(version), as_foreign(card, "json")
    cards.history.adopt(
        mine.uid,
        _of_a_version(foreign),
        not_applicable=foreign.not_applicable,
        document=foreign.document if foreign.document and readable(card) else None,
        note=f"Before the card in {file} was taken in.",
    )
    waiting = card.broken if card.broken is not None else card.document if not readable(card) else None
    if waiting is not None:
        cards.set_text(mine.uid, waiting)


def not_possible(card: Card) -> list[str]:
    """The titles of what a bundle's card says and no card here can, told before it is brought in."""
    found = [] if readable(card) and card.broken is None else ["its text (it waits to be mended)"]
    found += [] if card.kind == "adapter" else [f"its kind ({card.kind}: the card of a version is one of an adapter)"]
    found += sorted(key for key in card.fields if key not in BY_KEY)
    found += [BY_KEY[key].title for key in card.fields if key in BY_KEY and not is_of(key, "adapter")]
    for key, value in _of_a_version(as_foreign(card, "json")).items():
        try:
            checked(BY_KEY[key], value.data, value.unit, "adapter")
        except FieldError:
            found.append(BY_KEY[key].title)
    return found


def readable(card: Card) -> bool:
    """Whether its Markdown can be read: what cannot would stand in the way of its fields."""
    try:
        markdown.read(card.document, card.kind)
    except markdown.BadCardText:
        return False
    return True


def _of_a_version(foreign: ForeignCard) -> dict[str, Value]:
    return {key: value for key, value in foreign.values.items() if key not in _OF_A_REGISTRY and is_of(key, "adapter")}
