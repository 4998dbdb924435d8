"""How the values of options are read from the command line. Imports no room."""

from __future__ import annotations

import argparse
import contextlib
import datetime
from collections.abc import Callable
from decimal import Decimal

from forge_desktop.base.numbers import plain, twofold, typed_number


def count(least: int, most: int) -> Callable[[str], int]:
    """A whole number within these limits."""

    def parse(text: str) -> int:
        value = typed_number(text, whole=True)
        if not isinstance(value, int) or not least <= value <= most:
            raise argparse.ArgumentTypeError(f"choose a whole number from {least} to {most}, not {text!r}")
        return value

    return parse


def named(text: str) -> str:
    """A text that is not empty."""
    if not text:  # an unset variable of a script: what happens without it is not what was meant
        raise argparse.ArgumentTypeError("it is empty")
    return text


def day(text: str) -> datetime.date:
    """A date as YYYY-MM-DD."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"write a day as YYYY-MM-DD, not {text!r}") from None


def number(least: float, most: float) -> Callable[[str], float]:
    """A number within these limits."""

    def parse(text: str) -> float:
        value = typed_number(text, whole=False)
        if not isinstance(value, int | float) or not least <= value <= most:
            raise _none(text, least, most)
        return float(value)

    return parse


def exact(least: Decimal | int, most: int) -> Callable[[str], Decimal]:
    """A number within these limits, as it is typed: of money."""

    def parse(text: str) -> Decimal:
        with contextlib.suppress(ArithmeticError):
            value = Decimal(plain(text, whole=False))
            if least <= value <= most and "_" not in text:  # Python would read over it
                return value
        raise _none(text, least, most)

    return parse


def _none(text: str, least: float | Decimal, most: float) -> argparse.ArgumentTypeError:
    if why := twofold(text):
        return argparse.ArgumentTypeError(f"{text!r} {why}")
    return argparse.ArgumentTypeError(f"choose a number from {least:g} to {most:g}, not {text!r}")


def thinking(text: str) -> int:
    """How many tokens may be thought; -1 for no limit."""
    words = {"off": 0, "no": 0, "free": -1}
    try:
        return words[text] if text in words else count(-1, 1_048_576)(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"choose off, free, or a number up to 1048576, not {text!r}") from None


def repeated(verb: argparse.ArgumentParser, option: str, *, metavar: str, help: str, dest: str | None = None) -> None:
    """An option of `verb` that may be given several times; a list of texts, empty without it."""
    verb.add_argument(option, dest=dest, type=named, action="append", default=[], metavar=metavar, help=help)
