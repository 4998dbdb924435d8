"""A question as the index sees it: words with their stems, and how much each stem weighs in its vector."""

from __future__ import annotations

import collections
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_SHORTEST_MISSPELT = 3  # letters; an unknown pair of Chinese characters says nothing about spelling


class Weighed(NamedTuple):
    """A term's weight by its frequency in the question and its rarity; `unknown` is the share of all weight that words
    have which stand in no passage."""

    weights: dict[str, float]
    unknown: float


def weigh(words: Sequence[Sequence[str]], passages_with: Mapping[str, int], passages: int) -> Weighed:
    """Weigh the stems of each word. Of a word with known stems only those count, so that a German word is not taken for
    misspelt because no passage has its English stem; an unknown word's stems share its weight."""
    weights: dict[str, float] = {}
    unknown = total = 0.0
    for word, times in collections.Counter(map(tuple, words)).items():
        known = [stem for stem in word if passages_with[stem]]
        for stem in known or word:
            rarity = 1 + math.log((passages + 1) / (passages_with[stem] + 1))
            weight = (1 + math.log(times)) * rarity / len(known or word)
            weights[stem] = weights.get(stem, 0.0) + weight
            total += weight
            if not known and len(stem) >= _SHORTEST_MISSPELT:
                unknown += weight
    return Weighed(weights, unknown / total if total else 0.0)
