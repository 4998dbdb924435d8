"""Takes findings out of a text, however they are spelt there."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Sequence

from forge_desktop.cards.privacy.encoded import encoded_in
from forge_desktop.cards.privacy.plaintext import plain
from forge_desktop.cards.records import Leak, LeakKind

_ANY_CASE = frozenset(("name", "document"))

_Wanted = Sequence[tuple[str, LeakKind, str]]
_Found = list[tuple[int, int, str]]


def redaction(leaks: Sequence[Leak]) -> Callable[[str], str]:
    """What takes all that is not revealed out of a text and puts what hides it there: the longest first, each as it
    reads. A word of base64 goes as a whole where what it says holds any of it.
    """
    wanted = sorted({(one.text, one.kind, one.hidden) for one in leaks if not one.revealed}, key=_longest)
    return lambda text: _without(text, wanted) if wanted and text else text


def _without(text: str, wanted: _Wanted) -> str:
    found = _found(text, wanted)
    for word in encoded_in(text):
        if inner := _found(word.text, wanted):
            beside = [one for one in found if one[0] < word.end and word.start < one[1]]
            start = min(word.start, *(one[0] for one in beside)) if beside else word.start
            end = max(word.end, *(one[1] for one in beside)) if beside else word.end
            found = [one for one in found if one not in beside] + [(start, end, inner[0][2])]
    for start, end, hidden in sorted(found, reverse=True):
        if text[end - 1] == "\\" and text[end : end + 1] == "|":
            end -= 1  # it keeps a cell of a table together
        text = text[:start] + hidden + text[end:]
    return text


def _found(text: str, wanted: _Wanted) -> _Found:
    """Where these stand in a text, and what hides each; none touches another."""
    read = plain(text)
    lower = read.text.lower()
    if len(lower) != len(read.text):
        lower = read.text
    taken = bytearray(len(text))
    found: _Found = []
    for said, kind, hidden in wanted:
        among = lower if kind in _ANY_CASE else read.text
        for beginning, sought in _patterns(said, kind):
            if beginning not in among:
                continue
            for match in sought.finditer(among):
                start, end = read.span(*match.span())
                if not any(taken[start:end]):
                    taken[start:end] = b"\1" * (end - start)
                    found.append((start, end, hidden))
    return found


def _longest(wanted: tuple[str, LeakKind, str]) -> tuple[int, str]:
    return -len(wanted[0]), wanted[0]


@functools.lru_cache(8192)
def _patterns(said: str, kind: LeakKind) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The words wherever they stand by themselves, with any white space between them, also as JSON spells them."""
    written = (said, json.dumps(said, ensure_ascii=False)[1:-1])
    read = [plain(one).text for one in written]
    spelt = dict.fromkeys(one.lower() if kind in _ANY_CASE else one for one in read)
    return tuple((words.split()[0], _pattern(words)) for words in spelt if words.split())


def _pattern(words: str) -> re.Pattern[str]:
    inner = r"\s+".join(re.escape(word) for word in words.split())
    before = r"(?<![^\W_])" if words[0].isalnum() and not _runs_on(words[0]) else ""
    after = r"(?![^\W_])" if words[-1].isalnum() and not _runs_on(words[-1]) else ""
    return re.compile(f"{before}{inner}{after}")


def _runs_on(sign: str) -> bool:
    """Whether a sign belongs to a script that has no spaces between its words, or adds endings to names."""
    return "\u0e00" <= sign <= "\u0eff" or "\u2e80" <= sign <= "\ud7af" or sign >= "\U00020000"
