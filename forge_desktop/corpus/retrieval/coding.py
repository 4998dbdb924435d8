"""How posting lists are stored: a code a posting, deltas for passages.

Frequencies from 8 are kept aside. A block's columns:

    heads    terms u32 | kept aside u32 | postings u32 | alone u8 | bits above 16 of a passage u8, 2 spare |
             keys i64[terms] | aside: postings u32, frequencies u32 |
             lists together: counts u8[terms]; a list alone: first passage u32 and width u8 of each chunk
    codes    u8[postings]
    passages a list alone: chunks of 64 deltas, those of a byte first, then two, then four;
             lists together: u16[postings], then what is above in 0, 4 or 8 bits a posting
    places   u8[postings]: the token position of a term's first occurrence, read for the average idf only;
             255 or more aside: postings u32, places u32
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval.codes import KEPT_ASIDE, Bytes, Codes
from forge_desktop.corpus.retrieval.postings import Int64s, Ints, Postings

ALONE = 256  # postings from which a list has a block of its own
LARGEST_SEGMENT = 1 << 24  # passages; their numbers fit in three bytes
CHUNK = 64  # deltas of a list alone that are decoded together

_BLOCK_POSTINGS = 4096  # a block of short lists is closed near this many postings, about 20 kB
_HEADER = struct.Struct("<IIIBB2x")
_WIDTHS: dict[int, npt.DTypeLike] = {1: "<u1", 2: "<u2", 4: "<u4"}


class Block(NamedTuple):
    """A block as it is stored."""

    key: int
    postings: int
    alone: bool
    heads: bytes
    codes: bytes
    passages: bytes
    places: bytes


def encode(postings: Postings, codes: Codes, classes: Bytes) -> Iterator[Block]:
    """The blocks of lists in key order. `classes` are those of all passages of the segment."""
    above = 0 if len(classes) <= 1 << 16 else 4 if len(classes) <= 1 << 20 else 8
    for begin, end in _block_bounds(postings.counts):
        part = postings.part(begin, end)
        aside = np.flatnonzero(part.frequencies >= KEPT_ASIDE)
        alone = len(part.passages) >= ALONE and end - begin == 1
        if alone:
            heads, passages = _chunked(part.passages)
        else:
            heads, passages = part.counts.astype(np.uint8).tobytes(), _absolute(part.passages, above)
        yield Block(
            int(part.keys[0]),
            len(part.passages),
            alone,
            b"".join(
                (
                    _HEADER.pack(end - begin, len(aside), len(part.passages), alone, above),
                    part.keys.astype("<i8").tobytes(),
                    aside.astype("<u4").tobytes(),
                    part.frequencies[aside].astype("<u4").tobytes(),
                    heads,
                )
            ),
            codes.of(part.frequencies, classes[part.passages]).tobytes(),
            passages,
            _packed_places(part.places),
        )


@dataclass(frozen=True)
class Heads:
    """A block's first column, read in place. A long list has chunks: the first passage and the width of each."""

    keys: Int64s
    counts: Ints
    postings: int
    above: int
    aside: Ints
    aside_frequencies: Ints
    firsts: Ints
    widths: Bytes

    @property
    def is_alone(self) -> bool:
        """Whether it is a long list, stored in chunks."""
        return len(self.firsts) > 0


def read_heads(heads: bytes) -> Heads:
    """Read a block's first column."""
    terms, aside, postings, alone, above = _HEADER.unpack_from(heads)
    at = _HEADER.size
    keys = np.frombuffer(heads, "<i8", terms, at)
    at += 8 * terms
    places = np.frombuffer(heads, "<u4", aside, at)
    frequencies = np.frombuffer(heads, "<u4", aside, at + 4 * aside)
    at += 8 * aside
    chunks = -(-postings // CHUNK) if alone else 0
    return Heads(
        keys,
        np.array([postings]) if alone else np.frombuffer(heads, np.uint8, terms, at),
        postings,
        above,
        places,
        frequencies,
        np.frombuffer(heads, "<i4", chunks, at),
        np.frombuffer(heads, np.uint8, chunks, at + 4 * chunks),
    )


def read_passages(heads: Heads, stored: bytes, begin: int, end: int) -> npt.NDArray[np.int32]:
    """Passages of the postings `begin` to `end` of a block of short lists."""
    low = np.frombuffer(stored, "<u2", end - begin, 2 * begin).astype(np.int32)
    if heads.above == 8:
        low |= np.frombuffer(stored, np.uint8, end - begin, 2 * heads.postings + begin).astype(np.int32) << 16
    elif heads.above == 4:
        pairs = np.frombuffer(stored, np.uint8, (end + 1) // 2 - begin // 2, 2 * heads.postings + begin // 2)
        high = np.repeat(pairs, 2)
        high[::2] &= 15
        high[1::2] >>= 4
        low |= high[begin % 2 :][: end - begin].astype(np.int32) << 16
    return low


def read_chunks(heads: Heads, stored: bytes, which: npt.NDArray[np.intp] | None = None) -> npt.NDArray[np.int32]:
    """Passages of these chunks of a long list (all), a row for each chunk; the last one's end is repeated."""
    widths = heads.widths if which is None else heads.widths[which]
    passages = np.empty((len(widths), CHUNK), np.int32)
    at = 0
    for width, dtype in _WIDTHS.items():
        stands = heads.widths == width
        rows = int(np.count_nonzero(stands))
        if rows:
            deltas = np.frombuffer(stored, dtype, rows * CHUNK, at).reshape(rows, CHUNK)
            at += rows * CHUNK * width
            if which is None:
                passages[stands] = deltas
            else:
                wanted = widths == width
                passages[wanted] = deltas[(np.cumsum(stands) - 1)[which[wanted]]]
    np.cumsum(passages, axis=1, out=passages)
    passages += (heads.firsts if which is None else heads.firsts[which])[:, None]
    return passages


def decode(heads_: bytes, codes: bytes, passages: bytes, places: bytes, numbering: Codes) -> Postings:
    """A whole block's postings."""
    heads = read_heads(heads_)
    starts = np.zeros(len(heads.keys) + 1, np.int64)
    np.cumsum(heads.counts, out=starts[1:])
    total = int(starts[-1])
    if heads.is_alone:
        decoded = read_chunks(heads, passages).reshape(-1)[:total]
    else:
        decoded = read_passages(heads, passages, 0, total)
    frequencies: Ints = numbering.frequencies[np.frombuffer(codes, np.uint8)]
    if len(heads.aside):
        frequencies = frequencies.astype(np.uint32)
        frequencies[heads.aside] = heads.aside_frequencies
    return Postings(heads.keys, starts, decoded, frequencies, _read_places(places, total))


def decode_firsts(heads_: bytes, passages: bytes, places: bytes) -> tuple[Int64s, Ints, Ints, Ints]:
    """Of each term of a block its key, its postings' number, and the first one's passage and place.

    Of a long list `passages` may be empty, and `places` the first byte when that is no 255.
    """
    heads = read_heads(heads_)
    starts = np.cumsum(heads.counts, dtype=np.int64) - heads.counts
    if heads.is_alone:
        return heads.keys, heads.counts, heads.firsts[:1], _read_places(places, min(len(places), heads.postings))[:1]
    firsts = read_passages(heads, passages, 0, heads.postings)[starts]
    return heads.keys, heads.counts, firsts, _read_places(places, heads.postings)[starts]


def _chunked(passages: Ints) -> tuple[bytes, bytes]:
    rows = -(-len(passages) // CHUNK)
    padded = np.full((rows, CHUNK), passages[-1], np.int64)
    padded.reshape(-1)[: len(passages)] = passages
    deltas = np.diff(padded, axis=1, prepend=padded[:, :1])
    largest = deltas.max(axis=1)
    widths = np.where(largest < 1 << 8, 1, np.where(largest < 1 << 16, 2, 4)).astype(np.uint8)
    heads = padded[:, 0].astype("<u4").tobytes() + widths.tobytes()
    return heads, b"".join(deltas[widths == width].astype(dtype).tobytes() for width, dtype in _WIDTHS.items())


def _absolute(passages: Ints, above: int) -> bytes:
    low = (passages & 0xFFFF).astype("<u2").tobytes()
    if not above:
        return low
    high = (passages >> 16).astype(np.uint8)
    if above == 8:
        return low + high.tobytes()
    high = np.append(high, np.zeros(len(high) % 2, np.uint8))
    return low + (high[::2] | high[1::2] << 4).tobytes()


def _packed_places(places: Ints) -> bytes:
    near = np.minimum(places, 255).astype(np.uint8)
    far = np.flatnonzero(near == 255)
    return near.tobytes() + far.astype("<u4").tobytes() + places[far].astype("<u4").tobytes()


def _read_places(stored: bytes, postings: int) -> Ints:
    near = np.frombuffer(stored, np.uint8, postings)
    far = (len(stored) - postings) // 8
    if not far:
        return near
    places = near.astype(np.int32)
    places[np.frombuffer(stored, "<u4", far, postings)] = np.frombuffer(stored, "<u4", far, postings + 4 * far)
    return places


def _block_bounds(counts: Int64s) -> list[tuple[int, int]]:
    """Neighbouring terms up to about a block's size; a list longer than that alone."""
    if not len(counts):
        return []
    long = counts >= ALONE
    group = np.cumsum(np.where(long, 0, counts + 4)) // _BLOCK_POSTINGS
    fresh = (group[1:] != group[:-1]) | long[1:] | long[:-1]
    begins = [0, *(np.flatnonzero(fresh) + 1).tolist()]
    return list(zip(begins, [*begins[1:], len(counts)], strict=True))
