"""The built-in embedding: signed feature hashing of the terms' character 4-grams into 512 dimensions of int8.

Integers throughout, so the same terms give the same bytes on every platform. A term counts by the
logarithm of its frequency. The weight of rare terms (idf) is on the question's side only: a passage's vector depends on
nothing but the passage, and is never recomputed because others came or went. Any change needs a new EMBEDDER_VERSION.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval.postings import Int64s, Postings, ragged

EMBEDDER_VERSION = "hash-512-1"
DIMENSIONS = 512

Vectors = npt.NDArray[np.int8]

_UNIT = 16  # weights are integers in sixteenths
_GRAM = 4  # alone they rank as well as 3- to 5-grams with whole words, clean or misspelt, at a fifth of the work
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SUBLINEAR = np.array([0, *(round(_UNIT * (1 + math.log(n))) for n in range(1, 1025))])
_AT_ONCE = 256  # passages whose sums are held at a time, 1 MB


def features(terms: Sequence[str]) -> tuple[npt.NDArray[np.int32], Int64s]:
    """The features of these terms in one run, each dimension * 2 + (0 positive, 1 negative), and how many each has.

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
    dimension = (hashed >> np.uint64(20)).astype(np.int64) % DIMENSIONS
    return (dimension * 2 + (hashed >> np.uint64(40) & np.uint64(1)).astype(np.int64)).astype(np.int32), counts


def embed(postings: Postings, passages: int, features: npt.NDArray[np.int32], starts: Int64s) -> Vectors:
    """Vectors of that many passages; the term with key n has `features[starts[n]:starts[n + 1]]`."""
    order = np.argsort(postings.passages, kind="stable")
    term = np.repeat(postings.keys, postings.counts)[order]
    begins, runs = starts[term], starts[term + 1] - starts[term]
    weight = _SUBLINEAR[np.minimum(postings.frequencies[order], len(_SUBLINEAR) - 1)]
    passage = postings.passages[order].astype(np.int64)
    vectors = np.empty((passages, DIMENSIONS), np.int8)
    for low in range(0, passages, _AT_ONCE):
        high = min(low + _AT_ONCE, passages)
        part = slice(*np.searchsorted(passage, (low, high)))
        feature = features[ragged(begins[part], runs[part])]
        cell = np.repeat((passage[part] - low) * DIMENSIONS, runs[part]) + (feature >> 1)
        signed = np.repeat(weight[part], runs[part]) * (1 - 2 * (feature & 1))
        sums = np.bincount(cell, signed, (high - low) * DIMENSIONS)
        vectors[low:high] = quantise(sums.reshape(-1, DIMENSIONS))
    return vectors


def embed_query(weights: Mapping[str, float]) -> Vectors:
    """The vector of a question whose terms have these weights (frequency and rarity)."""
    feature, counts = features(list(weights))
    whole = np.array([round(_UNIT * weight) for weight in weights.values()], np.int64)
    signed = np.repeat(whole, counts) * (1 - 2 * (feature & 1))
    vector: Vectors = quantise(np.bincount(feature >> 1, signed, DIMENSIONS)[None])[0]
    return vector


def quantise(sums: npt.NDArray[Any]) -> Vectors:
    """Whole numbers scaled so that each row's largest is 127, rounded half up; a zero row stays zero."""
    whole: npt.NDArray[np.int64] = sums.astype(np.int64)
    largest = np.maximum(np.abs(whole).max(axis=1, initial=0, keepdims=True), 1)
    vectors: Vectors = ((254 * whole + largest) // (2 * largest)).astype(np.int8)
    return vectors


def rotated(vectors: Vectors) -> npt.NDArray[np.int32]:
    """The vectors in the Hadamard basis, which keeps angles. Short texts leave most dimensions zero, and the sign of a
    zero tells nothing; rotated, every dimension has a share of all. Not by matrix product: a BLAS that wakes its
    threads for ten short rows takes longer than these nine additions.
    """
    turned = vectors.T.astype(np.int32)  # one row a dimension, so that every step adds long rows
    for step in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        pairs = turned.reshape(DIMENSIONS // (2 * step), 2, step, -1)
        turned = np.stack((pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]), axis=1)
    return turned.reshape(DIMENSIONS, -1)


def sign_bits(vectors: Vectors) -> npt.NDArray[np.uint64]:
    """One bit a dimension of the rotated vectors, set where positive: 8 words a vector, as columns (8, vectors)."""
    signs = np.empty((DIMENSIONS // 64, len(vectors)), np.uint64)
    for low in range(0, len(vectors), _AT_ONCE):
        positive = rotated(vectors[low : low + _AT_ONCE]) > 0
        packed = np.packbits(positive, axis=0, bitorder="little").reshape(len(signs), 8, -1)
        signs[:, low : low + _AT_ONCE] = np.ascontiguousarray(packed.swapaxes(1, 2)).view("<u8")[:, :, 0]
    return signs
