"""Every SQL statement about vectors. Readers pass a connection inside a read transaction, writers their own."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval.numbering import Ids
from forge_desktop.corpus.retrieval.postings import Int64s
from forge_desktop.corpus.retrieval.signs import Vectors, Words

_PASSAGE_BITS = 40
RETIRED = "retired/"  # begins the identity of an embedder whose rows are being deleted


class EmbedderRow(NamedTuple):
    """Who made vectors, of how many living passages, and whether it once had all of them."""

    id: int
    identity: str
    dimensions: int
    passages: int
    ready: bool


class SegmentRow(NamedTuple):
    """A segment of vectors without its arrays."""

    id: int
    embedder: int
    passages: int
    first_passage: int
    last_passage: int
    removed: int


def generation(connection: sqlite3.Connection) -> int:
    """A number that every change makes larger."""
    (found,) = connection.execute("SELECT generation FROM vector_state").fetchone()
    return int(found)


def embedders(connection: sqlite3.Connection) -> list[EmbedderRow]:
    """Everyone with vectors, first come first."""
    rows = connection.execute("SELECT id, identity, dimensions, passages, ready FROM embedders ORDER BY id")
    return [EmbedderRow(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]


def embedder(connection: sqlite3.Connection, identity: str, dimensions: int) -> EmbedderRow:
    """This embedder's row; a new one where it has none."""
    connection.execute("INSERT OR IGNORE INTO embedders VALUES (NULL, ?, ?, 0, 0)", (identity, dimensions))
    return next(row for row in embedders(connection) if row.identity == identity)


def count_in(connection: sqlite3.Connection, embedder: int, passages: int) -> None:
    """Add to an embedder's passages (negative to take away), in the transaction that changes them."""
    connection.execute("UPDATE embedders SET passages = passages + ? WHERE id = ?", (passages, embedder))
    connection.execute("UPDATE vector_state SET generation = generation + 1")


def set_ready(connection: sqlite3.Connection, embedder: int) -> None:
    """It has all passages now."""
    connection.execute("UPDATE embedders SET ready = 1 WHERE id = ?", (embedder,))
    connection.execute("UPDATE vector_state SET generation = generation + 1")


def segments(connection: sqlite3.Connection) -> list[SegmentRow]:
    """All segments, oldest first."""
    return [
        SegmentRow(*row)
        for row in connection.execute(
            "SELECT s.id, embedder, s.passages, first_passage, last_passage, coalesce(t.passages, 0)"
            " FROM vector_segments s LEFT JOIN vector_tombstones t ON t.segment = s.id ORDER BY s.id"
        )
    ]


def body_of(connection: sqlite3.Connection, segment: SegmentRow) -> tuple[Ids, Words]:
    """A segment's passage ids and their sign bits as columns."""
    ids, signs = connection.execute(
        "SELECT passage_ids, signs FROM vector_segments WHERE id = ?", (segment.id,)
    ).fetchone()
    return Ids.from_bytes(ids), np.frombuffer(signs, "<u8").reshape(-1, segment.passages)


def ids_of(connection: sqlite3.Connection, segment: SegmentRow) -> Ids:
    """A segment's passage ids alone."""
    sql = "SELECT passage_ids FROM vector_segments WHERE id = ?"
    return Ids.from_bytes(connection.execute(sql, (segment.id,)).fetchone()[0])


def alive_in(connection: sqlite3.Connection, segment: SegmentRow) -> npt.NDArray[np.bool_]:
    """Which of a segment's passages still count."""
    if not segment.removed:
        return np.ones(segment.passages, np.bool_)
    (bitmap,) = connection.execute("SELECT bitmap FROM vector_tombstones WHERE segment = ?", (segment.id,)).fetchone()
    return ~np.unpackbits(np.frombuffer(bitmap, np.uint8), count=segment.passages).astype(np.bool_)


def bury(connection: sqlite3.Connection, segment: SegmentRow, alive: npt.NDArray[np.bool_]) -> None:
    """Store which passages of a segment were removed."""
    connection.execute(
        "INSERT OR REPLACE INTO vector_tombstones VALUES (?, ?, ?)",
        (segment.id, int(segment.passages - alive.sum()), np.packbits(~alive).tobytes()),
    )


def write_segment(connection: sqlite3.Connection, embedder: int, ids: Int64s, signs: Words) -> None:
    """Store a new segment of passages with ids ascending."""
    arrays = (Ids.packed(ids).to_bytes(), signs.astype("<u8").tobytes())
    connection.execute(
        "INSERT INTO vector_segments (embedder, passages, first_passage, last_passage, checksum, passage_ids, signs)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (embedder, len(ids), int(ids[0]), int(ids[-1]), checksum(arrays), *arrays),
    )


def drop_segment(connection: sqlite3.Connection, segment: SegmentRow) -> None:
    """Delete a segment and its tombstones; rows stay."""
    connection.execute("DELETE FROM vector_tombstones WHERE segment = ?", (segment.id,))
    connection.execute("DELETE FROM vector_segments WHERE id = ?", (segment.id,))


def write_rows(connection: sqlite3.Connection, embedder: int, ids: Int64s, rows: Vectors) -> None:
    """Store a vector for each passage. A passage that has one of this embedder already raises IntegrityError."""
    bodies = map(bytes, rows)
    connection.executemany(
        "INSERT INTO vector_rows VALUES (?, ?, ?)",
        ((key(embedder, passage), zlib.crc32(body), body) for passage, body in zip(ids.tolist(), bodies, strict=True)),
    )


def drop_rows(connection: sqlite3.Connection, embedder: int, ids: Iterable[int]) -> None:
    """Delete an embedder's vectors of these passages."""
    connection.executemany("DELETE FROM vector_rows WHERE id = ?", ((key(embedder, passage),) for passage in ids))


def rows_of(
    connection: sqlite3.Connection, embedder: EmbedderRow, passages: Sequence[int]
) -> tuple[list[int], Vectors]:
    """Those of these passages that have a vector of this embedder, ascending, and the vectors."""
    wanted = ",".join([str(key(embedder.id, passage)) for passage in sorted(passages)])
    found = connection.execute(f"SELECT id, body FROM vector_rows WHERE id IN ({wanted})").fetchall()
    found = [(number, body) for number, body in found if len(body) == embedder.dimensions]
    rows = np.frombuffer(b"".join([body for _, body in found]), np.int8).reshape(-1, embedder.dimensions)
    return [number & ((1 << _PASSAGE_BITS) - 1) for number, _ in found], rows


def having(connection: sqlite3.Connection, embedder: EmbedderRow, passages: Iterable[int]) -> list[int]:
    """Those of these passages that have a vector of this embedder."""
    wanted = ",".join([str(key(embedder.id, passage)) for passage in passages])
    rows = connection.execute(f"SELECT id FROM vector_rows WHERE id IN ({wanted})")
    return [number - key(embedder.id, 0) for (number,) in rows]


def retire_embedder(connection: sqlite3.Connection, embedder: int) -> None:
    """From now on its vectors are not searched; `drop_some` takes its rows away."""
    for segment in segments(connection):
        if segment.embedder == embedder:
            drop_segment(connection, segment)
    connection.execute("UPDATE embedders SET passages = 0, identity = ? || id WHERE id = ?", (RETIRED, embedder))
    connection.execute("UPDATE vector_state SET generation = generation + 1")


def drop_embedder(connection: sqlite3.Connection, embedder: int) -> None:
    """Delete everything of one embedder at once."""
    retire_embedder(connection, embedder)
    connection.execute("DELETE FROM vector_rows WHERE id >= ? AND id < ?", (key(embedder, 0), key(embedder + 1, 0)))
    connection.execute("DELETE FROM embedders WHERE id = ?", (embedder,))


def drop_some(connection: sqlite3.Connection, most: int) -> bool:
    """Delete up to that many rows of a retired embedder, and the embedder with its last ones; whether there was one."""
    row = next((row for row in embedders(connection) if row.identity.startswith(RETIRED)), None)
    if row is None:
        return False
    low, high = key(row.id, 0), key(row.id + 1, 0)
    among = "SELECT id FROM vector_rows WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
    gone = connection.execute(f"DELETE FROM vector_rows WHERE id IN ({among})", (low, high, most)).rowcount
    if gone < most:
        connection.execute("DELETE FROM embedders WHERE id = ?", (row.id,))
    return True


def clear(connection: sqlite3.Connection) -> None:
    """Delete everything."""
    for table in ("vector_rows", "vector_tombstones", "vector_segments", "embedders"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("UPDATE vector_state SET generation = generation + 1")


def key(embedder: int, passage: int) -> int:
    """What the vector of a passage is filed under."""
    return (embedder << _PASSAGE_BITS) + passage


def checksum(arrays: Iterable[bytes]) -> int:
    """What a segment's arrays are checked by."""
    found = 0
    for array in arrays:
        found = zlib.crc32(array, found)
    return found
