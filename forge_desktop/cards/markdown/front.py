"""Where a text's front matter begins and ends, and what no card's text may hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forge_desktop.cards.markdown.records import BadCardText

LARGEST = 2_000_000
"""Characters of a text; the longest card among those of public models has a tenth of that."""
_OPENING = re.compile(r"\ufeff?\s*---[ \t]*(?:\r\n|\n)")
_OLD_MAC = re.compile(r"\ufeff?\s*---[ \t]*\r(?!\n)")
_CLOSING = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_UNREADABLE = re.compile(r"[\x00\ud800-\udfff]")
_NO_YAML = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")


@dataclass(frozen=True)
class Front:
    """A text in three: `before` and its dashes, the front matter, `after` (dashes too) and the body.

    `there` tells whether it has front matter at all; lines count from 1.
    """

    before: str
    yaml: str
    after: str
    body: str
    there: bool
    yaml_line: int
    body_line: int

    @property
    def line_end(self) -> str:
        """The line end of the text: the first one's."""
        for part in (self.before, self.body):
            at = part.find("\n")
            if at >= 0:
                return "\r\n" if part[at - 1 : at] == "\r" else "\n"
        return "\n"


def split(text: str) -> Front:
    """The parts of a text. Raises BadCardText where its front matter has no end, or where it is no text."""
    check(text)
    opening = _OPENING.match(text)
    if opening is None and (old := _OLD_MAC.match(text)):
        said = "the lines end as on an old Mac, with a carriage return alone, which nobody reads as an end."
        line, column = place(text, old.end() - 1)
        raise BadCardText(said, line, column, hint="Save the text with line ends of Unix or of Windows.")
    if opening is None:
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        return Front(mark, "", "", text[len(mark) :], False, 1, 1)
    closing = _CLOSING.search(text, opening.end())
    first = opening[0].count("\n")
    if closing is None:
        raise BadCardText(
            "the front matter that begins here has no end.", first, 1, hint="End it with a line of three dashes."
        )
    yaml = text[opening.end() : closing.start()]
    control = _NO_YAML.search(yaml)
    if control:
        line, column = place(text, opening.end() + control.start())
        raise BadCardText(f"the front matter holds the control character U+{ord(control[0]):04X}.", line, column)
    body_line = first + yaml.count("\n") + closing[0].count("\n") + 1
    return Front(opening[0], yaml, closing[0], text[closing.end() :], True, first + 1, body_line)


def check(text: str) -> None:
    """Refuse what is no text, or too much of it."""
    if len(text) > LARGEST:
        line, column = place(text, LARGEST)
        raise BadCardText(
            f"a card may have {LARGEST:,} characters, and this text has {len(text):,}.",
            line,
            column,
            hint="Keep long data in a file of its own and name it in the card.",
        )
    found = _UNREADABLE.search(text)
    if found:
        line, column = place(text, found.start())
        what = "a zero byte" if found[0] == "\0" else "half of a character"
        raise BadCardText(f"{what} stands where text should be.", line, column)


def place(text: str, at: int) -> tuple[int, int]:
    """Line and column of an offset, from 1; a byte order mark has no column."""
    start = text.rfind("\n", 0, at) + 1
    mark = 1 if not start and text.startswith("\ufeff") else 0
    return text.count("\n", 0, at) + 1, max(1, at - start + 1 - mark)
