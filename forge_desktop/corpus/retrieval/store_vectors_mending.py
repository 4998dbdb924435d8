"""Finds damaged vectors, and drops them: the built-in ones and a model's are made again from the stored texts."""

from __future__ import annotations

import sqlite3
import zlib
from dataclasses import dataclass

import numpy as np

from forge_desktop.corpus.retrieval import store_vectors
from forge_desktop.corpus.retrieval.postings import Int64s
from forge_desktop.corpus.retrieval.store_mending import Damaged
from forge_desktop.corpus.retrieval.store_vectors import SegmentRow, key

# As blobs: a damaged row may hold a text there, which Python could not even decode.
_EMBEDDERS = "SELECT id, ifnull(CAST(identity AS BLOB), x''), dimensions, passages FROM embedders ORDER BY id"
_ARRAYS = (
    "SELECT checksum, ifnull(CAST(passage_ids AS BLOB), x''), ifnull(CAST(signs AS BLOB), x'')"
    " FROM vector_segments WHERE id = ?"
)
_ROWS = "SELECT id, checksum, ifnull(CAST(body AS BLOB), x'') FROM vector_rows WHERE id >= ? AND id < ?"
_TOMBSTONE = "SELECT passages, ifnull(CAST(bitmap AS BLOB), x'') FROM vector_tombstones WHERE segment = ?"


@dataclass
class VectorInspection:
    """What is wrong, and what can stay: of each embedder its sound segments with the passages that count in them.

    An embedder without an entry in `kept` goes wholly.
    """

    damaged: list[Damaged]
    kept: dict[int, list[tuple[SegmentRow, Int64s]]]


def inspect(connection: sqlite3.Connection, living: Int64s | None) -> VectorInspection:
    """Read every row. Never raises for what stands in one.

    `living` are the passages that the index holds; None where that is not known, as it is damaged too.
    """
    look = VectorInspection([], {})
    if connection.execute("SELECT 1 FROM vector_state WHERE id = 1").fetchone() is None:
        look.damaged.append(Damaged("Search index: the totals of its vectors are missing."))
    segments = store_vectors.segments(connection)
    for embedder, identity, dimensions, passages in connection.execute(_EMBEDDERS).fetchall():
        if identity.startswith(store_vectors.RETIRED.encode()):
            continue
        before = len(look.damaged)
        found = _sound_rows(connection, embedder, dimensions, look.damaged)
        if identity.decode("utf-8", "replace").encode() != identity:
            look.damaged.append(Damaged("Search index: it is not known who made some of its vectors."))
            continue
        kept, claimed = _kept(connection, [row for row in segments if row.embedder == embedder], found, look.damaged)
        ids = np.sort(np.concatenate([np.empty(0, np.int64), *(ids for _, ids in kept)]))
        wrong = claimed != len(found) or len(ids) != len(found) or passages != len(found)
        strays = living is not None and not np.isin(ids, living).all()
        if len(look.damaged) == before and (wrong or strays):
            look.damaged.append(
                Damaged(
                    f"Search index: it counts {passages} vectors by {identity.decode()},"
                    f" but holds {len(found)} for {claimed} passages."
                )
            )
        if living is not None:
            kept = [(row, ids[np.isin(ids, living)]) for row, ids in kept]
        if any(len(ids) for _, ids in kept):
            look.kept[embedder] = kept
    return look


def drop(connection: sqlite3.Connection, look: VectorInspection) -> None:
    """Delete all that cannot stay and count what remains, in the caller's transaction."""
    connection.execute("INSERT OR IGNORE INTO vector_state VALUES (1, 0)")
    sound = {row.id for kept in look.kept.values() for row, _ in kept}
    every = [row[0] for row in connection.execute("SELECT id FROM vector_segments")]
    for table, column in (("vector_tombstones", "segment"), ("vector_segments", "id")):
        gone = [(segment,) for segment in every if segment not in sound]
        connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", gone)
    for (embedder,) in connection.execute("SELECT id FROM embedders").fetchall():
        if embedder not in look.kept:
            store_vectors.drop_embedder(connection, embedder)
    known = connection.execute("SELECT id FROM embedders").fetchall()
    inside = " OR ".join(f"id BETWEEN {key(row[0], 0)} AND {key(row[0] + 1, 0) - 1}" for row in known) or "0"
    connection.execute(f"DELETE FROM vector_rows WHERE NOT ({inside})")
    for embedder, kept in look.kept.items():
        _keep(connection, embedder, kept)


def _keep(connection: sqlite3.Connection, embedder: int, kept: list[tuple[SegmentRow, Int64s]]) -> None:
    stay = set()
    for row, ids in kept:
        alive = np.isin(store_vectors.ids_of(connection, row).all(), ids)
        store_vectors.bury(connection, row, alive)
        stay.update(ids.tolist())
    first, end = key(embedder, 0), key(embedder + 1, 0)
    rows = connection.execute("SELECT id FROM vector_rows WHERE id >= ? AND id < ?", (first, end))
    store_vectors.drop_rows(connection, embedder, [row[0] - first for row in rows if row[0] - first not in stay])
    (counted,) = connection.execute("SELECT passages FROM embedders WHERE id = ?", (embedder,)).fetchone()
    store_vectors.count_in(connection, embedder, len(stay) - counted)


def _sound_rows(connection: sqlite3.Connection, embedder: int, dimensions: int, damaged: list[Damaged]) -> set[int]:
    """Passages with a sound vector of this embedder."""
    first, sound = key(embedder, 0), set()
    for number, stored, body in connection.execute(_ROWS, (first, key(embedder + 1, 0))):
        passage = number - first
        if stored == zlib.crc32(body) and len(body) == dimensions:
            sound.add(passage)
        else:
            sentence = f"Search index: the vector of passage {passage} is damaged."
            damaged.append(Damaged(sentence, (passage, passage)))
    return sound


def _kept(
    connection: sqlite3.Connection, rows: list[SegmentRow], found: set[int], damaged: list[Damaged]
) -> tuple[list[tuple[SegmentRow, Int64s]], int]:
    """The sound segments with those of their passages that have a vector; how many they say they have."""
    kept: list[tuple[SegmentRow, Int64s]] = []
    seen = np.empty(0, np.int64)
    claimed = 0
    for row in rows:
        if not _is_sound(connection, row):
            span = (row.first_passage, row.last_passage)
            damaged.append(Damaged(f"Search index: vector segment {row.id} is damaged.", span))
            continue
        ids = store_vectors.ids_of(connection, row).all()[store_vectors.alive_in(connection, row)]
        claimed += len(ids)
        fresh = [passage for passage in np.setdiff1d(ids, seen).tolist() if passage in found]
        seen = np.union1d(seen, ids)
        kept.append((row, np.array(fresh, np.int64)))
    return kept, claimed


def _is_sound(connection: sqlite3.Connection, row: SegmentRow) -> bool:
    if any(not isinstance(number, int) for number in row):
        return False
    stored, ids, signs = connection.execute(_ARRAYS, (row.id,)).fetchone()
    if stored != store_vectors.checksum((ids, signs)):
        return False
    firsts, sizes = np.frombuffer(ids, "<i8").reshape(2, -1)
    ends = (int(firsts[0]), int(firsts[-1] + sizes[-1] - 1)) if len(firsts) else (0, -1)
    whole = int(sizes.sum()) == row.passages and ends == (row.first_passage, row.last_passage)
    if not whole or len(signs) % (8 * row.passages):
        return False
    found = connection.execute(_TOMBSTONE, (row.id,)).fetchone()
    if found is None:
        return True
    count, bitmap = found
    removed = int(np.unpackbits(np.frombuffer(bitmap, np.uint8))[: row.passages].sum())
    return len(bitmap) == -(-row.passages // 8) and removed == count
