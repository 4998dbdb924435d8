"""The SQL of suites and their items."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from forge_desktop.distill import minhash
from forge_desktop.distill.records import Evidence, Suite, SuiteItem
from forge_desktop.distill.store_pairs import plain
from forge_desktop.storage import Database

_SUITE = (
    "SELECT s.uid, s.name, s.kind, s.sha256, s.created, s.source,"
    " (SELECT count(*) FROM suite_items i WHERE i.suite = s.uid) AS items FROM suites s"
)


class SuiteStore:
    """Reads and writes suites. Writing methods join the caller's transaction through its connection."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, connection: sqlite3.Connection, suite: Suite, items: Sequence[SuiteItem]) -> None:
        """Store a suite with its items."""
        connection.execute(
            "INSERT INTO suites (uid, name, kind, sha256, source, created) VALUES (?, ?, ?, ?, ?, ?)",
            (suite.uid, suite.name, suite.kind, suite.sha256, suite.source, suite.created),
        )
        connection.executemany(
            "INSERT INTO suite_items (suite, n, uid, question, answer, evidence, category, meta, minhash)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(suite.uid, *_row(item)) for item in items],
        )

    def all(self) -> list[Suite]:
        """Every suite, by name."""
        return [Suite(**dict(row)) for row in self._db.rows(f"{_SUITE} ORDER BY s.name COLLATE NOCASE, s.uid")]

    def find(self, name: str) -> Suite | None:
        """The suite of this name or uid."""
        row = self._db.row(f"{_SUITE} WHERE s.name = ? OR s.uid = ? ORDER BY s.uid = ?", name, name, name)
        return Suite(**dict(row)) if row else None

    def items(self, suite: str) -> list[SuiteItem]:
        """A suite's items in order."""
        return [_read(row) for row in self._db.rows("SELECT * FROM suite_items WHERE suite = ? ORDER BY n", suite)]

    def state(self) -> tuple[str, ...]:
        """Changes whenever suites do."""
        return tuple(f"{row[0]} {row[1]}" for row in self._db.rows("SELECT uid, sha256 FROM suites ORDER BY uid"))

    def delete(self, connection: sqlite3.Connection, suite: str) -> None:
        """Remove a suite with its items."""
        connection.execute("DELETE FROM suites WHERE uid = ?", (suite,))

    def delete_item(self, connection: sqlite3.Connection, suite: str, n: int, sha256: str) -> None:
        """Remove one item; `sha256` is the suite's from now on."""
        connection.execute("DELETE FROM suite_items WHERE suite = ? AND n = ?", (suite, n))
        connection.execute("UPDATE suites SET sha256 = ? WHERE uid = ?", (sha256, suite))


def read_evidence_json(text: str) -> tuple[Evidence, ...]:
    """Evidence as it is stored with an item."""
    return tuple(Evidence(**{**one, "heading": tuple(one.get("heading", ()))}) for one in json.loads(text))


def _row(item: SuiteItem) -> tuple[object, ...]:
    evidence = json.dumps([asdict(one) for one in item.evidence], ensure_ascii=False)
    signed = minhash.signature(item.question).tobytes()
    return (item.n, item.uid, item.question, item.answer, evidence, item.category, plain(item.meta), signed)


def _read(row: sqlite3.Row) -> SuiteItem:
    return SuiteItem(
        n=row["n"],
        uid=row["uid"],
        question=row["question"],
        answer=row["answer"],
        evidence=read_evidence_json(row["evidence"]),
        category=row["category"],
        meta=json.loads(row["meta"]),
    )
