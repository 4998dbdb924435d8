"""Notices a student that runs in circles: small models end an answer by saying it again, and again."""

from __future__ import annotations

import itertools
import re

from forge_desktop.chat.sentences import split

_LEAST_WORDS = 4  # shorter sentences ("Yes.") may come twice
_ALIKE = 0.75  # share of word pairs that two sentences hold in common
_IN_A_ROW = 2  # one repeat may be a summary; the second one is a circle
_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|\w+")
_LONGEST_PHRASE = 16  # words of a phrase that is said again and again within one sentence
_LEAST_TIMES, _LEAST_RUN = 4, 12  # how often, and how many words in all, before it counts
_TAIL = 3000  # characters at the end that are looked at for it


def circle_begins(text: str) -> int | None:
    """Where an answer begins to repeat itself, as an offset in `text`; None while it does not.

    Either it ends in one phrase, said four times on end ("the team of the team of …"), or its sentences repeat: one is
    a repeat when it shares three quarters of its word pairs with an earlier one, two repeats in a row make a circle,
    which begins at the first of them. What is still being written does not count. Table rows and code may be alike.
    """
    spans = split(text)
    if spans and spans[-1].kind == "prose" and (phrase := _phrase_circle(text, spans[-1].start)) is not None:
        return phrase
    earlier: list[frozenset[tuple[str, str]]] = []
    repeats: list[int] = []
    for span in spans:
        if span.kind not in ("prose", "heading"):
            continue
        if span.end >= len(text.rstrip()) and not text.endswith("\n"):
            break
        words = _WORD.findall(text[span.start : span.end].casefold())
        if len(words) < _LEAST_WORDS:
            continue
        pairs = frozenset(itertools.pairwise(words))
        if any(len(pairs & known) >= _ALIKE * len(pairs | known) for known in earlier):
            repeats.append(span.start)
            if len(repeats) == _IN_A_ROW:
                return repeats[0]
        else:
            earlier.append(pairs)
            repeats.clear()
    return None


def _phrase_circle(text: str, start: int) -> int | None:
    """Where the repetition begins, when the text from `start` ends in one phrase said at least four times."""
    start = max(start, len(text) - _TAIL)
    found = [(match.group().casefold(), match.start()) for match in _WORD.finditer(text, start)]
    if found and text[-1:].isalnum():
        found.pop()  # perhaps half a word
    for period in range(1, min(_LONGEST_PHRASE, len(found) // _LEAST_TIMES) + 1):
        first = len(found) - period
        while first > 0 and found[first - 1][0] == found[first - 1 + period][0]:
            first -= 1
        if len(found) - first >= max(_LEAST_TIMES * period, _LEAST_RUN):
            return found[first + period][1]
    return None
