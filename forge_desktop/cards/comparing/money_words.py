"""Amounts of micro-dollars in a person's own money, rounded for reading."""

from __future__ import annotations

from fractions import Fraction

from forge_desktop.cards.comparing.records import CostInputs

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
