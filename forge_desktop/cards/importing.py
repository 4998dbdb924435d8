"""Brings in a card that somebody else wrote: a README.md, a folder of the hub, our JSON, CycloneDX, SPDX."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.cards import told_stale
from forge_desktop.cards.editing import checked
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.formats import said_elsewhere
from forge_desktop.cards.formats.foreign import ForeignCard, not_taken
from forge_desktop.cards.records import BroughtIn, Card, Kind, Problem, Value
from forge_desktop.cards.sayable import sayable
from forge_desktop.cards.shelf import unlike

if TYPE_CHECKING:
    from forge_desktop.base.jobs import JobContext
    from forge_desktop.cards import Cards


def bring_in(cards: Cards, ctx: JobContext, path: Path, kind: str, subject: str) -> BroughtIn:
    """Read what lies there and make a card of it, or take it into the card of a version or endpoint.

    A text that cannot be read becomes a card all the same: it waits there to be mended. What else could not be taken
    is named in the outcome, and stays in the text. Raises ForgeError.
    """
    there = _subject_card(cards, subject)
    wished = said_elsewhere.kind_of(kind)
    said = said_elsewhere.read(path, wished or (there.kind if there is not None else None))
    ctx.check()
    if there is not None:
        _refuse_another_kind(there, wished or said.told_kind, path)
        if said.broken is not None and not said.values:
            raise ForgeError(
                f"{path.name} cannot be read as a card, so the card of {there.name} stays as it is.",
                hint="Bring it in as a card of its own, mend it there, and then take it over.",
            )
        return _taken(cards, there, said, path, new=False)
    # A name that its text does not say is nobody's word: it is not written into that text.
    made = cards.new(said.kind, _free(cards, _wanted(said, path)), subject=subject, source="import")
    return _taken(cards, made, said, path, new=True)


def _taken(cards: Cards, card: Card, said: ForeignCard, path: Path, *, new: bool) -> BroughtIn:
    """Let a card say what a file says."""
    values, refused, problems = _possible(said, card.kind)
    wanted = _wanted(said, path)
    if new and wanted != card.name:
        values.setdefault("name", Value(wanted, source="import", at=time.time()))
        sentence = f"There is a card of that name, so this one is listed as {card.name}. Its text stays as it is."
        problems.append(Problem("name", sentence, "warning"))
    document = said.document
    if said.format == "markdown":  # the text says it itself, but where the card says something else
        refused = {key: data for key, data in refused.items() if _says(card, key)}
    if refused:
        document = not_taken(document or (card.document if new else cards.markdown(card.uid)), card.name, refused)
    if said.values or said.not_applicable or document:
        cards.history.adopt(
            card.uid,
            values,
            not_applicable=said.not_applicable,
            document=document or None,
            note=f"Before {path.name} was brought in.",
            always=not new,
        )
    if stale := [key for key, value in values.items() if told_stale.sentence(value)]:
        problems.append(Problem("", _were_stale(stale), "warning"))
    if said.broken is not None and new:
        cards.set_text(card.uid, said.broken)
    elif said.broken is not None:
        problems.append(Problem("", f"The text in {path.name} cannot be read, so this card's text stays.", "warning"))
    if new:
        cards.history.begin(card.uid)
    made = cards.get(card.uid)
    return BroughtIn(
        **{field.name: getattr(made, field.name) for field in dataclasses.fields(Card)},
        refused=(*said.problems, *problems),
    )


def _possible(said: ForeignCard, kind: Kind) -> tuple[dict[str, Value], dict[str, object], list[Problem]]:
    """What can stand in a card, what cannot, and why."""
    values: dict[str, Value] = {}
    refused: dict[str, object] = {}
    problems = []
    for key, value in said.values.items():
        field = BY_KEY.get(key)
        try:
            if field is None or not field.belongs_to(kind):
                raise FieldError(key, ForgeError(f"The card of this kind ({kind}) has no such field: {key[:60]}."))
            checked(field, value.data, value.unit, kind, "import")
            values[key] = value if value.at else replace(value, at=time.time())
        except FieldError as error:
            refused[key] = value.data if not value.unit else {"value": value.data, "unit": value.unit}
            line, column = said.places.get(key, (0, 0))
            problems.append(Problem(key, f"{error.message} It stays in the text.", "warning", line, column))
    return values, refused, problems


def _were_stale(keys: list[str]) -> str:
    titles = ", ".join(BY_KEY[key].title for key in keys)
    return f"Stale where it came from, and marked so here until you renew it or say that it holds: {titles}."


def _says(card: Card, key: str) -> bool:
    state = card.fields.get(key)
    return state is not None and (state.shown is not None or bool(state.not_applicable))


def _refuse_another_kind(there: Card, told: Kind | None, path: Path) -> None:
    if told is not None and told != there.kind:
        raise ForgeError(
            f"{path.name} is the card of another kind of model ({told}) than {there.label or 'this'} ({there.kind}).",
            hint=f"Choose another card, or say that it is one of this kind ({there.kind}).",
            commands=[f"card import --kind {there.kind}"],
        )


def _subject_card(cards: Cards, subject: str) -> Card | None:
    """The card of what it is about, where that has one (it has, unless it is new)."""
    if not subject:
        return None
    return next((cards.get(entry.uid) for entry in cards.entries() if subject in (entry.subject, entry.uid)), None)


def _wanted(said: ForeignCard, path: Path) -> str:
    """What a file calls the card, as a name that one may have."""
    name = str(said.values["name"].data) if "name" in said.values else said.name
    return " ".join(sayable(name).split())[:200].strip() or " ".join(sayable(path.stem).split()) or "A card"


def _free(cards: Cards, name: str) -> str:
    """The name, or with a number where a card is called so already: commands find cards by it."""
    return unlike(name, {word.casefold() for entry in cards.entries() for word in (entry.name, entry.label)})
