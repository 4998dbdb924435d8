"""Finds words in a text whatever their spaces, quotation marks, dashes and case, and numbers however written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff", None),
        "\u2026": "...",
    }
)
_GAP = re.compile(r"\s*(?:\[\s*(?:\.\.\.|\u2026)\s*\]|\.\.\.|\u2026)\s*")  # "..." of who left words out
_HYPHENATED = re.compile(r"(?<=\w)-\s*\n\s*(?=\w)")
_NUMBER = re.compile(r"(?:\d{1,3}(?:[.,\u066c'\u2019\u00a0\u202f]\d{3})+(?!\d)|\d+)(?:[.,\u066b]\d+)?")


def find(words: str, text: str) -> tuple[int, int] | None:
    """Where `words` stand in `text`, as (start, end) in its code points; None where they do not.

    Words left out ("...") may lie between parts that follow each other. Nothing is found of what is only blanks.
    """
    plain, places = _plain(text)
    begin, end = -1, 0
    parts = [part for part in map(_squeezed, _GAP.split(words)) if part]
    for part in parts:
        at = plain.find(part, end)
        if at < 0:
            return None
        begin, end = (at if begin < 0 else begin), at + len(part)
    return (places[begin], places[end - 1] + 1) if parts else None


def numbers(text: str) -> list[str]:
    """The numbers in a text, without the marks that group their digits, whatever digits they are written in."""
    return [_value(each) for each in _NUMBER.findall(text)]


def missing_numbers(answer: str, texts: Iterable[str]) -> list[str]:
    """The numbers of an answer that none of the texts names, each once."""
    known = {value for text in texts for each in numbers(text) for value in _readings(each)}
    return list(dict.fromkeys(each for each in numbers(answer) if known.isdisjoint(_readings(each))))


def _plain(text: str) -> tuple[str, list[int]]:
    """The text without what may differ, and of each of its characters where it stands in `text`."""
    letters: list[str] = []
    places: list[int] = []
    joined = {place for match in _HYPHENATED.finditer(text) for place in range(*match.span())}
    for place, letter in enumerate(text):
        if place in joined or letter.isspace():
            continue
        for one in unicodedata.normalize("NFKC", letter).translate(_ALIKE).casefold():
            if not one.isspace():
                letters.append(one)
                places.append(place)
    return "".join(letters), places


def _squeezed(words: str) -> str:
    return _plain(words.strip().strip("\"'\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019"))[0]


def _value(written: str) -> str:
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in written)
    return re.sub(r"['\u2019\u00a0\u202f\u066c]", "", digits).replace("\u066b", ".")


def _readings(value: str) -> set[str]:
    """What a number may be: 1,234 is one thousand in one country and one in another, and 1,234.50 is 1234.5."""
    found = {_trimmed(value.replace(",", "")), _trimmed(value.replace(".", "").replace(",", "."))}
    if value.count(",") + value.count(".") == 1:
        found.add(_trimmed(value.replace(",", ".")))
    return found


def _trimmed(value: str) -> str:
    whole, point, rest = value.partition(".")
    rest = rest.replace(".", "").rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{rest}" if point and rest else "")
