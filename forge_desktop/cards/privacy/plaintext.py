"""A text as it reads, without what only spells it otherwise, and where each character of it stands in the original."""

from __future__ import annotations

import html
import json
import re
import unicodedata
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass

_ROUNDS = 4  # an escape within an escape within an escape …
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_SPELT = re.compile(
    r"(?P<entity>&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    r"|(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4})"
    r"|(?P<number>(?<!:)\\x[0-9a-fA-F]{2}|\\U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})"  # as YAML and programs write them
    r"|(?P<percent>(?:%[0-9a-fA-F]{2})+)"
    r"|(?P<tag></?(?:b|i|u|s|a|em|strong|span|mark|small|big|sub|sup|code|font|cite|abbr|kbd|tt|q|wbr)\s*/?>|<!--\s*-->)"
    r"|(?P<mark>\*{1,3}(?=\S)|(?<=\S)\*{1,3}|~~|(?<![\w/.\\-])_{1,3}(?=\w)|(?<=\w)_{1,3}(?![\w/.-]))"
    r"|(?P<slash>(?<![\\:/])\\(?=[_*.@#~+&()\[\]!/-]))"
    rf"|(?P<unseen>[{_UNSEEN}])"
    r"|(?P<hyphen>[\u2010-\u2012\u2212\ufe63\uff0d])"
    rf"|(?P<wide>[^\W\d_][{_MARKS}]+|[^\x00-\x7f])"
)
_GONE = frozenset(("tag", "mark", "slash", "unseen"))
_UNSEEN_HERE = re.compile(f"[{_UNSEEN}]")
_ACCENTED = re.compile(f"([A-Za-z])[{_MARKS}]+")
_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i", "ß": "ss", "æ": "ae", "\u2019": "'"}
)


@dataclass(frozen=True)
class Plain:
    """What a text says. `places` has of each character where its spelling begins and ends in the original."""

    text: str
    original: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of it stands in the original; `end` is beyond `start`."""
        return self.starts[start], self.ends[end - 1]


def plain(text: str) -> Plain:
    """Entities, escapes, percent signs, emphasis, unseen and compatible characters read as what they stand for."""
    found = Plain(text, text, range(len(text)), range(1, len(text) + 1))
    for _ in range(_ROUNDS):
        again = _once(found)
        if again is None:
            break
        found = again
    return found


def unaccented(text: str) -> str:
    """A text whose Latin letters have no accents, as people write names who lack the keys for them."""
    if text.isascii():
        return text
    bare = unicodedata.normalize("NFD", _UNSEEN_HERE.sub("", text).translate(_LETTERS))
    return unicodedata.normalize("NFC", _ACCENTED.sub(r"\1", bare))


def _once(held: Plain) -> Plain | None:
    text = held.text
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    for match in _SPELT.finditer(text):
        said = _read(match)
        if said == match[0]:
            continue
        low, high = match.span()
        parts += (text[last:low], said)
        starts += held.starts[last:low]
        ends += held.ends[last:low]
        first, end = held.span(low, high)
        starts += [first] * len(said)
        ends += [end] * len(said)
        last = high
    if not parts:
        return None
    parts.append(text[last:])
    starts += held.starts[last:]
    ends += held.ends[last:]
    return Plain("".join(parts), held.original, starts, ends)


def _read(match: re.Match[str]) -> str:
    """What a spelling stands for; itself where it is none."""
    kind, said = match.lastgroup or "", match[0]
    if kind in _GONE:
        return ""
    if kind == "entity":
        return html.unescape(said)
    if kind in ("pair", "number"):
        read = chr(int(said[2:], 16)) if kind == "number" else str(json.loads(f'"{said}"'))
        return said if "\ud800" <= read <= "\udfff" else read
    if kind == "percent":
        read = urllib.parse.unquote(said, errors="surrogateescape")
        return said if any("\ud800" <= one <= "\udfff" or one < " " for one in read) else read
    return "-" if kind == "hyphen" else unicodedata.normalize("NFKC", said)
