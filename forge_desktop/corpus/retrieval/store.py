"""Every SQL statement of the search index. Readers pass a connection inside a read transaction, writers their own.

Arrays of a segment: `ids` are runs of passage ids that follow one another, first ids and then sizes (i64); `lengths`
are tokens (u16, or i32 when one is longer); `directory` has first key and size (i64) of each block; `codes` is the
numbering of its postings' bytes.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.retrieval.codes import Codes
from forge_desktop.corpus.retrieval.coding import Block
from forge_desktop.corpus.retrieval.numbering import Ids
from forge_desktop.corpus.retrieval.postings import Int64s, Ints

BLOCK_BITS = 24
WRITING, SEARCHED, DROPPED = 0, 1, 2  # states of a segment

_BLOCKS = "block >= ? AND block < ?"


class State(NamedTuple):
    """The one row of totals. `analyser` is "" while nothing is indexed; `renewed` is None while nothing is renewed."""

    generation: int
    passages: int
    tokens: int
    analyser: str
    renewed: int | None
    renewing: str


class SegmentRow(NamedTuple):
    """A segment without its arrays."""

    id: int
    analyser: str
    passages: int
    first_passage: int
    last_passage: int
    blocks: int
    removed: int


class SegmentBody(NamedTuple):
    """A segment's arrays about its passages, in the order of their ids."""

    codes: Codes
    ids: Ids
    lengths: Ints


class Directory(NamedTuple):
    """The first key of each block, and how many postings it holds."""

    keys: Int64s
    sizes: Ints


def state(connection: sqlite3.Connection) -> State:
    """The totals."""
    return State(
        *connection.execute(
            "SELECT generation, passages, tokens, analyser, renewed, renewing FROM index_state WHERE id = 1"
        ).fetchone()
    )


def count_in(connection: sqlite3.Connection, passages: int, tokens: int) -> None:
    """Add to the totals (negative to take away), in the transaction that changes what they count."""
    connection.execute(
        "UPDATE index_state SET generation = generation + 1, passages = passages + ?, tokens = tokens + ?",
        (passages, tokens),
    )


def note_versions(
    connection: sqlite3.Connection, analyser: str, renewed: int | None = None, renewing: str = ""
) -> None:
    """Store what the whole index was made by, and how far it is being renewed."""
    connection.execute("UPDATE index_state SET analyser = ?, renewed = ?, renewing = ?", (analyser, renewed, renewing))


def segments(connection: sqlite3.Connection, segment_state: int = SEARCHED) -> list[SegmentRow]:
    """All segments in a state, oldest first."""
    return [
        SegmentRow(*row)
        for row in connection.execute(
            "SELECT s.id, analyser, s.passages, first_passage, last_passage, blocks, coalesce(t.passages, 0)"
            " FROM segments s LEFT JOIN tombstones t ON t.segment = s.id WHERE state = ? ORDER BY s.id",
            (segment_state,),
        )
    ]


def body_of(connection: sqlite3.Connection, segment: int) -> tuple[SegmentBody, Directory]:
    """A segment's arrays."""
    codes, ids, directory, lengths, passages = connection.execute(
        "SELECT codes, ids, directory, lengths, passages FROM segments WHERE id = ?", (segment,)
    ).fetchone()
    wide = len(lengths) > 2 * passages
    arrays = np.frombuffer(lengths, "<i4" if wide else "<u2")
    return SegmentBody(Codes.unpack(codes), Ids.from_bytes(ids), arrays), _directory(directory)


def alive_in(connection: sqlite3.Connection, segment: SegmentRow) -> npt.NDArray[np.bool_]:
    """Which of a segment's passages still count."""
    if not segment.removed:
        return np.ones(segment.passages, np.bool_)
    (bitmap,) = connection.execute("SELECT bitmap FROM tombstones WHERE segment = ?", (segment.id,)).fetchone()
    return ~np.unpackbits(np.frombuffer(bitmap, np.uint8), count=segment.passages).astype(np.bool_)


def bury(connection: sqlite3.Connection, segment: int, alive: npt.NDArray[np.bool_]) -> None:
    """Store which passages of a segment were removed."""
    bitmap = np.packbits(~alive).tobytes()
    connection.execute(
        "INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?)",
        (segment, int(len(alive) - alive.sum()), zlib.crc32(bitmap), bitmap),
    )


# ---- blocks ----


def heads_of(connection: sqlite3.Connection, block: int) -> tuple[int, bytes, bytes, bytes]:
    """Of a block whether it is one long list, and its heads; codes and passages of short lists, else empty."""
    row = connection.execute(
        "SELECT alone, heads, CASE alone WHEN 0 THEN codes ELSE x'' END,"
        " CASE alone WHEN 0 THEN passages ELSE x'' END"
        " FROM postings WHERE block = ?",
        (block,),
    ).fetchone()
    if row is None:
        raise _missing()
    return tuple(row)


def column_of(connection: sqlite3.Connection, block: int, column: str) -> bytes:
    """The "codes" or the "passages" of a block."""
    row = connection.execute(f"SELECT {column} FROM postings WHERE block = ?", (block,)).fetchone()
    if row is None:
        raise _missing()
    found: bytes = row[0]
    return found


def blocks(
    connection: sqlite3.Connection, segment: int, first: int = 0, end: int = 1 << BLOCK_BITS
) -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """Heads, codes, passages and places of a segment's blocks number `first` to `end` (without it), in key order."""
    yield from map(
        tuple,
        connection.execute(
            f"SELECT heads, codes, passages, places FROM postings WHERE {_BLOCKS} ORDER BY block",
            _numbers(segment, first, end),
        ),
    )


def firsts(connection: sqlite3.Connection, segment: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Of a segment's blocks in key order what `decode_firsts` wants."""
    yield from map(
        tuple,
        connection.execute(
            "SELECT heads, CASE alone WHEN 0 THEN passages ELSE x'' END,"
            " CASE WHEN alone AND substr(places, 1, 1) <> x'ff' THEN substr(places, 1, 1) ELSE places END"
            f" FROM postings WHERE {_BLOCKS} ORDER BY block",
            _numbers(segment, 0, 1 << BLOCK_BITS),
        ),
    )


def write_blocks(connection: sqlite3.Connection, segment: int, first: int, written: Iterable[Block]) -> bytes:
    """Store blocks of a segment from number `first` on; their part of its directory."""
    keys: list[int] = []
    sizes: list[int] = []

    def rows() -> Iterator[tuple[int, int, bool, bytes, bytes, bytes, bytes]]:
        for number, block in enumerate(written, first):
            keys.append(block.key)
            sizes.append(block.postings)
            yield segment << BLOCK_BITS | number, checksum(block[3:]), block.alone, *block[3:]

    connection.executemany("INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?)", rows())
    return np.array([keys, sizes], "<i8").T.tobytes()


# ---- segments ----


def write_segment(connection: sqlite3.Connection, body: SegmentBody, analyser: str, state: int) -> int:
    """Store a new segment without blocks; its id."""
    arrays = _packed(body)
    cursor = connection.execute(
        "INSERT INTO segments (state, analyser, passages, first_passage, last_passage, blocks, checksum, codes, ids,"
        " directory, lengths) VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, x'', ?)",
        (state, analyser, len(body.lengths), *body.ids.ends, *arrays),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def finish_segment(connection: sqlite3.Connection, segment: int, directory: bytes) -> None:
    """From now on the segment is searched."""
    arrays = connection.execute("SELECT codes, ids, lengths FROM segments WHERE id = ?", (segment,)).fetchone()
    connection.execute(
        "UPDATE segments SET state = ?, blocks = ?, directory = ?, checksum = ? WHERE id = ?",
        (SEARCHED, len(directory) // 16, directory, checksum((*arrays, directory)), segment),
    )


def retire(connection: sqlite3.Connection, segment: int) -> None:
    """From now on the segment is not searched; `drop_some` takes it away."""
    connection.execute("DELETE FROM tombstones WHERE segment = ?", (segment,))
    connection.execute("UPDATE segments SET state = ? WHERE id = ?", (DROPPED, segment))


def drop_some(connection: sqlite3.Connection, segment: SegmentRow, most: int) -> None:
    """Delete up to that many of a retired segment's last blocks, and the segment with its first one."""
    first = max(segment.blocks - most, 0)
    connection.execute(f"DELETE FROM postings WHERE {_BLOCKS}", _numbers(segment.id, first, segment.blocks))
    if first:
        connection.execute("UPDATE segments SET blocks = ? WHERE id = ?", (first, segment.id))
    else:
        connection.execute("DELETE FROM segments WHERE id = ?", (segment.id,))


class MergeRow(NamedTuple):
    """A merge that is going on: sources become `segment`; blocks with keys from `following` on are still to do."""

    segment: int
    sources: str
    following: int
    directory: bytes


def merges(connection: sqlite3.Connection) -> list[MergeRow]:
    """Merges that are going on, the oldest first."""
    rows = connection.execute("SELECT segment, sources, following, directory FROM merges ORDER BY segment")
    return [MergeRow(*row) for row in rows]


def write_merge(connection: sqlite3.Connection, row: MergeRow) -> None:
    """Store how far a merge has come."""
    connection.execute("INSERT OR REPLACE INTO merges VALUES (?, ?, ?, ?)", row)


def end_merge(connection: sqlite3.Connection, segment: int) -> None:
    """The merge into this segment is complete."""
    connection.execute("DELETE FROM merges WHERE segment = ?", (segment,))


def clear(connection: sqlite3.Connection) -> None:
    """Delete everything."""
    for table in ("merges", "postings", "tombstones", "segments"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("UPDATE index_state SET generation = generation + 1, passages = 0, tokens = 0")
    note_versions(connection, "")


def checksum(arrays: Iterable[bytes]) -> int:
    """Of bytes one after the other."""
    found = 0
    for array in arrays:
        found = zlib.crc32(array, found)
    return found


def _packed(body: SegmentBody) -> tuple[bytes, bytes, bytes]:
    wide = int(body.lengths.max(initial=0)) >= 1 << 16
    return (
        body.codes.pack(),
        body.ids.to_bytes(),
        body.lengths.astype("<i4" if wide else "<u2").tobytes(),
    )


def _directory(stored: bytes) -> Directory:
    keys, sizes = np.frombuffer(stored, "<i8").reshape(-1, 2).T
    return Directory(np.ascontiguousarray(keys), sizes)


def _numbers(segment: int, first: int, end: int) -> tuple[int, int]:
    return (segment << BLOCK_BITS) + first, (segment << BLOCK_BITS) + end


def _missing() -> ForgeError:
    return ForgeError(
        "A part of the search index is missing.", hint="Run `forge-desktop verify`, then index the folder again."
    )
