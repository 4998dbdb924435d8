"""The SQL of frozen datasets."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from forge_desktop.distill.records import Dataset
from forge_desktop.storage import Database


class DatasetStore:
    """Reads and writes versions. Writing methods join the caller's transaction through its connection."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(
        self, connection: sqlite3.Connection, made: Dataset, packed: bytes, pairs: Sequence[tuple[str, frozenset[str]]]
    ) -> None:
        """Store a version: its compressed lines, and of each pair in order its uid and documents."""
        counts = {name: getattr(made, name) for name in ("pairs", "train_pairs", "repair_pairs", "documents")}
        connection.execute(
            "INSERT INTO datasets (uid, name, version, sha256, counts, lines, note, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (made.uid, made.name, made.version, made.sha256, json.dumps(counts), packed, made.note, made.created),
        )
        connection.executemany(
            "INSERT INTO dataset_pairs (dataset, n, pair, document_sha256s) VALUES (?, ?, ?, ?)",
            [(made.uid, n, uid, json.dumps(sorted(documents))) for n, (uid, documents) in enumerate(pairs, 1)],
        )

    def all(self) -> list[Dataset]:
        """Every version, by name and number."""
        return self._read("ORDER BY name COLLATE NOCASE, name, version")

    def find(self, name: str, version: int | None) -> Dataset | None:
        """The version with this uid; else of this name and number, the newest where none is given."""
        found = self._read("WHERE uid = ?", name) or self._read(
            "WHERE name = ? AND (version = ? OR ? IS NULL) ORDER BY version DESC LIMIT 1", *(name, version, version)
        )
        return found[0] if found else None

    def latest(self, name: str) -> int:
        """The highest number of this name, 0 before there is one."""
        return int(self._db.value("SELECT max(version) FROM datasets WHERE name = ?", name) or 0)

    def packed(self, uid: str) -> bytes:
        """The lines as they are stored."""
        return bytes(self._db.value("SELECT lines FROM datasets WHERE uid = ?", uid) or b"")

    def pairs(self, uid: str) -> list[str]:
        """Uids of the pairs in a version, in order."""
        return [row[0] for row in self._db.rows("SELECT pair FROM dataset_pairs WHERE dataset = ? ORDER BY n", uid)]

    def documents(self, uid: str) -> list[tuple[str, int]]:
        """The documents that a version's pairs rest on, by sha256, with how many do; most first."""
        rows = self._db.rows(
            "SELECT value, count(*) AS n FROM dataset_pairs, json_each(document_sha256s) WHERE dataset = ?"
            " GROUP BY value ORDER BY n DESC, value",
            uid,
        )
        return [(row[0], row[1]) for row in rows]

    def holding(self, document_sha256: str) -> list[Dataset]:
        """The versions with a pair that rests on a document."""
        return self._read(
            "WHERE uid IN (SELECT dataset FROM dataset_pairs, json_each(document_sha256s) WHERE value = ?)"
            " ORDER BY name, version",
            document_sha256,
        )

    def delete(self, connection: sqlite3.Connection, uid: str) -> None:
        """Remove a version."""
        connection.execute("DELETE FROM datasets WHERE uid = ?", (uid,))

    def _read(self, where: str, *values: object) -> list[Dataset]:
        rows = self._db.rows(f"SELECT uid, name, version, sha256, counts, note, created FROM datasets {where}", *values)
        return [
            Dataset(
                **{name: row[name] for name in ("uid", "name", "version", "sha256", "note", "created")},
                **json.loads(row["counts"]),
            )
            for row in rows
        ]
