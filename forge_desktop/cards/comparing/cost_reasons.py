"""On what a cost rests, in sentences: the values it was reckoned from, the computer's hours, what is still missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from forge_desktop.cards.comparing.costs import SETTINGS, Spent
from forge_desktop.cards.comparing.money_words import shown
from forge_desktop.cards.comparing.records import CostInputs
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.numbers import number, tokens
from forge_desktop.cards.records import Card
from forge_desktop.cards.taking import Taken


@dataclass(frozen=True)
class Reasons:
    """Sentences on the values that went into a cost; `stale` are those on what is no longer so."""

    sentences: tuple[str, ...] = ()
    stale: str = ""

    def add(self, what: str, taken: Taken | None, unit: str = "") -> Reasons:
        """With one more value; nothing is added for None."""
        if taken is None:
            return self
        found = f"{number(taken.amount)} {unit}, " if unit else ""
        sentence = f"{what}: {found}{taken.origin}.{' It is stale.' if taken.stale else ''}"
        stale = f"{self.stale} {taken.stale}".strip() if taken.stale and taken.stale not in self.stale else self.stale
        return dataclasses.replace(self, sentences=(*self.sentences, sentence), stale=stale)


def of_computer(spent: Spent, inputs: CostInputs) -> str:
    """As in "0.012 EUR for the computer and 0.0043 EUR for electricity"."""
    return f"{shown(spent.machine, inputs)} for the computer and {shown(spent.power, inputs)} for electricity"


def called(card: Card) -> str:
    """A card's name, as its column is headed, with what commands know it by where that does not stand in it."""
    return card.name if f" {card.label} " in f" {card.name} " or not card.label else f"{card.name} ({card.label})"


def missing_of(card: Card, key: str) -> str:
    """What to do so that a card has a value to reckon with, or to compare."""
    name, title = card.label or card.name, BY_KEY[key].title
    for of in (key, "training_cost") if key == "cost_per_pair" else (key,):
        if of in card.fields and (why := card.fields[of].not_applicable):
            return why
    if key.startswith("price"):
        return f"No price is known of {name}: type it in where its endpoint is."
    if card.orphan or not card.subject:
        return f"{title} is not on the card of {name}, and it is not here to be measured: write it in by hand."
    if card.kind == "embedder":
        return f"Not measured: fill the card of {name}."
    if card.kind == "teacher":
        return f"Not known: nothing that {name} did tells it yet. Let it answer, then fill its card."
    if key in ("training_time", "training_cost", "cost_per_1k", "cost_per_pair"):
        return f"Not known: {name} was not trained here, or its card is not filled."
    return f"Not measured: fill the card of {name} with measuring."


_ASSUMED: dict[str, Callable[[CostInputs], str]] = {
    "hardware": lambda i: f"The computer costs {shown(i.hardware, i)}.",
    "years": lambda i: f"It is used for {number(i.years)} years.",
    "residual": lambda i: f"It is then worth {i.residual} % of its price.",
    "hours": lambda i: f"A model computes {number(i.hours)} hours a day.",
    "watts": lambda i: f"The computer draws {number(i.watts)} W meanwhile.",
    "electricity": lambda i: f"A kWh costs {shown(i.electricity, i)}.",
    "disk": lambda i: f"A GB of disk costs {shown(i.disk, i)}.",
    "input_per_output": lambda i: f"{number(i.input_per_output)} tokens are read for each one written.",
    "cached": lambda i: f"{i.cached} % of what endpoints read comes from their cache.",
    "tokens": lambda i: f"You use {tokens(i.tokens)} tokens a month.",
    "currency": lambda _i: "Your money is the US dollar.",
    "rate": lambda i: f"A US dollar is {number(i.rate, 6)} {i.currency}.",
}


def assumptions(inputs: CostInputs) -> tuple[tuple[str, str], ...]:
    """What nobody set, in the order of the settings: (field, sentence)."""
    return tuple((name, _ASSUMED[name](inputs)) for name in SETTINGS if name in inputs.assumed)
