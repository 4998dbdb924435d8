"""Texts that stand in another text as base64: in addresses that hold data, and as long words."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

# An address that holds data; else at least 16 signs, and lines of a wrapped block as one.
_WORDS = re.compile(
    r"(?i:\bdata:[^\s,;\"'<>]{0,80}(?:;[^\s,;\"'<>]{1,80}){0,4};base64,)(?P<data>[\w+/-]{4,}={0,2})"
    r"|(?<![\w+/=-])(?P<block>[\w+/-]{40,}(?:\r?\n[ \t]*[\w+/-]{40,})*\r?\n[ \t]*[\w+/-]+={0,2})(?![\w+/=-])"
    r"|(?<![\w+/=-])(?P<word>[\w+/-]{16,}={0,2})(?![\w+/=-])",
    re.ASCII,
)
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
    while (found := _WORDS.search(text, at)) is not None:
        kind = found.lastgroup or "word"
        start, end = found.span(kind)
        said = _decoded(found[kind])
        if said is None and kind == "block":  # a line alone, with words below that are none of it
            end = start + len(found[kind].splitlines()[0])
            said = _decoded(text[start:end])
        if said is not None:
            yield Encoded(said, start, end)
        at = end


def _decoded(word: str) -> str | None:
    signs = _BLANK.sub("", word).rstrip("=").replace("-", "+").replace("_", "/")
    if len(signs) % 4 == 1:
        return None
    try:
        text = base64.b64decode(signs + "=" * (-len(signs) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text if all(sign.isprintable() or sign.isspace() for sign in text) else None
