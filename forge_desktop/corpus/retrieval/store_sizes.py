"""How many bytes the search index and the vectors take in the database."""

from __future__ import annotations

import sqlite3

_ROW = 12  # bytes a row costs beside its columns, about


def disk_sizes(connection: sqlite3.Connection) -> dict[str, int]:
    """Bytes by part, "index" and "vectors". Reads no large value, but a row for each block of postings."""
    postings = connection.execute(
        "SELECT sum(length(heads) + length(codes) + length(passages) + length(places) + ?) FROM postings", (_ROW,)
    ).fetchone()[0]
    segments = connection.execute(
        "SELECT sum(length(codes) + length(ids) + length(directory) + length(lengths)) FROM segments"
    ).fetchone()[0]
    signs = connection.execute("SELECT sum(length(passage_ids) + length(signs)) FROM vector_segments").fetchone()[0]
    rows = connection.execute("SELECT sum(passages * (dimensions + ?)) FROM embedders", (_ROW,)).fetchone()[0]
    return {"index": (postings or 0) + (segments or 0), "vectors": (signs or 0) + (rows or 0)}
