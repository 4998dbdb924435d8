"""Numbers as they are read: rounded to what tells something, with the unit that suits their size."""

from __future__ import annotations

from fractions import Fraction

_SMALLEST = Fraction(1, 10**6)  # what is below reads as 1e-09
_SIZES = ((10**9, "GB", 2), (10**6, "MB", 1), (10**3, "kB", 1))


def number(amount: Fraction | int, places: int = 2) -> str:
    """1234567/10 as "123,456.7": at most so many places after the point."""
    scaled = (Fraction(amount) * 10**places + Fraction(1, 2)).__floor__()
    whole, rest = divmod(abs(scaled), 10**places)
    after = f"{rest:0{places}d}".rstrip("0") if places else ""
    return f"{'-' if scaled < 0 else ''}{whole:,}{f'.{after}' if after else ''}"


def figure(amount: Fraction | int) -> str:
    """A measured number with as many places as tell something: 6,370 and 80.4 and 5.74 and 0.035."""
    size = abs(Fraction(amount))
    if 0 < size < _SMALLEST:
        return f"{float(amount):.2g}"
    if 0 < size < Fraction(1, 10):
        return number(amount, next(n for n in range(2, 8) if size * 10**n >= 10))  # two digits that tell something
    return number(amount, 0 if size >= 1000 else 1 if size >= 20 else 2)


def size(count: Fraction | int) -> str:
    """1,234,567 bytes as "1.2 MB"."""
    for step, unit, places in _SIZES:
        if abs(Fraction(count)) >= step:
            return f"{number(Fraction(count) / step, places)} {unit}"
    return f"{figure(count)} B"


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
        small = amount * 1000
        return f"{figure(small) if small < Fraction(1, 10) else number(small, 1)} ms"
    if amount < 120:
        return f"{number(amount, 1)} s"
    return f"{number(amount / 60, 1)} min" if amount < 7200 else f"{number(amount / 3600, 1)} h"
