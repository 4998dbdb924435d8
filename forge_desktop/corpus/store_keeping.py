"""Every SQL statement of repairs and of documents that come from elsewhere: what is stored but not yet searched."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence

from forge_desktop.corpus.store import PART
from forge_desktop.corpus.store_run import UNSEARCHED, names_of
from forge_desktop.storage import Database

_GAP = "\N{REPLACEMENT CHARACTER}"
_HANGING_ON = ("texts", "outlines", "passages", "members", "missing")


class KeepingStore:
    """The tables of documents, mended. Methods that take a connection run inside the caller's transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # ---- stored, not yet searched ----

    def mark_unsearched(self, connection: sqlite3.Connection, passage_ids: Collection[int]) -> None:
        """Let the documents of these passages wait until the index has them; what they were is kept in the recipe."""
        connection.execute(
            f"UPDATE documents SET recipe = '{UNSEARCHED}' || state || '/' || recipe, state = 'pending'"
            " WHERE removal IS NULL AND state <> 'pending' AND id IN"
            " (SELECT document_id FROM passages WHERE id IN (SELECT value FROM json_each(?)))",
            (json.dumps(list(passage_ids)),),
        )

    def unsearched(self) -> list[int]:
        """Documents that wait for the index only."""
        sql = f"SELECT id FROM documents WHERE state = 'pending' AND removal IS NULL AND recipe GLOB '{UNSEARCHED}*'"
        return [row[0] for row in self._db.rows(sql + " ORDER BY id")]

    def settle(self, connection: sqlite3.Connection, ids: Iterable[int]) -> None:
        """These documents are searched in full again: what they were before counts."""
        for document_id in ids:
            sql = f"SELECT recipe FROM documents WHERE id = ? AND state = 'pending' AND recipe GLOB '{UNSEARCHED}*'"
            for row in connection.execute(sql, (document_id,)).fetchall():  # none when it was removed meanwhile
                _, state, recipe = row[0].split("/", 2)
                connection.execute(
                    "UPDATE documents SET state = ?, recipe = ? WHERE id = ?", (state, recipe, document_id)
                )

    # ---- mending ----

    def drop_orphans(self, connection: sqlite3.Connection) -> int:
        """Delete what hangs on documents whose own row is gone; how many those were."""
        gone: set[int] = set()
        for table in _HANGING_ON:
            lost = f"FROM {table} WHERE document_id NOT IN (SELECT id FROM documents)"
            gone.update(row[0] for row in connection.execute(f"SELECT DISTINCT document_id {lost}"))
            connection.execute(f"DELETE {lost}")
        return len(gone)

    def recount(self, connection: sqlite3.Connection, document_id: int, characters: int, passages: int) -> None:
        """Put a document's totals right."""
        connection.execute(
            "UPDATE documents SET characters = ?, passages = ? WHERE id = ?", (characters, passages, document_id)
        )

    def restore_row(self, connection: sqlite3.Connection, document_id: int) -> None:
        """Make the texts in a document's row legible: its names from its path, the others as far as they go."""
        row = connection.execute(
            "SELECT path, CAST(format AS BLOB), CAST(reason AS BLOB), CAST(sha256 AS BLOB), CAST(recipe AS BLOB)"
            " FROM documents WHERE id = ?",
            (document_id,),
        ).fetchone()
        path, texts = row[0], [text.decode("utf-8", "replace") for text in row[1:]]
        connection.execute(
            "UPDATE documents SET name = ?, folded = ?, format = ?, reason = ?, sha256 = ?, recipe = ? WHERE id = ?",
            (*names_of(path), *texts, document_id),
        )

    def fill_gaps(self, connection: sqlite3.Connection, document_id: int, end: int) -> None:
        """Make a text readable up to `end`, every offset in its place; the hashes of damaged parts still tell it."""
        count = -(-end // PART)
        stored = dict(
            connection.execute(
                "SELECT part, CAST(text AS BLOB) FROM texts WHERE document_id = ? AND part < ?", (document_id, count)
            ).fetchall()
        )
        for number in range(count):
            least = min(PART, end - number * PART)
            text = stored[number].decode("utf-8", "replace") if number in stored else ""
            if len(text) < least or number < count - 1:
                text = text[:PART].ljust(least, _GAP)
            connection.execute(
                "INSERT INTO texts (document_id, part, text, sha256) VALUES (?, ?, ?, x'')"
                " ON CONFLICT (document_id, part) DO UPDATE SET text = excluded.text",
                (document_id, number, text),
            )

    def present(self, connection: sqlite3.Connection, passage_ids: Sequence[int]) -> set[int]:
        """Those of the passages whose documents were not taken out."""
        sql = (
            "SELECT p.id FROM passages p JOIN documents d ON d.id = p.document_id"
            " WHERE d.removal IS NULL AND p.id IN (SELECT value FROM json_each(?))"
        )
        return {row[0] for row in connection.execute(sql, (json.dumps(list(passage_ids)),))}

    # ---- documents that leave, and those from elsewhere ----

    def in_search_order(self, ids: Sequence[int]) -> list[int]:
        """Those of the documents that have passages, in the order of these: it decides between equal ranks."""
        sql = "SELECT document_id FROM passages WHERE document_id IN (SELECT value FROM json_each(?))"
        return [row[0] for row in self._db.rows(f"{sql} GROUP BY document_id ORDER BY min(id)", json.dumps(list(ids)))]

    def newest_id(self) -> int:
        """The highest document id so far, 0 before the first."""
        return int(self._db.value("SELECT coalesce(max(id), 0) FROM documents"))

    def with_bytes(self, sha256: str, newest: int) -> int | None:
        """A document with these bytes and a stored text that was here before."""
        sql = "SELECT min(id) FROM documents WHERE sha256 = ? AND id <= ? AND passages > 0 AND removal IS NULL"
        found: int | None = self._db.value(sql, sha256, newest)
        return found

    def insert(self, connection: sqlite3.Connection, path: bytes, format: str, now: float) -> int:
        """A row to be filled; that there may be no file is meant."""
        cursor = connection.execute(
            "INSERT INTO documents (path, name, folded, format, state, added) VALUES (?, ?, ?, ?, 'pending', ?)",
            (path, *names_of(path), format, now),
        )
        assert cursor.lastrowid is not None
        connection.execute("INSERT INTO missing (document_id) VALUES (?)", (cursor.lastrowid,))
        return cursor.lastrowid

    def await_search(self, connection: sqlite3.Connection, document_id: int) -> None:
        """A filled document waits for the index, and is as good as any other then."""
        connection.execute(f"UPDATE documents SET recipe = '{UNSEARCHED}indexed/imported' WHERE id = ?", (document_id,))
