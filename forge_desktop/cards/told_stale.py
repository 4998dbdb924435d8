"""What was stale where it came from: kept with the value, until somebody renews it, writes it anew or looks at it."""

from __future__ import annotations

import dataclasses

from forge_desktop.cards.records import Value

KEY = "told stale"
"""In a value's detail: the sentence that stood there."""

_WORDS = "Was stale where it came from: "
_LONGEST = 2000  # characters of a sentence of somebody else's


def sentence(value: Value | None) -> str:
    """What says so of a value; "" for one that was true, or was written here."""
    told = None if value is None else value.detail.get(KEY)
    return f"{_WORDS}{told.rstrip('.')}." if isinstance(told, str) and told else ""


def is_said(text: str) -> bool:
    """Whether a sentence says so."""
    return text.startswith(_WORDS)


def labelled(stale: str) -> str:
    """What is stale in a value as a line of its own says it."""
    return stale if is_said(stale) else f"Stale: {stale}"


def marked(value: Value, said: str) -> Value:
    """The value with what was said of it elsewhere; one that came from further away keeps the words it came with."""
    told = " ".join(said.split()).removeprefix(_WORDS)[:_LONGEST]
    detail = {**value.detail, **({KEY: told} if told else {})}
    made = dataclasses.replace(value, detail=detail, stale="")
    return dataclasses.replace(made, stale=sentence(made))


def shown(value: Value | None) -> Value | None:
    """The value as a card shows it that knows nothing else of it."""
    return value if value is None or not (said := sentence(value)) else dataclasses.replace(value, stale=said)


def looked_at(value: Value | None) -> Value | None:
    """The same, once a person said that it holds."""
    if value is None or KEY not in value.detail:
        return value
    detail = {name: held for name, held in value.detail.items() if name != KEY}
    return dataclasses.replace(value, detail=detail, stale="")
