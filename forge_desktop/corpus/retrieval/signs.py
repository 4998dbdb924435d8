"""Vectors as rows of signed bytes, and the sign bits by which the nearest of a million are found in milliseconds.

One format for every embedder: `dimensions` (a multiple of 64) signed bytes, scaled so that the largest is 127, and one
bit a dimension of the rotated row. Integers throughout, so the same numbers give the same bytes on every platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.int8]
Words = npt.NDArray[np.uint64]

_AT_ONCE = 256  # rows rotated at a time, 1 MB
_PLANES = 2  # bits of the question's magnitudes
_WORDS_AT_ONCE = 3  # of 64 bits, so that their count fits in a byte


def quantise(sums: npt.NDArray[Any]) -> Vectors:
    """Whole numbers scaled so that each row's largest is 127, rounded half up; a zero row stays zero."""
    whole: npt.NDArray[np.int64] = sums.astype(np.int64)
    largest = np.maximum(np.abs(whole).max(axis=1, initial=0, keepdims=True), 1)
    vectors: Vectors = ((254 * whole + largest) // (2 * largest)).astype(np.int8)
    return vectors


def rotated(vectors: Vectors) -> npt.NDArray[np.int32]:
    """The vectors in a Hadamard basis (in blocks, where dimensions are no power of two), which keeps angles; one row a
    dimension. Short texts leave most dimensions zero, and the sign of a zero tells nothing; rotated, every dimension
    has a share of all. Not by matrix product: a BLAS that wakes its threads for ten short rows takes longer than these
    few additions.
    """
    dimensions = vectors.shape[1]
    turned = vectors.T.astype(np.int32)  # so that every step adds long rows
    step = 1
    while dimensions % (2 * step) == 0:
        pairs = turned.reshape(dimensions // (2 * step), 2, step, -1)
        turned = np.stack((pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]), axis=1)
        step *= 2
    return turned.reshape(dimensions, -1)


def sign_bits(vectors: Vectors) -> Words:
    """One bit a dimension of the rotated vectors, set where positive: a word for 64, as columns (words, vectors)."""
    signs = np.empty((vectors.shape[1] // 64, len(vectors)), np.uint64)
    for low in range(0, len(vectors), _AT_ONCE):
        positive = rotated(vectors[low : low + _AT_ONCE]) > 0
        packed = np.packbits(positive, axis=0, bitorder="little").reshape(len(signs), 8, -1)
        signs[:, low : low + _AT_ONCE] = np.ascontiguousarray(packed.swapaxes(1, 2)).view("<u8")[:, :, 0]
    return signs


@dataclass(frozen=True)
class Asked:
    """A question's sign bits, and planes of bits that tell how large its dimensions are, the small ones first."""

    sides: Words
    masks: Sequence[Words]


def asked(query: Vectors) -> Asked:
    """What is compared with the sign bits of passages."""
    turned = rotated(query[None])[:, 0]
    size = np.rint(np.abs(turned) * ((1 << _PLANES) - 1) / max(int(np.abs(turned).max()), 1)).astype(np.uint8)
    return Asked(_packed(turned > 0), [_packed((size >> plane & 1).astype(np.bool_)) for plane in range(_PLANES)])


def differing(signs: Words, asked: Asked) -> npt.NDArray[np.uint16]:
    """In how many dimensions each passage's sign is not the question's."""
    return _counted(signs, asked.sides, None)


def distance(signs: Words, asked: Asked) -> npt.NDArray[np.uint16]:
    """The same with each dimension counted by its size in the question: nearer to the cosine, twice the work."""
    total = _counted(signs, asked.sides, asked.masks[0])
    for plane, mask in enumerate(asked.masks[1:], 1):
        total += _counted(signs, asked.sides, mask) << plane
    return total


def cosines(rows: Vectors, query: Vectors) -> npt.NDArray[np.float64]:
    """The cosine of each row with the question. Products of signed bytes are whole in float32: exact."""
    wide = rows.astype(np.float32)
    dots = np.einsum("ij,j->i", wide, query.astype(np.float32)).astype(np.float64)
    squares = np.einsum("ij,ij->i", wide, wide).astype(np.float64) * float(np.square(query.astype(np.int64)).sum())
    found: npt.NDArray[np.float64] = np.divide(dots, np.sqrt(squares), out=np.zeros(len(rows)), where=squares > 0)
    return found


def _counted(signs: Words, sides: Words, mask: Words | None) -> npt.NDArray[np.uint16]:
    total = np.zeros(signs.shape[1], np.uint16)
    differ = np.empty(signs.shape[1], np.uint64)
    bits, count = np.empty(signs.shape[1], np.uint8), np.empty(signs.shape[1], np.uint8)
    for low in range(0, len(signs), _WORDS_AT_ONCE):
        count[:] = 0
        for word in range(low, min(low + _WORDS_AT_ONCE, len(signs))):
            np.bitwise_xor(signs[word], sides[word], out=differ)
            if mask is not None:
                np.bitwise_and(differ, mask[word], out=differ)
            np.bitwise_count(differ, out=bits)
            np.add(count, bits, out=count)
        total += count
    return total


def _packed(flags: npt.NDArray[np.bool_]) -> Words:
    return np.packbits(flags, bitorder="little").view("<u8")
