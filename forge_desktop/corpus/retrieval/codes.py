"""The byte that a posting is stored as: its frequency and its passage's length, ordered by what they count in BM25.

A segment sorts its passages by length into 32 classes and numbers the pairs (frequency 1 … 8, class) by the impact such
a posting has: what counts much has a high code. So a code gives the frequency back, and a bound of the impact that
stays right whatever the average length becomes, and a long list is searched for its best by comparing bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval.postings import Ints

K1, B = 1.5, 0.75  # rank_bm25.BM25Okapi's defaults
KEPT_ASIDE = 8  # frequencies from this on share a code; they are kept beside it

_CLASSES = 32

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


def norm(lengths: Ints, average: float) -> Floats:
    """BM25's length term of passages, rank_bm25's expression to the bit."""
    return np.asarray(K1 * (1 - B + B * lengths / average), np.float64)


@dataclass(frozen=True)
class Codes:
    """A segment's numbering: `least[c]` is the shortest length in class c, `pairs[code]` its frequency * 32 + class."""

    least: npt.NDArray[np.int32]
    pairs: Bytes

    @classmethod
    def fitting(cls, lengths: Ints) -> Codes:
        """The numbering for passages of these lengths."""
        least = np.zeros(_CLASSES, np.int32)
        cuts = np.unique(np.quantile(lengths, np.arange(_CLASSES) / _CLASSES, method="lower"))
        least[: len(cuts)] = cuts
        least[len(cuts) :] = least[len(cuts) - 1]
        average = max(float(np.mean(lengths)), 1.0)
        frequency, length = np.divmod(np.arange(_CLASSES * KEPT_ASIDE), _CLASSES)
        often = frequency + 1.0
        order = np.argsort(often * (K1 + 1) / (often + norm(least[length], average)), kind="stable")
        return cls(least, order.astype(np.uint8))

    @classmethod
    def unpack(cls, packed: bytes) -> Codes:
        """The other way of `pack`."""
        return cls(np.frombuffer(packed, "<i4", _CLASSES), np.frombuffer(packed, np.uint8, offset=4 * _CLASSES))

    def pack(self) -> bytes:
        """Its bytes."""
        return self.least.astype("<i4").tobytes() + self.pairs.tobytes()

    def classes(self, lengths: Ints) -> Bytes:
        """The class of each length."""
        at = np.searchsorted(self.least[: self._used], lengths, "right") - 1
        return at.astype(np.uint8)

    def of(self, frequencies: Ints, classes: Bytes) -> Bytes:
        """The codes of postings."""
        often = np.minimum(frequencies, KEPT_ASIDE).astype(np.uint8) - np.uint8(1)
        found: Bytes = self._numbers[often * np.uint8(_CLASSES) + classes]
        return found

    @cached_property
    def frequencies(self) -> Bytes:
        """The frequency each code stands for; 8 for those kept aside."""
        return (self.pairs // _CLASSES + 1).astype(np.uint8)

    @cached_property
    def often(self) -> Floats:
        """The same as floats."""
        return self.frequencies.astype(np.float64)

    def bounds(self, average: float) -> Floats:
        """What a posting with each code counts at most, at this average length."""
        often = self.often
        length = norm(self.least[self.pairs & (_CLASSES - 1)], average)
        return np.where(often == KEPT_ASIDE, K1 + 1, often * (K1 + 1) / (often + length)) * (1 + 1e-9)

    @cached_property
    def _numbers(self) -> Bytes:
        numbers = np.empty(256, np.uint8)
        numbers[self.pairs] = np.arange(256)
        return numbers

    @cached_property
    def _used(self) -> int:
        return 1 + int(np.count_nonzero(np.diff(self.least)))
