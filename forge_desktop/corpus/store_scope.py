"""Every SQL statement of search filters: from conditions on documents to the ranges of their passages' ids."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from forge_desktop.corpus.names import below
from forge_desktop.corpus.retrieval.postings import Int64s
from forge_desktop.storage import Database


@dataclass(frozen=True)
class Conditions:
    """A search filter made comparable: everything given must hold. `collections` are uids."""

    collections: tuple[str, ...] = ()
    folder: bytes = b""
    formats: tuple[str, ...] = ()
    changed_from_ns: int | None = None
    changed_to_ns: int | None = None


class ScopeStore:
    """Reads which passages belong to which documents."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def generation(self) -> int:
        """Grows with every change of the index."""
        return int(self._db.value("SELECT generation FROM index_state"))

    def ranges(self, conditions: Conditions) -> tuple[Int64s, Int64s]:
        """First and last passage id of every document that fulfils them, ascending."""
        where, values = condition_sql(conditions)
        cursor = self._db.connection.cursor()
        cursor.row_factory = None  # plain tuples: a hundred thousand in half the time
        cursor.execute(
            "SELECT (SELECT p.id FROM passages p WHERE p.document_id = d.id ORDER BY p.start LIMIT 1) AS first,"
            " (SELECT p.id FROM passages p WHERE p.document_id = d.id ORDER BY p.start DESC LIMIT 1) AS last"
            f" FROM documents d WHERE {where} AND d.passages > 0",
            values,
        )
        found = np.array(cursor.fetchall(), np.int64).reshape(-1, 2)
        found = found[np.argsort(found[:, 0])]
        return found[:, 0], found[:, 1]


def condition_sql(conditions: Conditions) -> tuple[str, list[object]]:
    """What must hold of a row `d` of documents, and the values for its question marks."""
    where, values = ["d.removal IS NULL"], list[object]()
    if conditions.collections:
        where.append(
            "EXISTS (SELECT 1 FROM memberships m JOIN collections c ON c.id = m.collection"
            " WHERE m.document_id = d.id AND c.uid IN (SELECT value FROM json_each(?)))"
        )
        values.append(json.dumps(conditions.collections))
    if conditions.folder:
        where.append("(d.path = ? OR (d.path >= ? AND d.path < ?))")
        values += [conditions.folder, *below(conditions.folder)]
    if conditions.formats:
        where.append("d.format IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(conditions.formats))
    if conditions.changed_from_ns is not None:
        where.append("d.mtime_ns >= ?")
        values.append(conditions.changed_from_ns)
    if conditions.changed_to_ns is not None:
        where.append("d.mtime_ns <= ?")
        values.append(conditions.changed_to_ns)
    return " AND ".join(where), values
