"""The body of a segment: for every term the passages it stands in, how often, and where first. Numpy only, no SQL.

Terms are 64-bit hashes, passages are numbered within their segment (at most 65,536, so two bytes each). Lists of
neighbouring terms share a block; a long list has a block of its own. A block's bytes:

    terms u32 | width of a frequency u8 | width of a place u8 | 2 spare | keys i64[terms] | counts u32[terms] |
    passages u16[postings] | frequencies u8/u16/u32[postings]

and beside it, read only when first-seen order matters, `places`: the token position of a term's first occurrence.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Ints = npt.NDArray[np.signedinteger] | npt.NDArray[np.unsignedinteger]

LARGEST_SEGMENT = 65_536  # passages; their numbers fit in two bytes
PLACE_BITS = 20  # a place beyond a million tokens is kept as a million

_BLOCK_POSTINGS = 4096  # a block is closed near this many postings, about 12 kB
_NUMBER_BITS = 16
_HEADER = struct.Struct("<IBBxx")
_WIDTHS: dict[int, npt.DTypeLike] = {1: "<u1", 2: "<u2", 4: "<u4"}


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
    passages: npt.NDArray[np.unsignedinteger]
    frequencies: npt.NDArray[np.unsignedinteger]
    places: npt.NDArray[np.unsignedinteger]

    @property
    def counts(self) -> Int64s:
        """How many passages each term stands in."""
        return np.diff(self.starts)


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
        (pair & (LARGEST_SEGMENT - 1)).astype(np.uint16),
        np.diff(np.append(first, len(packed))).astype(np.uint32),
        (packed[first] & ((1 << PLACE_BITS) - 1)).astype(np.uint32),
    )


def filed(postings: Postings, keys: Int64s) -> Postings:
    """The same lists under other keys, one for each, in the order of those."""
    order = np.argsort(keys)
    counts = postings.counts[order]
    index = ragged(postings.starts[:-1][order], counts)
    starts = np.zeros(len(keys) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return Postings(keys[order], starts, postings.passages[index], postings.frequencies[index], postings.places[index])


def merge(parts: Sequence[tuple[Postings, Int64s]]) -> Postings:
    """One segment's postings out of several. Each part brings the new number of its passages, -1 for removed ones."""
    keys, counts = [part.keys for part, _ in parts], [part.counts for part, _ in parts]
    passage = np.concatenate([renumbered[part.passages] for part, renumbered in parts])
    distinct, term = np.unique(np.concatenate(keys), return_inverse=True)
    packed = np.repeat(term.astype(np.int64), np.concatenate(counts)) << _NUMBER_BITS | passage
    kept = np.flatnonzero(passage >= 0)
    order = kept[np.argsort(packed[kept], kind="stable")]
    number = packed[order] >> _NUMBER_BITS
    starts = runs(number)
    return Postings(
        distinct[number[starts]],
        np.append(starts, len(order)),
        passage[order].astype(np.uint16),
        np.concatenate([part.frequencies for part, _ in parts])[order],
        np.concatenate([part.places for part, _ in parts])[order],
    )


def encode(postings: Postings) -> Iterator[tuple[int, bytes, bytes]]:
    """The blocks of a segment in key order: (first key, lists, places)."""
    for begin, end in _block_bounds(postings.counts):
        low, high = int(postings.starts[begin]), int(postings.starts[end])
        frequencies = postings.frequencies[low:high]
        places = postings.places[low:high]
        wide, far = _width(frequencies), _width(places)
        lists = b"".join(
            (
                _HEADER.pack(end - begin, wide, far),
                postings.keys[begin:end].astype("<i8").tobytes(),
                postings.counts[begin:end].astype("<u4").tobytes(),
                postings.passages[low:high].astype("<u2").tobytes(),
                frequencies.astype(_WIDTHS[wide]).tobytes(),
            )
        )
        yield int(postings.keys[begin]), lists, places.astype(_WIDTHS[far]).tobytes()


def decode(lists: bytes, places: bytes = b"") -> Postings:
    """A block's postings, reading the bytes in place; without `places` those are empty."""
    terms, wide, far = _HEADER.unpack_from(lists)
    keys = np.frombuffer(lists, "<i8", terms, _HEADER.size)
    counts = np.frombuffer(lists, "<u4", terms, _HEADER.size + 8 * terms)
    starts = np.zeros(terms + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    total, at = int(starts[-1]), _HEADER.size + 12 * terms
    passages = np.frombuffer(lists, "<u2", total, at)
    frequencies = np.frombuffer(lists, _WIDTHS[wide], total, at + 2 * total)
    return Postings(keys, starts, passages, frequencies, np.frombuffer(places, _WIDTHS[far]))


def join(blocks: Iterable[Postings]) -> Postings:
    """A whole segment's postings out of its blocks, in key order."""
    parts = list(blocks)
    counts = np.concatenate([np.zeros(1, np.int64), *(part.counts for part in parts)])
    return Postings(
        np.concatenate([np.zeros(0, np.int64), *(part.keys for part in parts)]),
        np.cumsum(counts),
        np.concatenate([np.zeros(0, np.uint16), *(part.passages for part in parts)]),
        np.concatenate([np.zeros(0, np.uint32), *(part.frequencies.astype(np.uint32) for part in parts)]),
        np.concatenate([np.zeros(0, np.uint32), *(part.places.astype(np.uint32) for part in parts)]),
    )


def ragged(starts: Int64s, counts: Int64s) -> Int64s:
    """The indices start, start+1, … of each run, one run after the other."""
    ends = np.cumsum(counts)
    return np.repeat(starts - (ends - counts), counts) + np.arange(int(ends[-1]) if len(ends) else 0)


def runs(values: Int64s) -> Int64s:
    """Where each run of equal values begins."""
    if not len(values):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))


def _block_bounds(counts: Int64s) -> list[tuple[int, int]]:
    """Neighbouring terms up to about a block's size; a list longer than that alone."""
    if not len(counts):
        return []
    long = counts >= _BLOCK_POSTINGS
    group = np.cumsum(np.where(long, 0, counts + 4)) // _BLOCK_POSTINGS
    fresh = (group[1:] != group[:-1]) | long[1:] | long[:-1]
    begins = [0, *(np.flatnonzero(fresh) + 1).tolist()]
    return list(zip(begins, [*begins[1:], len(counts)], strict=True))


def _width(values: npt.NDArray[np.unsignedinteger]) -> int:
    largest = int(values.max(initial=0))
    return 1 if largest < 1 << 8 else 2 if largest < 1 << 16 else 4
