"""Texts that somebody can read and write down, and those that nobody can."""

from __future__ import annotations

import re

from forge_desktop.base.directions import TURNING

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def unsayable(data: object) -> bool:
    """Whether a text holds what nobody can read or write down: control characters, half a character."""
    return _holds(data, _CONTROL)


def turns(data: object) -> bool:
    """Whether a text holds marks that turn the direction in which it is read."""
    return _holds(data, TURNING)


def _holds(data: object, what: re.Pattern[str]) -> bool:
    if isinstance(data, str):
        return what.search(data) is not None
    if isinstance(data, dict):
        return any(_holds(key, what) or _holds(value, what) for key, value in data.items())
    return isinstance(data, (list, tuple)) and any(_holds(part, what) for part in data)


def sayable(text: str) -> str:
    """A text without what nobody can read: control characters, and those that turn the direction of what follows."""
    return TURNING.sub("", _CONTROL.sub("", text))
