"""Whether a gate's margins can be meant: numbers, none below nothing, none so wide that nothing could break it."""

from __future__ import annotations

import math

from forge_desktop.students.records_gate import Margins

_MOST = {"nll": 2.0, "exact_match": 50.0, "citation_validity": 50.0}  # from there on a ruined student would stay within
_NAMES = {"nll": "NLL", "exact_match": "exact match", "citation_validity": "citation validity"}


def problem(margins: Margins) -> str:
    """Why no gate can hold a version against them, "" where one can."""
    for name, most in _MOST.items():
        value = getattr(margins, name)
        if not math.isfinite(value) or value < 0:
            return f"A margin is how far something may fall, a number from 0 up: {value} for {_NAMES[name]} is none."
        if value > most:
            return (
                f"A margin of {told(name, value)} for {_NAMES[name]} would let anything pass:"
                f" {told(name, most)} is the widest."
            )
    return ""


def wider(margins: Margins) -> list[str]:
    """Of each margin that is wider than usual, by how much."""
    usual = Margins()
    return [
        f"The margin of {_NAMES[name]} was {told(name, getattr(margins, name))}, where {told(name, least)} is usual."
        for name in _MOST
        if getattr(margins, name) > (least := getattr(usual, name))
    ]


def told(name: str, value: float) -> str:
    """A margin with its unit."""
    return f"{value:g} nats a token" if name == "nll" else f"{value:g} points"
