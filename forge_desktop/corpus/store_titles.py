"""The SQL that keeps what documents are called in themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from forge_desktop.corpus.titles import key_of


def put(connection: sqlite3.Connection, document_id: int, titles: Sequence[str]) -> None:
    """Keep these as a document's titles, in place of those it had; those that say too little are left out."""
    connection.execute("DELETE FROM document_titles WHERE document_id = ?", (document_id,))
    connection.executemany(
        "INSERT OR IGNORE INTO document_titles (key, document_id, title) VALUES (?, ?, ?)",
        ((key, document_id, title) for title in titles if (key := key_of(title))),
    )
