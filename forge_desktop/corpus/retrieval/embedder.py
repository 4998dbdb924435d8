"""The built-in embedding: signed feature hashing of the terms' character 4-grams into 512 dimensions of int8.

Integers throughout, hashed with CRC-32, so the same terms give the same bytes on every platform. A term counts by the
logarithm of its frequency. The weight of rare terms (idf) is on the question's side only: a passage's vector depends on
nothing but the passage, and is never recomputed because others came or went. Any change needs a new EMBEDDER_VERSION.
"""

from __future__ import annotations

import math
import zlib
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval.postings import Postings, ragged

EMBEDDER_VERSION = "hash-512-1"
DIMENSIONS = 512

Vectors = npt.NDArray[np.int8]

_UNIT = 16  # weights are integers in sixteenths
_GRAM = 4  # alone they rank as well as 3- to 5-grams with whole words, clean or misspelt, at a fifth of the work
_MIX = 0x9E3779B1  # CRC-32 is linear: similar n-grams would share bits; multiplying spreads them
_SUBLINEAR = np.array([0, *(round(_UNIT * (1 + math.log(n))) for n in range(1, 1025))])
_MOST_WORDS = 150_000
_AT_ONCE = 256  # passages whose sums are held at a time, 1 MB


def features(term: str) -> list[int]:
    """A term's features, each dimension * 2 + (0 positive, 1 negative)."""
    padded = f"<{term}>"
    return [_feature(padded[at : at + _GRAM]) for at in range(max(len(padded) - _GRAM, 0) + 1)]


class HashEmbedder:
    """Embeds many passages at once; keeps the features of terms it has seen."""

    def __init__(self) -> None:
        self._where: dict[str, int] = {}
        self._starts = array("q", [0])
        self._pool = array("i")

    def embed(self, terms: Sequence[str], postings: Postings, passages: int) -> Vectors:
        """Vectors of that many passages, whose postings have for keys the indices into `terms`."""
        if len(self._where) > _MOST_WORDS:
            self._where.clear()
            self._starts, self._pool = array("q", [0]), array("i")
        places = np.fromiter(map(self._place, terms), np.int64, len(terms))
        starts, pool = np.array(self._starts, np.int64), np.array(self._pool, np.int64)
        order = np.argsort(postings.passages, kind="stable")
        place = np.repeat(places[postings.keys], postings.counts)[order]
        begins, runs = starts[place], np.diff(starts)[place]
        weight = _SUBLINEAR[np.minimum(postings.frequencies[order], len(_SUBLINEAR) - 1)]
        passage = postings.passages[order].astype(np.int64)
        vectors = np.empty((passages, DIMENSIONS), np.int8)
        for low in range(0, passages, _AT_ONCE):
            high = min(low + _AT_ONCE, passages)
            part = slice(*np.searchsorted(passage, (low, high)))
            feature = pool[ragged(begins[part], runs[part])]
            cell = np.repeat((passage[part] - low) * DIMENSIONS, runs[part]) + (feature >> 1)
            signed = np.repeat(weight[part], runs[part]) * (1 - 2 * (feature & 1))
            sums = np.bincount(cell, signed, (high - low) * DIMENSIONS)
            vectors[low:high] = quantise(sums.reshape(-1, DIMENSIONS))
        return vectors

    def _place(self, term: str) -> int:
        found = self._where.get(term)
        if found is None:
            found = self._where[term] = len(self._starts) - 1
            self._pool.extend(features(term))
            self._starts.append(len(self._pool))
        return found


def embed_query(weights: Mapping[str, float]) -> Vectors:
    """The vector of a question whose terms have these weights (frequency and rarity)."""
    sums = np.zeros((1, DIMENSIONS))
    for term, weight in weights.items():
        for feature in features(term):
            sums[0, feature >> 1] += round(_UNIT * weight) * (1 - 2 * (feature & 1))
    vector: Vectors = quantise(sums)[0]
    return vector


def quantise(sums: npt.NDArray[Any]) -> Vectors:
    """Whole numbers scaled so that each row's largest is 127, rounded half up; a zero row stays zero."""
    whole: npt.NDArray[np.int64] = sums.astype(np.int64)
    largest = np.maximum(np.abs(whole).max(axis=1, initial=0, keepdims=True), 1)
    vectors: Vectors = ((254 * whole + largest) // (2 * largest)).astype(np.int8)
    return vectors


def sign_bits(vectors: Vectors) -> npt.NDArray[np.uint64]:
    """One bit a dimension, set where positive: 8 words a vector, as columns (8, vectors)."""
    packed = np.packbits(vectors > 0, axis=1, bitorder="little")
    return np.ascontiguousarray(packed.view("<u8").T)


def _feature(name: str) -> int:
    mixed = zlib.crc32(name.encode("utf-8", "surrogatepass")) * _MIX & 0xFFFFFFFF
    return (mixed >> 23) << 1 | (mixed >> 22 & 1)
