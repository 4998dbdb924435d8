"""A segment's passage ids, kept as runs of ids that follow one another: a million passages in a few bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval.postings import Int64s, Ints, ragged


@dataclass(frozen=True, eq=False)
class Ids:
    """Ascending ids; passage n of the segment has the n-th."""

    firsts: Int64s
    sizes: Int64s

    @classmethod
    def packed(cls, ids: Int64s) -> Ids:
        """These ascending ids."""
        begins = np.flatnonzero(np.diff(ids, prepend=ids[:1] - 2) != 1)
        return cls(ids[begins], np.diff(np.append(begins, len(ids))))

    @classmethod
    def from_bytes(cls, stored: bytes) -> Ids:
        """The other way of `to_bytes`."""
        return cls(*np.frombuffer(stored, "<i8").reshape(2, -1))

    def to_bytes(self) -> bytes:
        """The first ids, then the sizes of the runs."""
        return np.array([self.firsts, self.sizes], "<i8").tobytes()

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last id."""
        return int(self.firsts[0]), int(self.firsts[-1] + self.sizes[-1] - 1)

    def of(self, passages: Ints) -> Int64s:
        """The ids of passages of the segment."""
        at = np.searchsorted(self._ends, passages, "right")
        return self.firsts[at] + passages - (self._ends[at] - self.sizes[at])

    def before(self, ids: Int64s) -> Int64s:
        """How many of the segment's ids are lower than each of these."""
        at = np.searchsorted(self.firsts, ids, "right") - 1
        inside = np.clip(ids - self.firsts[at], 0, self.sizes[at])
        return np.where(at < 0, 0, self._ends[at] - self.sizes[at] + inside)

    def find(self, ids: Int64s) -> tuple[Int64s, npt.NDArray[np.intp]]:
        """Those of these ids that are in the segment: their passages, and where they stand in `ids`."""
        at = np.searchsorted(self.firsts, ids, "right") - 1
        inside = ids - self.firsts[at]
        there = np.flatnonzero((at >= 0) & (inside < self.sizes[at]))
        return (self._ends[at] - self.sizes[at] + inside)[there], there

    def all(self) -> Int64s:
        """Every id."""
        return ragged(self.firsts, self.sizes)

    def inside(self, first: Int64s, last: Int64s) -> npt.NDArray[np.bool_]:
        """Which passages have an id in these sorted, disjoint ranges, both ends inside."""
        step = np.zeros(int(self.sizes.sum()) + 1, np.int32)
        np.add.at(step, self.before(first), 1)
        np.add.at(step, self.before(last + 1), -1)
        return np.cumsum(step[:-1]) > 0

    @cached_property
    def _ends(self) -> Int64s:
        return np.cumsum(self.sizes)
