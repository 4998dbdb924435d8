"""What keeps a Markdown text from being taken in as it is: it cannot be read, or says what cannot be."""

from __future__ import annotations

from forge_desktop.cards import fields as known
from forge_desktop.cards.records import Kind, Problem
from forge_desktop.cards.typing_in import wrong_value


def readable(text: str, kind: Kind) -> bool:
    """Whether a text can be read as a card at all."""
    from forge_desktop.cards.markdown import BadCardText, read

    try:
        read(text, kind)
    except BadCardText:
        return False
    return True


def wrong_in(text: str, kind: Kind) -> list[Problem]:
    """Everything that keeps a text from being taken in as it is, in the order of the fields."""
    from forge_desktop.cards.markdown import BadCardText, read

    try:
        said = read(text, kind)
    except BadCardText as error:
        return [Problem("", error.message, "error", error.line, error.column)]
    found = []
    for key, (data, unit) in said.values.items():
        if known.is_of(key, kind) and (sentence := wrong_value(known.BY_KEY[key], data, unit, kind)):
            line, column = said.places.get(key, (0, 0))
            found.append(Problem(key, sentence, "error", line, column))
    return found


def remarks_in(text: str, kind: Kind) -> tuple[Problem, ...]:
    """What others would not take of a text that can be read."""
    from forge_desktop.cards.markdown import BadCardText, read

    try:
        return read(text, kind).remarks
    except BadCardText:
        return ()


def problem_in(text: str, kind: Kind) -> Problem | None:
    """The first thing that keeps a text from being taken in as it is; None where nothing does."""
    return next(iter(wrong_in(text, kind)), None)
