"""Every SQL statement of the search index. Readers pass a connection inside a read transaction, writers their own."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.retrieval.postings import Int64s, Postings, decode, encode, join

SIGN_WORDS = 8  # 64-bit words of a vector's sign bits


class State(NamedTuple):
    """The one row of totals. Versions are "" while nothing has been indexed."""

    generation: int
    passages: int
    tokens: int
    analyser: str
    embedder: str


class SegmentRow(NamedTuple):
    """A segment without its arrays."""

    id: int
    passages: int
    first_passage: int
    last_passage: int
    first_block: int
    blocks: int
    removed: int


@dataclass(frozen=True)
class SegmentBody:
    """A segment's arrays about its passages: their ids ascending, lengths in tokens, sign bits as columns of words."""

    ids: Int64s
    lengths: npt.NDArray[np.int32]
    signs: npt.NDArray[np.uint64]


def state(connection: sqlite3.Connection) -> State:
    """The totals."""
    return State(
        *connection.execute(
            "SELECT generation, passages, tokens, analyser, embedder FROM index_state WHERE id = 1"
        ).fetchone()
    )


def count_in(connection: sqlite3.Connection, passages: int, tokens: int, versions: tuple[str, str]) -> None:
    """Add to the totals (negative to take away), in the transaction that changes what they count."""
    connection.execute(
        "UPDATE index_state SET generation = generation + 1, passages = passages + ?, tokens = tokens + ?,"
        " analyser = ?, embedder = ?",
        (passages, tokens, *versions),
    )


def segments(connection: sqlite3.Connection) -> list[SegmentRow]:
    """All segments, oldest first."""
    return [
        SegmentRow(*row)
        for row in connection.execute(
            "SELECT s.id, s.passages, first_passage, last_passage, first_block, blocks, coalesce(t.passages, 0)"
            " FROM segments s LEFT JOIN tombstones t ON t.segment = s.id ORDER BY s.id"
        )
    ]


def passages_of(connection: sqlite3.Connection, segment: int) -> tuple[Int64s, npt.NDArray[np.int32], Int64s]:
    """A segment's passage ids, lengths, and the first key of each of its blocks."""
    ids, lengths, directory = connection.execute(
        "SELECT passage_ids, lengths, directory FROM segments WHERE id = ?", (segment,)
    ).fetchone()
    return np.frombuffer(ids, "<i8"), np.frombuffer(lengths, "<i4"), np.frombuffer(directory, "<i8")


def signs_of(connection: sqlite3.Connection, segment: int) -> npt.NDArray[np.uint64]:
    """A segment's sign bits, one row of words for every 64 dimensions."""
    (signs,) = connection.execute("SELECT signs FROM segments WHERE id = ?", (segment,)).fetchone()
    return np.frombuffer(signs, "<u8").reshape(SIGN_WORDS, -1)


def alive_in(connection: sqlite3.Connection, segment: SegmentRow) -> npt.NDArray[np.bool_]:
    """Which of a segment's passages still count."""
    if not segment.removed:
        return np.ones(segment.passages, np.bool_)
    (bitmap,) = connection.execute("SELECT bitmap FROM tombstones WHERE segment = ?", (segment.id,)).fetchone()
    return ~np.unpackbits(np.frombuffer(bitmap, np.uint8), count=segment.passages).astype(np.bool_)


def bury(connection: sqlite3.Connection, segment: SegmentRow, alive: npt.NDArray[np.bool_]) -> None:
    """Store which passages of a segment were removed."""
    connection.execute(
        "INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?)",
        (segment.id, int(segment.passages - alive.sum()), np.packbits(~alive).tobytes()),
    )


def block(connection: sqlite3.Connection, number: int) -> Postings:
    """One block's lists, without places."""
    row = connection.execute("SELECT lists FROM postings WHERE block = ?", (number,)).fetchone()
    if row is None:
        raise ForgeError(
            "A part of the search index is missing.", hint="Run `forge-desktop verify`, then index the folder again."
        )
    return decode(row[0])


def blocks(connection: sqlite3.Connection, segment: SegmentRow) -> Iterator[Postings]:
    """All blocks of a segment in key order, with places."""
    for lists, places in connection.execute(
        "SELECT lists, places FROM postings WHERE block >= ? AND block < ? ORDER BY block",
        (segment.first_block, segment.first_block + segment.blocks),
    ):
        yield decode(lists, places)


def postings_of(connection: sqlite3.Connection, segment: SegmentRow) -> Postings:
    """All lists of a segment."""
    return join(blocks(connection, segment))


def write_segment(connection: sqlite3.Connection, body: SegmentBody, postings: Postings) -> None:
    """Store a new segment."""
    (first,) = connection.execute("SELECT coalesce(max(block), 0) + 1 FROM postings").fetchone()
    directory: list[int] = []

    def rows() -> Iterator[tuple[int, int, bytes, bytes]]:
        for number, (key, lists, places) in enumerate(encode(postings), first):
            directory.append(key)
            yield number, zlib.crc32(places, zlib.crc32(lists)), lists, places

    connection.executemany("INSERT INTO postings VALUES (?, ?, ?, ?)", rows())
    arrays = (
        body.ids.astype("<i8").tobytes(),
        body.lengths.astype("<i4").tobytes(),
        np.array(directory, "<i8").tobytes(),
        body.signs.astype("<u8").tobytes(),
    )
    connection.execute(
        "INSERT INTO segments (passages, first_passage, last_passage, first_block, blocks, checksum, passage_ids,"
        " lengths, directory, signs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (len(body.ids), int(body.ids[0]), int(body.ids[-1]), first, len(directory), checksum(arrays), *arrays),
    )


def drop_segment(connection: sqlite3.Connection, segment: SegmentRow) -> None:
    """Delete a segment, its lists and its tombstones."""
    connection.execute(
        "DELETE FROM postings WHERE block >= ? AND block < ?",
        (segment.first_block, segment.first_block + segment.blocks),
    )
    connection.execute("DELETE FROM tombstones WHERE segment = ?", (segment.id,))
    connection.execute("DELETE FROM segments WHERE id = ?", (segment.id,))


def add_vectors(connection: sqlite3.Connection, vectors: Iterable[tuple[int, bytes]], embedder: str) -> None:
    """Store a vector for each passage. A passage that has one already is a bug and raises IntegrityError."""
    connection.executemany(
        "INSERT INTO vectors VALUES (?, ?, ?, ?)",
        ((passage, embedder, zlib.crc32(body), body) for passage, body in vectors),
    )


def drop_vectors(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Delete the vectors of these passages."""
    connection.executemany("DELETE FROM vectors WHERE passage = ?", ((passage,) for passage in ids))


def vectors_of(connection: sqlite3.Connection, ids: Sequence[int]) -> Mapping[int, bytes]:
    """The vectors of these passages, by id."""
    wanted = ",".join(map(str, sorted(ids)))
    return dict(connection.execute(f"SELECT passage, body FROM vectors WHERE passage IN ({wanted})").fetchall())


def clear(connection: sqlite3.Connection) -> None:
    """Delete everything."""
    for table in ("postings", "tombstones", "segments", "vectors"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute(
        "UPDATE index_state SET generation = generation + 1, passages = 0, tokens = 0, analyser = '', embedder = ''"
    )


def checksum(arrays: Iterable[bytes]) -> int:
    """What a segment's arrays are checked by."""
    found = 0
    for array in arrays:
        found = zlib.crc32(array, found)
    return found
