"""Amounts of micro-dollars in a person's own money, rounded for reading; and numbers as they are read."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge_desktop.cards.records_compare import CostInputs

_MICRO = 1_000_000


def shown(amount: Fraction | int, inputs: CostInputs) -> str:
    """As "12.50 EUR" or "$12.50": cents from 1 on, else three digits that count."""
    own = Fraction(amount) * inputs.rate / _MICRO
    text = _rounded(own)
    if inputs.currency != "USD":
        return f"{text} {inputs.currency}"
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"


def micro(amount: Fraction) -> int:
    """Whole micro-dollars, rounded half up."""
    return (amount + Fraction(1, 2)).__floor__()


def number(amount: Fraction | int, places: int = 2) -> str:
    """1234567/10 as "123,456.7": at most so many places after the point."""
    scaled = (Fraction(amount) * 10**places + Fraction(1, 2)).__floor__()
    whole, rest = divmod(abs(scaled), 10**places)
    after = f"{rest:0{places}d}".rstrip("0") if places else ""
    return f"{'-' if scaled < 0 else ''}{whole:,}{f'.{after}' if after else ''}"


def figure(amount: Fraction | int) -> str:
    """A measured number with as many places as tell something: 6,370 and 80.4 and 5.74."""
    size = abs(Fraction(amount))
    return number(amount, 0 if size >= 1000 else 1 if size >= 20 else 2)


def share(amount: Fraction) -> str:
    """0.4766 as "47.7 %"."""
    return f"{number(amount * 100, 1)} %"


def tokens(count: Fraction | int) -> str:
    """1,234,567 as "1.2 million"."""
    for size, word in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if count >= size:
            return f"{number(Fraction(count) / size, 1)} {word}"
    return f"{int(count):,}"


def seconds(amount: Fraction) -> str:
    """A time for reading: "35 ms", "4.2 s", "3.5 min", "2 h"."""
    if amount < 1:
        return f"{number(amount * 1000, 1)} ms"
    if amount < 120:
        return f"{number(amount, 1)} s"
    return f"{number(amount / 60, 1)} min" if amount < 7200 else f"{number(amount / 3600, 1)} h"


def _rounded(own: Fraction) -> str:
    places = 2
    if 0 < abs(own) < 1:
        while abs(own) * 10**places < 100 and places < 15:
            places += 1
    scaled = (abs(own) * 10**places + Fraction(1, 2)).__floor__()
    whole, rest = divmod(scaled, 10**places)
    after = f"{rest:0{places}d}"
    kept = after[:2] + after[2:].rstrip("0")
    return f"{'-' if own < 0 and scaled else ''}{whole:,}.{kept}"
