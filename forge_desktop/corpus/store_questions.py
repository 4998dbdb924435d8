"""Every SQL statement about files that are gone and documents that are kept until somebody says what is meant."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterable

from forge_desktop.corpus.names import below
from forge_desktop.corpus.records_library import QuestionKind, SyncQuestion
from forge_desktop.storage import Database


class QuestionRows:
    """The tables of questions. Methods that take a connection run inside the caller's transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[SyncQuestion]:
        """Every open question, the oldest first."""
        rows = self._db.rows(
            "SELECT q.id, q.root, q.kind, count(*), q.total, q.since FROM sync_questions q"
            " JOIN missing m ON m.question = q.id JOIN documents d ON d.id = m.document_id"
            " WHERE d.removal IS NULL GROUP BY q.id ORDER BY q.since, q.id"
        )
        return [SyncQuestion(row[0], os.fsdecode(row[1]), *row[2:]) for row in rows]

    def documents(self, connection: sqlite3.Connection, question: int) -> list[int]:
        """Ids of the documents a question is about."""
        return [row[0] for row in connection.execute("SELECT document_id FROM missing WHERE question = ?", (question,))]

    def ask(
        self,
        connection: sqlite3.Connection,
        root: bytes,
        kind: QuestionKind,
        ids: Iterable[int],
        *,
        total: int,
        now: float,
        afresh: bool,
    ) -> None:
        """Ask about these documents of a root, or add them to what is asked already (`afresh`: instead of it)."""
        question = connection.execute(
            "INSERT INTO sync_questions (root, kind, total, since) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (root) DO UPDATE SET kind = excluded.kind, total = excluded.total RETURNING id",
            (root, kind, total, now),
        ).fetchone()[0]
        if afresh:
            connection.execute("DELETE FROM missing WHERE question = ?", (question,))
        connection.executemany(
            "INSERT INTO missing (document_id, question) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET question = excluded.question WHERE question IS NOT NULL",
            ((document_id, question) for document_id in ids),
        )

    def close(self, connection: sqlite3.Connection, question: int) -> None:
        """The question is answered; its documents are not asked about again."""
        connection.execute("UPDATE missing SET question = NULL WHERE question = ?", (question,))
        connection.execute("DELETE FROM sync_questions WHERE id = ?", (question,))

    def kept(self) -> set[int]:
        """Documents that stay although their files are gone: somebody said so."""
        return {row[0] for row in self._db.rows("SELECT document_id FROM missing WHERE question IS NULL")}

    def kept_paths(self, connection: sqlite3.Connection) -> list[tuple[int, bytes]]:
        """Of those that are still in the index, the ids and paths."""
        sql = (
            "SELECT d.id, d.path FROM missing m JOIN documents d ON d.id = m.document_id"
            " WHERE m.question IS NULL AND d.removal IS NULL ORDER BY d.id"
        )
        return connection.execute(sql).fetchall()

    def asked(self) -> set[int]:
        """Documents whose question is open."""
        return {row[0] for row in self._db.rows("SELECT document_id FROM missing WHERE question IS NOT NULL")}

    def there_again(self, connection: sqlite3.Connection, seen: Collection[int]) -> None:
        """Forget what was noted about documents that were seen, and questions about nothing."""
        noted = [row[0] for row in connection.execute("SELECT document_id FROM missing") if row[0] in seen]
        connection.execute(
            "DELETE FROM missing WHERE document_id IN (SELECT value FROM json_each(?))", (json.dumps(noted),)
        )
        connection.execute(
            "DELETE FROM sync_questions WHERE id NOT IN (SELECT question FROM missing WHERE question IS NOT NULL)"
        )

    def total(self, root: bytes) -> int:
        """How many documents lie at or inside a root."""
        sql = "SELECT count(*) FROM documents WHERE removal IS NULL AND (path = ? OR (path >= ? AND path < ?))"
        return int(self._db.value(sql, root, *below(root)))
