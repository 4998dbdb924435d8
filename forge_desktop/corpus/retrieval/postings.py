"""Posting lists in memory: for every term the passages it stands in, how often, and where first. Numpy only, no SQL.

Terms are 64-bit hashes; passages are numbered within their segment, in the order of their ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Ints = npt.NDArray[np.integer[Any]]

MOST_COUNTED = 65_536  # passages that `count` takes at a time
PLACE_BITS = 20  # a place beyond a million tokens is kept as a million

_NUMBER_BITS = 16


def term_key(term: str) -> int:
    """The number a term is filed under. 64 bits: two of a million terms collide once in 37 million indexes."""
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") - (
        1 << 63
    )


@dataclass(frozen=True)
class Postings:
    """Lists of a segment or a block, ordered by key, then by passage. `starts` has one more element than `keys`."""

    keys: Int64s
    starts: Int64s
    passages: Ints
    frequencies: Ints
    places: Ints

    @property
    def counts(self) -> Int64s:
        """How many passages each term stands in."""
        return np.diff(self.starts)

    def part(self, begin: int, end: int) -> Postings:
        """The lists number `begin` to `end` (without it)."""
        low, high = int(self.starts[begin]), int(self.starts[end])
        return Postings(
            self.keys[begin:end],
            self.starts[begin : end + 1] - low,
            self.passages[low:high],
            self.frequencies[low:high],
            self.places[low:high],
        )


def count(numbers: Ints, lengths: Int64s) -> Postings:
    """Postings of passages given as one run of term numbers, `lengths` tokens each. Their keys are those numbers."""
    passage = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    place = np.arange(len(numbers), dtype=np.int64) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    np.minimum(place, (1 << PLACE_BITS) - 1, out=place)
    packed = (numbers.astype(np.int64) << _NUMBER_BITS | passage) << PLACE_BITS | place
    packed.sort()
    pair = packed >> PLACE_BITS
    first = runs(pair)
    pair = pair[first]
    number = pair >> _NUMBER_BITS
    starts = runs(number)
    return Postings(
        number[starts],
        np.append(starts, len(pair)),
        (pair & (MOST_COUNTED - 1)).astype(np.uint16),
        np.diff(np.append(first, len(packed))).astype(np.uint32),
        (packed[first] & ((1 << PLACE_BITS) - 1)).astype(np.uint32),
    )


def filed(postings: Postings, keys: Int64s) -> Postings:
    """The same lists under other keys, one for each, in the order of those."""
    return _ordered(postings, keys, np.argsort(keys))


def merged(parts: Sequence[tuple[Postings, Int64s]]) -> Postings:
    """One segment's postings out of several. Each part brings the new number of its passages, -1 for removed ones."""
    whole = joined(part for part, _ in parts)
    passage = np.concatenate([renumbered[part.passages] for part, renumbered in parts])
    lists = Postings(whole.keys, whole.starts, passage, whole.frequencies, whole.places)
    lists = _ordered(lists, whole.keys, np.argsort(whole.keys, kind="stable"))
    starts = runs(lists.keys)
    keys, ends = lists.keys[starts], lists.starts[np.append(starts, len(lists.keys))]
    kept: npt.NDArray[np.intp] | slice = slice(None)
    if (lists.passages < 0).any():
        kept = np.flatnonzero(lists.passages >= 0)
        ends = np.searchsorted(kept, ends)
    packed = np.repeat(np.arange(len(keys)), np.diff(ends)) << 32 | lists.passages[kept]
    order: npt.NDArray[np.intp] | slice = kept
    if (packed[1:] < packed[:-1]).any():  # ids of several parts lie between each other
        order = np.arange(len(lists.passages))[kept][np.argsort(packed, kind="stable")]
    there = np.diff(ends) > 0
    return Postings(
        keys[there],
        np.append(ends[:-1][there], ends[-1]),
        lists.passages[order],
        lists.frequencies[order],
        lists.places[order],
    )


def joined(parts: Iterable[Postings]) -> Postings:
    """Lists one after the other."""
    some = list(parts)
    counts = np.concatenate([np.zeros(1, np.int64), *(part.counts for part in some)])
    return Postings(
        np.concatenate([np.zeros(0, np.int64), *(part.keys for part in some)]),
        np.cumsum(counts),
        np.concatenate([np.zeros(0, np.int8), *(part.passages for part in some)]),
        np.concatenate([np.zeros(0, np.uint8), *(part.frequencies for part in some)]),
        np.concatenate([np.zeros(0, np.uint8), *(part.places for part in some)]),
    )


def ragged(starts: Int64s, counts: Int64s) -> Int64s:
    """The indices start, start+1, … of each run, one run after the other."""
    ends = np.cumsum(counts)
    return np.repeat(starts - (ends - counts), counts) + np.arange(int(ends[-1]) if len(ends) else 0)


def runs(values: Ints) -> Int64s:
    """Where each run of equal values begins."""
    if not len(values):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))


def _ordered(postings: Postings, keys: Int64s, order: npt.NDArray[np.intp]) -> Postings:
    counts = postings.counts[order]
    index = ragged(postings.starts[:-1][order], counts)
    starts = np.zeros(len(keys) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return Postings(keys[order], starts, postings.passages[index], postings.frequencies[index], postings.places[index])
