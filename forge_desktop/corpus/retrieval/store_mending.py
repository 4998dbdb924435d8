"""Finds damaged rows of the search index, and drops them: what is then missing is added again from the stored texts."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.coding import read_heads
from forge_desktop.corpus.retrieval.postings import Int64s

# As blobs: a damaged row may hold a text there, which Python could not even decode.
_ARRAYS = (
    "SELECT checksum, ifnull(CAST(codes AS BLOB), x''), ifnull(CAST(ids AS BLOB), x''),"
    " ifnull(CAST(lengths AS BLOB), x''), ifnull(CAST(directory AS BLOB), x'') FROM segments WHERE id = ?"
)
_BLOCKS = (
    "SELECT block, checksum, alone, ifnull(CAST(heads AS BLOB), x''), ifnull(CAST(codes AS BLOB), x''),"
    " ifnull(CAST(passages AS BLOB), x''), ifnull(CAST(places AS BLOB), x'') FROM postings"
)
_TOMBSTONE = "SELECT passages, checksum, ifnull(CAST(bitmap AS BLOB), x'') FROM tombstones WHERE segment = ?"
_LANGUAGES = "SELECT ifnull(CAST(language AS BLOB), x'') FROM index_languages"


@dataclass(frozen=True)
class Damaged:
    """One thing that is wrong in the search index, with the passages concerned where the row still tells them."""

    sentence: str
    passages: tuple[int, int] | None = None  # first and last id


@dataclass
class Inspection:
    """What is wrong, and what is not: the segments that are sound in every part, and their living passages."""

    damaged: list[Damaged]
    sound: list[int]
    ids: Int64s
    tokens: int


@dataclass(frozen=True)
class _Part:
    """A sound segment: its living passages, and how many tokens they have."""

    row: store.SegmentRow
    ids: Int64s
    tokens: int


def inspect(connection: sqlite3.Connection) -> Inspection:
    """Read every row. Never raises for what stands in one; sqlite3.DatabaseError when SQLite cannot read it at all."""
    damaged: list[Damaged] = []
    blocks, broken = _blocks(connection, damaged)
    parts: list[_Part] = []
    for row in store.segments(connection):
        if any(not isinstance(number, int) for number in row[2:]):
            damaged.append(Damaged(f"Search index: segment {row.id} is damaged."))
        elif problem := _problem(connection, row, blocks.get(row.id, 0)):
            damaged.append(Damaged(f"Search index: segment {row.id} {problem}.", (row.first_passage, row.last_passage)))
        elif row.id not in broken:
            body, _ = store.body_of(connection, row.id)
            alive = store.alive_in(connection, row)
            parts.append(_Part(row, body.ids.all()[alive], int(body.lengths[alive].sum())))
    parts = _without_doubles(parts, damaged)
    ids = np.sort(np.concatenate([part.ids for part in parts])) if parts else np.empty(0, np.int64)
    look = Inspection(damaged, [part.row.id for part in parts], ids, sum(part.tokens for part in parts))
    if not damaged:
        damaged.extend(_wrong_totals(connection, look))
    if _nobody_knows_more(connection):
        damaged.append(Damaged("Search index: what it was made by is damaged."))
    return look


def drop(connection: sqlite3.Connection, look: Inspection) -> None:
    """Delete all that is not sound, and merges under way; count what remains. In the caller's transaction."""
    if _nobody_knows_more(connection):
        connection.execute("INSERT OR IGNORE INTO index_state VALUES (1, 0, 0, 0, '', '', NULL, '')")
        connection.execute("DELETE FROM index_languages")
        store.clear(connection)
        return
    every = [row[0] for row in connection.execute("SELECT id FROM segments")]
    sound = set(look.sound)
    connection.execute("DELETE FROM merges")
    connection.executemany("DELETE FROM segments WHERE id = ?", [(one,) for one in every if one not in sound])
    connection.execute("DELETE FROM tombstones WHERE segment NOT IN (SELECT id FROM segments)")
    connection.execute(
        f"DELETE FROM postings WHERE block & {(1 << store.BLOCK_BITS) - 1} >= coalesce("
        f"(SELECT blocks FROM segments WHERE id = block >> {store.BLOCK_BITS}), 0)"
    )
    connection.execute(
        "UPDATE index_state SET generation = generation + 1, passages = ?, tokens = ?", (len(look.ids), look.tokens)
    )


def _blocks(connection: sqlite3.Connection, damaged: list[Damaged]) -> tuple[dict[int, int], set[int]]:
    """How many blocks each segment has, counted from its first without a gap; segments with a damaged one."""
    counts: dict[int, int] = {}
    broken = set()
    for block, stored, alone, *columns in connection.execute(f"{_BLOCKS} ORDER BY block"):
        segment, number = block >> store.BLOCK_BITS, block & ((1 << store.BLOCK_BITS) - 1)
        if number == counts.get(segment, 0):
            counts[segment] = number + 1
        sound = stored == store.checksum(column or b"" for column in columns)
        if not sound or bool(alone) != read_heads(columns[0]).is_alone:
            broken.add(segment)
            damaged.append(Damaged(f"Search index: block {block} is damaged."))
    return counts, broken


def _problem(connection: sqlite3.Connection, row: store.SegmentRow, blocks: int) -> str:
    """What is wrong with a segment; empty when it is sound."""
    stored, *arrays = connection.execute(_ARRAYS, (row.id,)).fetchone()
    _, ids, lengths, directory = arrays
    if stored != store.checksum(arrays) or len(lengths) not in (2 * row.passages, 4 * row.passages):
        return "is damaged"
    firsts, sizes = np.frombuffer(ids, "<i8").reshape(2, -1)
    ends = (int(firsts[0]), int(firsts[-1] + sizes[-1] - 1)) if len(firsts) else (0, -1)
    if int(sizes.sum()) != row.passages or ends != (row.first_passage, row.last_passage):
        return "is damaged"
    if len(directory) != 16 * row.blocks:
        return "is damaged"
    if blocks < row.blocks:
        return f"has {blocks} of its {row.blocks} blocks"
    return _problem_of_removals(connection, row)


def _problem_of_removals(connection: sqlite3.Connection, row: store.SegmentRow) -> str:
    found = connection.execute(_TOMBSTONE, (row.id,)).fetchone()
    if found is None:
        return ""
    count, stored, bitmap = found
    removed = int(np.unpackbits(np.frombuffer(bitmap, np.uint8))[: row.passages].sum())
    if stored != zlib.crc32(bitmap) or len(bitmap) != -(-row.passages // 8) or removed != count:
        return "does not know which of its passages were removed"
    return ""


def _without_doubles(parts: list[_Part], damaged: list[Damaged]) -> list[_Part]:
    """The segments none of whose passages stands in another one too."""
    if not parts:
        return parts
    ids, counts = np.unique(np.concatenate([part.ids for part in parts]), return_counts=True)
    double = ids[counts > 1]
    kept = []
    for part in parts:
        if np.isin(part.ids, double).any():
            sentence = f"Search index: segment {part.row.id} has passages that another one has too."
            damaged.append(Damaged(sentence, (part.row.first_passage, part.row.last_passage)))
        else:
            kept.append(part)
    return kept


def _wrong_totals(connection: sqlite3.Connection, look: Inspection) -> Iterator[Damaged]:
    row = connection.execute("SELECT passages, tokens FROM index_state WHERE id = 1").fetchone()
    if row is not None and tuple(row) != (len(look.ids), look.tokens):
        yield Damaged(
            f"Search index: it counts {row[0]} passages and {row[1]} words,"
            f" but holds {len(look.ids)} and {look.tokens}."
        )


def _nobody_knows_more(connection: sqlite3.Connection) -> bool:
    """Whether it is lost by which analyser, or in which languages, the index was made."""
    state = "SELECT ifnull(CAST(analyser || renewing || embedder AS BLOB), x'') FROM index_state WHERE id = 1"
    row = connection.execute(state).fetchone()
    words = [row, *connection.execute(_LANGUAGES)]
    return row is None or any(word[0].decode("utf-8", "replace").encode() != word[0] for word in words)
