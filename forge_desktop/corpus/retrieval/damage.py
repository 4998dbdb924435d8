"""Finds what is damaged in the search index: every row against its checksum, the totals against what is there."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator

from forge_desktop.corpus.retrieval import store


def damage(connection: sqlite3.Connection) -> Iterator[str]:
    """A sentence for every row whose checksum or totals do not hold."""
    found = [*_segments(connection), *_rows(connection)]
    yield from found
    if not found:
        yield from _totals(connection)


def _segments(connection: sqlite3.Connection) -> Iterator[str]:
    for segment in store.segments(connection):
        stored, *arrays = connection.execute(
            "SELECT checksum, codes, ids, lengths, directory FROM segments WHERE id = ?", (segment.id,)
        ).fetchone()
        if stored != store.checksum(arrays):
            yield f"Search index: segment {segment.id} is damaged."
        found = sum(1 for _ in store.blocks(connection, segment.id))
        if found != segment.blocks:
            yield f"Search index: segment {segment.id} has {found} of its {segment.blocks} blocks."


def _rows(connection: sqlite3.Connection) -> Iterator[str]:
    for block, stored, *columns in connection.execute(
        "SELECT block, checksum, heads, codes, passages, places FROM postings"
    ):
        if stored != store.checksum(columns):
            yield f"Search index: block {block} is damaged."
    for segment, stored, bitmap in connection.execute("SELECT segment, checksum, bitmap FROM tombstones"):
        if stored != zlib.crc32(bitmap):
            yield f"Search index: the removals of segment {segment} are damaged."


def _totals(connection: sqlite3.Connection) -> Iterator[str]:
    passages = tokens = 0
    for segment in store.segments(connection):
        body, _ = store.body_of(connection, segment.id)
        alive = store.alive_in(connection, segment)
        passages += int(alive.sum())
        tokens += int(body.lengths[alive].sum())
    totals = store.state(connection)
    if (totals.passages, totals.tokens) != (passages, tokens):
        yield (
            f"Search index: it counts {totals.passages} passages and {totals.tokens} words,"
            f" but holds {passages} and {tokens}."
        )
