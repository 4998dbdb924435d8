"""Numbers taken out of cards to be reckoned with, exactly, each with the words that say where it is from."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import Card, Source, Value

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
    "hand": "written by hand",
    "import": "from a card that was brought in",
}
_IN_FIRST_UNIT = {
    ("s", "ms"): Fraction(1000),
    ("min", "s"): Fraction(60),
    ("h", "s"): Fraction(3600),
    ("J", "Wh"): Fraction(1, 3600),
    ("kWh", "Wh"): Fraction(1000),
    ("Wh", "kWh"): Fraction(1, 1000),
    ("J", "kWh"): Fraction(1, 3_600_000),
    ("kB", "B"): Fraction(10**3),
    ("MB", "B"): Fraction(10**6),
    ("GB", "B"): Fraction(10**9),
}


@dataclass(frozen=True)
class Taken:
    """A number of a card in the first unit of its field. `origin` says where it is from, `stale` what is no longer so.

    `conditions` are what it was taken under: numbers with the same ones may be set against each other.
    """

    amount: Fraction
    origin: str
    stale: str = ""
    conditions: tuple[str, ...] = ()


def exactly(number: object) -> Fraction | None:
    """A number as JSON has it: 0.1 is a tenth; None for what is none, or not finite."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    found = Decimal(repr(number))
    return Fraction(found) if found.is_finite() else None


def the_value(card: Card, field: str) -> Value | None:
    """What is reckoned with: what was measured, else what a person wrote."""
    state = card.fields.get(field)
    return None if state is None else state.measured or state.hand


def take(card: Card, field: str, part: str = "p50") -> Taken | None:
    """A field's number, of a spread its `part`; None where there is none."""
    value = the_value(card, field)
    if value is None:
        return None
    data = value.data.get(part) if isinstance(value.data, Mapping) else value.data
    amount = exactly(data)
    if amount is None:
        return None
    units = BY_KEY[field].units
    factor = _IN_FIRST_UNIT.get((value.unit, units[0]), Fraction(1)) if units else Fraction(1)
    return Taken(amount * factor, origin(value), value.stale, conditions(value))


def origin(value: Value) -> str:
    """Where a value is from, as in "measured on this computer on 2026-11-26 (n 20; AMD EPYC 9R14)"."""
    words = _SOURCES.get(value.source, value.source)
    if value.origin == "hand" and value.source not in ("hand", "import"):
        words = _SOURCES["hand"]
    said = [f"n {n}"] if isinstance(n := value.detail.get("n"), int) else []
    said += [text] if (text := machine(value)) else []
    aside = f" ({'; '.join(said)})" if said else ""
    return f"{words}{f' on {day(value.at)}' if value.at else ''}{aside}"


def machine(value: Value) -> str:
    """The machine a value was measured on, in words; "" where it does not say."""
    told = value.detail.get("machine")
    if isinstance(told, Mapping):
        told = told.get("cpu")
    return told if isinstance(told, str) else ""


def conditions(value: Value) -> tuple[str, ...]:
    """What a measurement was made under: how, on which machine, with which device and wish."""
    found = value.rests_on.get("machine") or machine(value)
    told = [
        str(value.detail[name]) for name in ("device", "wish", "prompt_tokens", "answer_tokens") if name in value.detail
    ]
    return (value.source, str(found), *told)


def day(at: float) -> str:
    """A moment as the day it was, UTC."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).date().isoformat()
