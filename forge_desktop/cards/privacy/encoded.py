"""Texts that stand in another text as base64: in addresses that hold data, and as long words."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# In an address that holds data, else of 16 signs at least; and what may go on in the next line.
_WORD = re.compile(
    r"(?:(?i:;base64,)|(?<![\w+/=-])(?=[\w+/-]{16}))(?P<word>[\w+/-]{4,}={0,2})(?![\w+/=-])",
    re.ASCII,
)
_NEXT = re.compile(r"\r?\n[ \t]*(?P<word>[\w+/-]+={0,2})(?![\w+/=-])", re.ASCII)
_WRAPPED = 40  # signs of a line that may go on in the next one, at least
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True)
class Encoded:
    """What a word of base64 says, and where it stands."""

    text: str
    start: int
    end: int


def encoded_in(text: str) -> Iterator[Encoded]:
    """The words of a text that are text in base64. What is no text in UTF-8, as a picture, is none."""
    at = 0
    while (found := _WORD.search(text, at)) is not None:
        lines = _lines(text, found.span("word"))
        at = lines[-1][1]
        yield from _whole(text, lines) or _whole(text, lines[:-1]) or _alone(text, lines)


def _lines(text: str, first: tuple[int, int]) -> list[tuple[int, int]]:
    """Where the lines of a wrapped word stand; the last of them may be no part of it."""
    lines = [first]
    while lines[-1][1] - lines[-1][0] >= _WRAPPED and text[lines[-1][1] - 1] != "=":
        more = _NEXT.match(text, lines[-1][1])
        if more is None:
            break
        lines.append(more.span("word"))
    return lines


def _whole(text: str, lines: Sequence[tuple[int, int]]) -> list[Encoded]:
    if not lines:
        return []
    start, end = lines[0][0], lines[-1][1]
    said = _decoded(text[start:end])
    return [] if said is None else [Encoded(said, start, end)]


def _alone(text: str, lines: Sequence[tuple[int, int]]) -> list[Encoded]:
    return [one for line in lines for one in _whole(text, [line])]


def _decoded(word: str) -> str | None:
    signs = _BLANK.sub("", word).rstrip("=").replace("-", "+").replace("_", "/")
    if len(signs) % 4 == 1:
        return None
    try:
        text = base64.b64decode(signs + "=" * (-len(signs) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text if all(sign.isprintable() or sign.isspace() for sign in text) else None
