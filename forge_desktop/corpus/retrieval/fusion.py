"""BM25 and vectors to one ranking: weighted min-max over each side's best hundred.

Not reciprocal ranks: with a weak vector side they cost 20 points of nDCG where this costs none. Where all words of a
question are known, BM25 decides, with an embedding model at its side where there is one; the hash embedding, weak
alone, counts as much as the question has words that no passage has: those are mostly misspelt, and it finds them.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

POOL = 100
_UNKNOWN_SHARE = 0.7  # of the vectors, when no passage has any of the question's words
_MODEL_SHARE = 0.2  # of an embedding model when all words are known: the best of 0.1 to 0.5 for a small one
_MODEL_UNKNOWN_SHARE = 0.2  # of it in the share of unknown words; the rest is the hash embedding's


class Found(NamedTuple):
    """A passage found. `score` in 0..1; the raw scores of both sides; ranks from 1, None where that side missed it."""

    passage_id: int
    score: float
    bm25: float | None
    vector: float | None
    bm25_rank: int | None
    vector_rank: int | None


@dataclass(frozen=True)
class Mix:
    """How a search weighs its sides, where that is not as usual. `alpha` (0 to 1) is the share of the vectors, an
    embedding model's where one is in use; without it the question decides. `model` False leaves that model out.
    """

    alpha: float | None = None
    model: bool = True


@dataclass(frozen=True)
class Side:
    """What one kind of search found: its best passages, best first, and scores of these and maybe others."""

    best: Sequence[int]
    scores: Mapping[int, float]


def fuse(
    bm25: Side, spelling: Side, model: Side | None, *, k: int, unknown: float, alpha: float | None = None
) -> list[Found]:
    """The best k of all sides; `unknown` is the share of the question that no passage has, `alpha` as in Mix.

    A passage beyond a side's best keeps its score there, without a rank. `vector` in what is found is the model's
    where there is one.
    """
    sides = [bm25, spelling] if model is None else [bm25, spelling, model]
    ranks = [{passage: rank for rank, passage in enumerate(side.best, 1)} for side in sides]
    union = set().union(*ranks)
    scaled = [_min_max(side.scores, union) for side in sides]
    shares = _shares(unknown, with_model=model is not None, alpha=alpha)
    fused = {passage: sum(map(operator.mul, shares, (side[passage] for side in scaled))) for passage in union}
    return [
        Found(
            passage,
            min(fused[passage], 1.0),
            bm25.scores.get(passage),
            sides[-1].scores.get(passage),
            ranks[0].get(passage),
            ranks[-1].get(passage),
        )
        for passage in sorted(union, key=lambda passage: (-fused[passage], -scaled[-1][passage], passage))[:k]
    ]


def _shares(unknown: float, *, with_model: bool, alpha: float | None) -> list[float]:
    """What each side counts: words, spelling, and the model where there is one."""
    if alpha is not None:
        return [1 - alpha, 0.0, alpha] if with_model else [1 - alpha, alpha]
    shares = [1 - _UNKNOWN_SHARE * unknown, _UNKNOWN_SHARE * unknown]
    if with_model:
        shares.append(_MODEL_SHARE + _MODEL_UNKNOWN_SHARE * unknown)
        shares[0] -= _MODEL_SHARE
        shares[1] -= _MODEL_UNKNOWN_SHARE * unknown
    return shares


def _min_max(scores: Mapping[int, float], union: Collection[int]) -> dict[int, float]:
    """Scores of these passages between 0 and 1. One without a score counts as zero, or as the lowest below that: BM25
    is negative where nearly every word stands in most passages."""
    missing = min(0.0, min(scores.values(), default=0.0))
    values = {passage: scores.get(passage, missing) for passage in union}
    low, high = min(values.values(), default=0.0), max(values.values(), default=0.0)
    if high <= low:
        return dict.fromkeys(values, 1.0 if high > 0 else 0.0)
    return {passage: (value - low) / (high - low) for passage, value in values.items()}
