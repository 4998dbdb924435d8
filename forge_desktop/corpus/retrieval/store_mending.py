"""Finds damaged rows of the search index, and drops them: what is then missing is added again from the stored texts."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.postings import Int64s

# As blobs: a damaged row may hold a text there, which Python could not even decode.
_ARRAYS = (
    "SELECT checksum, CAST(passage_ids AS BLOB), CAST(lengths AS BLOB), CAST(directory AS BLOB), CAST(signs AS BLOB)"
    " FROM segments WHERE id = ?"
)
_MOST_BLOCKS = 1 << 20  # of a segment; a damaged number may say anything
_BLOCKS = "SELECT block, checksum, CAST(lists AS BLOB), CAST(places AS BLOB) FROM postings"
_VECTORS = "SELECT passage, checksum, CAST(body AS BLOB) FROM vectors"


@dataclass(frozen=True)
class Damaged:
    """One thing that is wrong in the search index, with the passages concerned where the row still tells them."""

    sentence: str
    passages: tuple[int, int] | None = None  # first and last id


@dataclass
class Inspection:
    """What is wrong, and what is not: the segments that are sound in every part, and their living passages.

    `vectorless` are those of `ids` whose vector is missing or damaged, `strays` the vectors that belong to none.
    """

    damaged: list[Damaged]
    sound: list[store.SegmentRow]
    ids: Int64s
    tokens: int
    vectorless: list[int]
    strays: list[int]


def inspect(connection: sqlite3.Connection) -> Inspection:
    """Read every row. Never raises for what stands in one; sqlite3.DatabaseError when SQLite cannot read it at all."""
    damaged: list[Damaged] = []
    blocks, broken = _blocks(connection, damaged)
    parts: list[tuple[store.SegmentRow, Int64s, int]] = []
    taken: set[int] = set()
    for row in store.segments(connection):
        own = set(range(row.first_block, row.first_block + min(row.blocks, _MOST_BLOCKS)))
        problem = "has blocks that another one has too" if own & taken else _problem(connection, row, own - blocks)
        taken |= own
        if problem:
            damaged.append(Damaged(f"Search index: segment {row.id} {problem}.", (row.first_passage, row.last_passage)))
        elif not own & broken:
            parts.append((row, *_living(connection, row)))
    parts = _without_doubles(parts, damaged)
    ids = np.sort(np.concatenate([living for _, living, _ in parts])) if parts else np.empty(0, np.int64)
    look = Inspection(damaged, [row for row, _, _ in parts], ids, sum(tokens for *_, tokens in parts), [], [])
    whole = not damaged
    _check_vectors(connection, look, whole=whole)
    if whole:
        damaged.extend(_wrong_totals(connection, look))
    return look


def drop(connection: sqlite3.Connection, look: Inspection) -> None:
    """Delete all that is not sound and count what remains, in the caller's transaction."""
    keep = {row.id for row in look.sound}
    gone = [(row.id,) for row in store.segments(connection) if row.id not in keep]
    connection.executemany("DELETE FROM segments WHERE id = ?", gone)
    connection.execute("DELETE FROM tombstones WHERE segment NOT IN (SELECT id FROM segments)")
    connection.execute(
        "DELETE FROM postings WHERE NOT EXISTS (SELECT 1 FROM segments"
        " WHERE block >= first_block AND block < first_block + blocks)"
    )
    store.drop_vectors(connection, look.strays)
    connection.execute("INSERT OR IGNORE INTO index_state VALUES (1, 0, 0, 0, '', '')")
    connection.execute(
        "UPDATE index_state SET generation = generation + 1, passages = ?, tokens = ?", (len(look.ids), look.tokens)
    )


def _blocks(connection: sqlite3.Connection, damaged: list[Damaged]) -> tuple[set[int], set[int]]:
    """The numbers of all blocks, and of those that are damaged."""
    known, broken = set(), set()
    for number, stored, lists, places in connection.execute(_BLOCKS):
        known.add(number)
        if stored != zlib.crc32(places or b"", zlib.crc32(lists or b"")):
            broken.add(number)
            damaged.append(Damaged(f"Search index: block {number} is damaged."))
    return known, broken


def _problem(connection: sqlite3.Connection, row: store.SegmentRow, missing: set[int]) -> str:
    """What is wrong with a segment; empty when it is sound."""
    stored, *arrays = connection.execute(_ARRAYS, (row.id,)).fetchone()
    sizes = [len(array) for array in arrays[:3]]
    if stored != store.checksum(arrays) or sizes != [8 * row.passages, 4 * row.passages, 8 * row.blocks]:
        return "is damaged"
    ids = np.frombuffer(arrays[0], "<i8")
    if not row.passages or (ids[0], ids[-1]) != (row.first_passage, row.last_passage):
        return "is damaged"
    if missing:
        return f"has {row.blocks - len(missing)} of its {row.blocks} blocks"
    if row.removed:
        (bitmap,) = connection.execute("SELECT bitmap FROM tombstones WHERE segment = ?", (row.id,)).fetchone()
        alive = store.alive_in(connection, row)
        if len(bitmap) != -(-row.passages // 8) or row.passages - int(alive.sum()) != row.removed:
            return "does not know which of its passages were removed"
    return ""


def _living(connection: sqlite3.Connection, row: store.SegmentRow) -> tuple[Int64s, int]:
    ids, lengths, _ = store.passages_of(connection, row.id)
    alive = store.alive_in(connection, row)
    return ids[alive], int(lengths[alive].sum())


def _without_doubles(
    parts: list[tuple[store.SegmentRow, Int64s, int]], damaged: list[Damaged]
) -> list[tuple[store.SegmentRow, Int64s, int]]:
    """The segments none of whose passages stands in another one too."""
    if not parts:
        return parts
    ids, counts = np.unique(np.concatenate([living for _, living, _ in parts]), return_counts=True)
    double = ids[counts > 1]
    kept = []
    for part in parts:
        row, living, _ = part
        if np.isin(living, double).any():
            span = (row.first_passage, row.last_passage)
            damaged.append(Damaged(f"Search index: segment {row.id} has passages that another one has too.", span))
        else:
            kept.append(part)
    return kept


def _check_vectors(connection: sqlite3.Connection, look: Inspection, *, whole: bool) -> None:
    living = set(look.ids.tolist())
    sound, count = set(), 0
    for passage, stored, body in connection.execute(_VECTORS):
        count += 1
        if passage not in living:
            look.strays.append(passage)
        if stored == zlib.crc32(body or b""):
            sound.add(passage)
        else:
            look.damaged.append(
                Damaged(f"Search index: the vector of passage {passage} is damaged.", (passage, passage))
            )
    look.vectorless.extend(sorted(living - sound))
    if whole and count != len(living):
        look.damaged.append(Damaged(f"Search index: it holds {count} vectors for {len(living)} passages."))


def _wrong_totals(connection: sqlite3.Connection, look: Inspection) -> Iterator[Damaged]:
    row = connection.execute("SELECT passages, tokens FROM index_state WHERE id = 1").fetchone()
    if row is None:
        yield Damaged("Search index: its totals are missing.")
    elif tuple(row) != (len(look.ids), look.tokens):
        yield Damaged(
            f"Search index: it counts {row[0]} passages and {row[1]} words,"
            f" but holds {len(look.ids)} and {look.tokens}."
        )
