"""The built-in embedding: signed feature hashing of the terms' character 4-grams into rows of signed bytes.

Integers throughout, so the same terms give the same bytes on every platform. A term counts by the
logarithm of its frequency. The weight of rare terms (idf) is on the question's side only: a passage's vector depends on
nothing but the passage, and is never recomputed because others came or went. Any change, also one of what the analyser
returns, needs a new number in `identity`.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval.postings import Int64s, Postings, count, ragged
from forge_desktop.corpus.retrieval.signs import Vectors, quantise

DIMENSIONS = 512

_UNIT = 16  # weights are integers in sixteenths
_GRAM = 4  # alone they rank as well as 3- to 5-grams with whole words, clean or misspelt, at a fifth of the work
_CELLS = 1 << 20  # a feature's cell folds into as many dimensions as are wanted
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SUBLINEAR = np.array([0, *(round(_UNIT * (1 + math.log(n))) for n in range(1, 1025))])
_AT_ONCE = 256  # passages whose sums are held at a time, 1 MB
_MOST_TERMS = 300_000  # remembered with their features, about 50 MB; then the memory starts afresh


def identity(dimensions: int) -> str:
    """What is stored beside vectors of this embedding."""
    return f"hash-{dimensions}-2"


def is_built_in(identity: str) -> bool:
    """Whether vectors with this identity can be compared with a question embedded here."""
    return identity.startswith("hash-") and identity.endswith("-2")


def features(terms: Sequence[str]) -> tuple[npt.NDArray[np.int32], Int64s]:
    """The features of these terms in one run, each cell * 2 + (0 positive, 1 negative), and how many each has.

    A feature is a hash of four neighbouring code points of "<term>"; all are worked out at once.
    """
    padded = "".join([f"<{term}>\0" for term in terms])
    code = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    lengths = np.fromiter(map(len, terms), np.int64, len(terms))
    starts = np.cumsum(lengths + 3) - (lengths + 3)
    counts = np.maximum(lengths + 3 - _GRAM, 1)
    at = ragged(starts, counts)
    hashed = np.zeros(len(at), np.uint64)
    for letter in range(_GRAM):
        hashed = (hashed ^ code[at + letter]) * _PRIME
        hashed ^= hashed >> np.uint64(29)
    cell = hashed >> np.uint64(20) & np.uint64(_CELLS - 1)
    return (cell * np.uint64(2) + (hashed >> np.uint64(40) & np.uint64(1))).astype(np.int32), counts


def embed_query(weights: Mapping[str, float], dimensions: int = DIMENSIONS) -> Vectors:
    """The vector of a question whose terms have these weights (frequency and rarity)."""
    feature, counts = features(list(weights))
    whole = np.array([round(_UNIT * weight) for weight in weights.values()], np.int64)
    signed = np.repeat(whole, counts) * (1 - 2 * (feature & 1))
    vector: Vectors = quantise(np.bincount((feature >> 1) % dimensions, signed, dimensions)[None])[0]
    return vector


def is_model(identity: str) -> bool:
    """Whether vectors with this identity were made outside."""
    return not identity.startswith(("hash-", "retired/"))


class HashEmbedder:
    """Embeds passages given as terms, and remembers the features of terms met. Not shared between threads."""

    def __init__(self) -> None:
        self._known = _Features()

    def embed(self, passages: Sequence[Sequence[str]], dimensions: int = DIMENSIONS) -> Vectors:
        """One row for each passage."""
        if len(self._known) > _MOST_TERMS:
            self._known = _Features()
        run: list[int] = []
        for terms in passages:
            run.extend(map(self._known.__getitem__, terms))
        lengths = np.fromiter(map(len, passages), np.int64, len(passages))
        return _summed(count(np.array(run, np.int64), lengths), len(passages), *self._known.all(), dimensions)


class _Features(dict[str, int]):
    """Numbers terms as they come, and keeps the features of each."""

    def __init__(self) -> None:
        self._fresh: list[str] = []
        self._features = array("i")
        self._ends = array("q", [0])

    def __missing__(self, term: str) -> int:
        number = self[term] = len(self)
        self._fresh.append(term)
        return number

    def all(self) -> tuple[npt.NDArray[np.int32], Int64s]:
        """The features of all terms in one run, and where each term's begin; drop both before the next term comes."""
        if self._fresh:
            found, counts = features(self._fresh)
            self._ends.frombytes((np.cumsum(counts) + len(self._features)).tobytes())
            self._features.frombytes(found.tobytes())
            self._fresh.clear()
        return np.frombuffer(self._features, np.int32), np.frombuffer(self._ends, np.int64)


def _summed(
    postings: Postings, passages: int, features: npt.NDArray[np.int32], starts: Int64s, dimensions: int
) -> Vectors:
    """Vectors of that many passages; the term with key n has `features[starts[n]:starts[n + 1]]`."""
    order = np.argsort(postings.passages, kind="stable")
    term = np.repeat(postings.keys, postings.counts)[order]
    begins, runs = starts[term], starts[term + 1] - starts[term]
    weight = _SUBLINEAR[np.minimum(postings.frequencies[order], len(_SUBLINEAR) - 1)]
    passage = postings.passages[order].astype(np.int64)
    vectors = np.empty((passages, dimensions), np.int8)
    for low in range(0, passages, _AT_ONCE):
        high = min(low + _AT_ONCE, passages)
        part = slice(*np.searchsorted(passage, (low, high)))
        feature = features[ragged(begins[part], runs[part])]
        cell = np.repeat((passage[part] - low) * dimensions, runs[part]) + (feature >> 1) % dimensions
        signed = np.repeat(weight[part], runs[part]) * (1 - 2 * (feature & 1))
        sums = np.bincount(cell, signed, (high - low) * dimensions)
        vectors[low:high] = quantise(sums.reshape(-1, dimensions))
    return vectors
