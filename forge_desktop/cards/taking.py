"""Numbers taken out of cards to be reckoned with, exactly, each with the words that say where it is from."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from forge_desktop.cards.fields import BENCHMARKED, BY_KEY
from forge_desktop.cards.numbers import number
from forge_desktop.cards.records import Card, Source, Value
from forge_desktop.cards.units import turned_exactly

_SOURCES: dict[Source, str] = {
    "file": "read from the file",
    "registry": "from the registry",
    "measurement": "measured on this computer",
    "gate": "measured by a gate",
    "run log": "from the training run's log",
    "price table": "from the price table",
    "ledger": "from what was paid",
    "headers": "from the endpoint's headers",
    "endpoint": "from the endpoint's settings",
    "shipped": "shipped with the program",
    "hand": "written by hand",
    "import": "from a card that was brought in",
}


@dataclass(frozen=True)
class Taken:
    """A number of a card in the first unit of its field. `origin` says where it is from, `stale` what is no longer so.

    `conditions` are what it was taken under, `lengths` with how many tokens: where these are alike, numbers may be set
    against each other.
    """

    amount: Fraction
    origin: str
    stale: str = ""
    conditions: tuple[str, ...] = ()
    lengths: Mapping[str, Fraction] = field(default_factory=dict)


def exactly(number: object) -> Fraction | None:
    """A number as JSON has it: 0.1 is a tenth; None for what is none, or not finite."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    found = Decimal(repr(number))
    return Fraction(found) if found.is_finite() else None


def the_value(card: Card, key: str) -> Value | None:
    """What is reckoned with: what was measured, else what a person wrote. What somebody else had measured of a version
    that is here tells nothing of this computer.
    """
    state = card.fields.get(key)
    if state is None or not_here(card, key) is not None:
        return None
    return state.measured or state.hand


def not_here(card: Card, key: str) -> Value | None:
    """What somebody else had measured elsewhere, where a version that is here has only that; else None."""
    state = card.fields.get(key)
    if not card.here or key not in BENCHMARKED or state is None or state.measured is not None or state.hand is None:
        return None
    return state.hand if state.hand.source == "import" else None


def take(card: Card, key: str, part: str = "p50") -> Taken | None:
    """A field's number, of a spread its `part`; None where there is none."""
    value = the_value(card, key)
    if value is None:
        return None
    data = value.data.get(part) if isinstance(value.data, Mapping) else value.data
    amount = exactly(data)
    if amount is None:
        return None
    if units := BY_KEY[key].units:
        amount = turned_exactly(amount, value.unit, units[0])
    return Taken(amount, origin(value), value.stale, conditions(value), _lengths(value))


def origin(value: Value) -> str:
    """Where a value is from, as in "measured on this computer on 2026-11-26 (n 20; AMD EPYC 9R14)"."""
    words = _SOURCES.get(value.source, value.source)
    if value.source == "ledger" and value.unit != "USD":
        words = "from the calls that were made"
    if value.origin == "hand" and value.source not in ("hand", "import"):
        words = _SOURCES["hand"]
    said = [f"n {n}"] if isinstance(n := value.detail.get("n"), int) else []
    said += [text] if (text := lengths(value)) else []
    said += [text] if (text := machine(value)) else []
    load = exactly(value.detail.get("load"))
    said += [f"with other work, load {number(load, 1)}"] if load is not None and load >= 1 else []
    aside = f" ({'; '.join(said)})" if said else ""
    return f"{words}{f' on {day(value.at)}' if value.at else ''}{aside}"


def lengths(value: Value) -> str:
    """How long prompts and answers of a benchmark were, in words; "" where it does not say."""
    about = _lengths(value)
    if value.source != "measurement" or not {"prompt_tokens", "answer_tokens"} <= set(about):
        return ""
    return f"prompts of {number(about['prompt_tokens'], 0)} tokens, answers of {number(about['answer_tokens'], 0)}"


def machine(value: Value) -> str:
    """The machine a value was measured on, in words; "" where it does not say."""
    told = value.detail.get("machine")
    if isinstance(told, Mapping):
        told = told.get("cpu")
    return told if isinstance(told, str) else ""


def conditions(value: Value) -> tuple[str, ...]:
    """What a measurement was made under: how, on which machine and device."""
    found = value.rests_on.get("machine") or machine(value)
    return (value.source, str(found), str(value.detail.get("device", "")))


def stale_of_row(value: Value, row: Mapping[str, object]) -> str:
    """What is no longer true of one result of an evaluation: another suite than its own changes nothing of it."""
    if not value.causes:
        return value.stale
    own = f"suite:{row.get('dataset', '')}"
    return " ".join(said for name, said in value.causes.items() if not name.startswith("suite:") or name == own)


def _lengths(value: Value) -> dict[str, Fraction]:
    found = {name: exactly(value.detail.get(name)) for name in ("prompt_tokens", "answer_tokens", "context")}
    return {name: amount for name, amount in found.items() if amount is not None}


def day(at: float) -> str:
    """A moment as the day it was, UTC."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).date().isoformat()
