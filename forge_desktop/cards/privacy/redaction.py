"""Takes findings out of a text, however they are spelt there."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence

from forge_desktop.cards.privacy.plaintext import plain
from forge_desktop.cards.records import Leak, LeakKind

_ANY_CASE = frozenset(("name", "document"))


def redacted(text: str, leaks: Sequence[Leak]) -> str:
    """The text with all that is not revealed replaced by what hides it: the longest first, each as it reads."""
    wanted = sorted({(one.text, one.kind, one.hidden) for one in leaks if not one.revealed}, key=_longest)
    if not wanted or not text:
        return text
    read = plain(text)
    lower = read.text.lower()
    if len(lower) != len(read.text):
        lower = read.text
    taken = bytearray(len(text))
    found: list[tuple[int, int, str]] = []
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
    for start, end, hidden in sorted(found, reverse=True):
        text = text[:start] + hidden + text[end:]
    return text


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
