"""Notices a student that runs in circles: small models end an answer by saying it again, and again."""

from __future__ import annotations

import itertools
import re

from forge_desktop.chat.sentences import split

_LEAST_WORDS = 4  # shorter sentences ("Yes.") may come twice
_ALIKE = 0.75  # share of word pairs that two sentences hold in common
_IN_A_ROW = 2  # one repeat may be a summary; the second one is a circle
_WORD = re.compile(r"\w+")


def circle_begins(text: str) -> int | None:
    """Where an answer begins to repeat itself, as an offset in `text`; None while it does not.

    A sentence is a repeat when it shares three quarters of its word pairs with an earlier sentence of the answer. Two
    repeats in a row make a circle, which begins at the first of them. The sentence still being written does not count.
    Table rows and code may be alike.
    """
    earlier: list[frozenset[tuple[str, str]]] = []
    repeats: list[int] = []
    spans = [span for span in split(text) if span.kind in ("prose", "heading")]
    for span in spans:
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
