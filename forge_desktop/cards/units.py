"""Units of values: which there are, how they are written, and how one is turned into another."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from forge_desktop.base.numbers import plain

_SIZES: dict[str, tuple[str, Fraction]] = {
    # unit: what it measures, and how many of that one's smallest unit it is
    "B": ("size", Fraction(1)),
    "kB": ("size", Fraction(10**3)),
    "MB": ("size", Fraction(10**6)),
    "GB": ("size", Fraction(10**9)),
    "ms": ("time", Fraction(1)),
    "s": ("time", Fraction(1000)),
    "min": ("time", Fraction(60_000)),
    "h": ("time", Fraction(3_600_000)),
    "J": ("energy", Fraction(1)),
    "Wh": ("energy", Fraction(3600)),
    "kWh": ("energy", Fraction(3_600_000)),
    "g": ("mass", Fraction(1)),
    "kg": ("mass", Fraction(1000)),
    "t": ("mass", Fraction(1_000_000)),
    "tokens/s": ("speed", Fraction(1)),
    "%": ("share", Fraction(1)),
    "USD": ("money", Fraction(1)),
    "tokens": ("tokens", Fraction(1)),
    "bits": ("bits", Fraction(1)),
    # binary sizes are understood where a person writes them, and never written
    "KiB": ("size", Fraction(2**10)),
    "MiB": ("size", Fraction(2**20)),
    "GiB": ("size", Fraction(2**30)),
}
_ALSO = {
    "kb": "kB", "mb": "MB", "gb": "GB", "byte": "B", "bytes": "B", "kib": "KiB", "mib": "MiB", "gib": "GiB",
    "msec": "ms", "milliseconds": "ms", "sec": "s", "second": "s", "seconds": "s", "minutes": "min", "hours": "h",
    "wh": "Wh", "kwh": "kWh", "j": "J", "tok/s": "tokens/s", "t/s": "tokens/s", "token/s": "tokens/s",
    "tokens/second": "tokens/s", "token": "tokens", "usd": "USD", "$": "USD", "percent": "%", "bit": "bits",
}  # fmt: skip
_SMALL = Fraction(1, 10)
_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?"
_DIGITS = re.compile(r"\s*\$?\s*([-+]?\d(?:[\d,. \u00a0\u2009\u202f]*\d)?)")
_QUANTITY = re.compile(rf"\s*\$?\s*({_NUMBER})\s*([A-Za-z%$][A-Za-z/]*)?\s*")


def named(text: str) -> str:
    """The unit that is meant by this way of writing it; what is not known stays as it is."""
    text = text.strip()
    return text if text in _SIZES else _ALSO.get(text.casefold(), text)


def fits(unit: str, allowed: tuple[str, ...]) -> bool:
    """Whether a value whose units are `allowed` can have this one: one of them, or one of the same measure."""
    return unit in allowed or (unit in _SIZES and _SIZES[unit][0] in {_SIZES[a][0] for a in allowed if a in _SIZES})


def turned(number: float | int, unit: str, into: str) -> float | int:
    """A number of one unit in another of the same measure; whole where it comes out whole."""
    if unit == into or (isinstance(number, float) and not math.isfinite(number)):
        return number
    exact = turned_exactly(Fraction(number if isinstance(number, int) else str(number)), unit, into)
    if exact.denominator == 1:
        return int(exact)
    try:
        return float(exact)
    except OverflowError:  # more than a float can say
        return math.inf


def turned_exactly(number: Fraction, unit: str, into: str) -> Fraction:
    """The same without rounding; a unit that is not known counts as the other one."""
    return number if unit not in _SIZES or into not in _SIZES else number * _SIZES[unit][1] / _SIZES[into][1]


def suited(number: Fraction, unit: str, units: tuple[str, ...]) -> tuple[Fraction, str]:
    """A number too small for its unit in the largest of the others in which it is one or more, else in the smallest."""
    if unit not in _SIZES or not 0 < abs(number) < _SMALL:
        return number, unit
    smaller = [each for each in units if fits(each, (unit,)) and _SIZES[each][1] < _SIZES[unit][1]]
    found = [(turned_exactly(number, unit, each), each) for each in sorted(smaller, key=lambda one: -_SIZES[one][1])]
    return next((each for each in found if abs(each[0]) >= 1), found[-1] if found else (number, unit))


def quantity(text: str) -> tuple[str, str] | None:
    """The number and the unit ("" for none) of a text like "4.2 GB"; None when it is nothing of that form.

    A comma before three digits stands between groups, as cards are shown.
    """
    if (head := _DIGITS.match(text)) is not None:
        text = text[: head.start(1)] + plain(head[1], grouped=True) + text[head.end(1) :]
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    return match[1], "USD" if "$" in text else named(match[2] or "")
