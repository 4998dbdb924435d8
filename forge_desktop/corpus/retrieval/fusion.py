"""BM25 and vectors to one ranking: weighted min-max over each side's best hundred.

Not reciprocal ranks: with a weak vector side they cost 20 points of nDCG where this costs none (the hash embedding is
weak alone and pays on misspelt words).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

POOL = 100
_MODEL_SHARE = 0.4  # of an embedding model
_HASH_SHARE = 0.0  # of the built-in embedding: it orders what BM25 finds alike, until words are unknown
_UNKNOWN = 0.7  # more goes to the vectors when no passage has any of the question's words


class Found(NamedTuple):
    """A passage found. `score` in 0..1; the raw scores of both sides; ranks from 1, None where that side missed it."""

    passage_id: int
    score: float
    bm25: float | None
    vector: float | None
    bm25_rank: int | None
    vector_rank: int | None


def bm25_share(unknown: float, *, model: bool) -> float:
    """How much BM25 counts beside the built-in embedding or a model: less the more of the question's weight is on words
    that no passage has (misspelt ones)."""
    return max(0.0, 1 - (_MODEL_SHARE if model else _HASH_SHARE) - _UNKNOWN * unknown)


@dataclass(frozen=True)
class Side:
    """What one kind of search found: its best passages, best first, and scores of these and maybe others."""

    best: Sequence[int]
    scores: Mapping[int, float]


def fuse(bm25: Side, vector: Side, *, k: int, share: float) -> list[Found]:
    """The best k of both sides. A passage beyond a side's best keeps its score there, without a rank."""
    ranks = [{passage: rank for rank, passage in enumerate(side.best, 1)} for side in (bm25, vector)]
    union = ranks[0].keys() | ranks[1].keys()
    lexical, similar = _min_max(bm25.scores, union), _min_max(vector.scores, union)
    fused = {passage: share * lexical[passage] + (1 - share) * similar[passage] for passage in union}
    return [
        Found(
            passage,
            fused[passage],
            bm25.scores.get(passage),
            vector.scores.get(passage),
            ranks[0].get(passage),
            ranks[1].get(passage),
        )
        for passage in sorted(union, key=lambda passage: (-fused[passage], -similar[passage], passage))[:k]
    ]


def _min_max(scores: Mapping[int, float], union: Collection[int]) -> dict[int, float]:
    """Scores of these passages between 0 and 1. One without a score counts as zero, or as the lowest below that: BM25
    is negative where nearly every word stands in most passages."""
    missing = min(0.0, min(scores.values(), default=0.0))
    values = {passage: scores.get(passage, missing) for passage in union}
    low, high = min(values.values(), default=0.0), max(values.values(), default=0.0)
    if high <= low:
        return dict.fromkeys(values, 1.0 if high > 0 else 0.0)
    return {passage: (value - low) / (high - low) for passage, value in values.items()}
