"""Which words of a snippet the question asked for, and the part of a passage worth showing in a card."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_SHORTEST = 3
_SHOWN = 320  # characters of a passage in a card
_BEFORE = 60
# Words that ask rather than say
_ASKING = """
    and are but can does for from had has have how into its long many may much must not our out per shall should than
    that the their them then there they this those was were what when where which who whom whose why will with would
    you your about any
    """
_EMPTY = frozenset(_ASKING.split())


def wanted_words(question: str) -> frozenset[str]:
    """The question's words that are worth finding, case folded."""
    words = (word.casefold() for word in _WORD.findall(question))
    return frozenset(w for w in words if (len(w) >= _SHORTEST and w not in _EMPTY) or w.isdigit())


def matches(text: str, wanted: frozenset[str]) -> list[tuple[int, int]]:
    """Spans of the words in `text` that are a wanted word, or the same word with another ending."""
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        if any(_same(match[0].casefold(), word) for word in wanted):
            close = found and not text[found[-1][1] : match.start()].strip()
            if close:
                found[-1] = (found[-1][0], match.end())
            else:
                found.append(match.span())
    return found


def excerpt(text: str, wanted: frozenset[str]) -> str:
    """About 300 characters on one line, beginning a little before the first wanted word."""
    line = " ".join(text.split())
    if len(line) <= _SHOWN:
        return line
    first = next((start for start, _ in matches(line, wanted)), 0)
    start = max(0, first - _BEFORE)
    if start:
        start = line.find(" ", start) + 1
    end = min(len(line), start + _SHOWN)
    if end < len(line):
        end = max(line.rfind(" ", start, end), start + 1)
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")


def _same(word: str, wanted: str) -> bool:
    if word == wanted:
        return True
    shorter = min(len(word), len(wanted))
    stem = max(4, shorter - 2)
    return shorter >= 4 and abs(len(word) - len(wanted)) <= 3 and word[:stem] == wanted[:stem]
