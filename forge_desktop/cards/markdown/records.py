"""What reading a card's Markdown gives, and how a text that cannot be read is refused: by line and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.records import Problem


class BadCardText(ForgeError):  # noqa: N818 - the text is bad, the name says it
    """A text that is no card as it stands; `line` and `column` count from 1 in it. The text itself is never lost."""

    def __init__(self, message: str, line: int, column: int, *, hint: str = "") -> None:
        super().__init__(
            f"Line {line}, column {column}: {message}", hint=hint or "The text is kept as it is; mend that place."
        )
        self.line = line
        self.column = column


@dataclass(frozen=True)
class ReadText:
    """A card's text, read. `values` are (data, unit) by field, `not_applicable` the reasons by field.

    `keys` are the front matter's keys that are no fields of ours, in order, with their values as JSON has them;
    `sections` the headings that are none of ours. Both stay in `document`, which is the text as it came.
    """

    values: Mapping[str, tuple[object, str]]
    keys: Mapping[str, object]
    document: str
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[str, ...] = ()
    remarks: tuple[Problem, ...] = ()  # what others would not take of it, as it stands
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # line and column of each value
    stale: Mapping[str, str] = field(default_factory=dict)  # what the text itself calls no longer true, and why
