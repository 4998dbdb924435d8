"""The SQL of pairs and of the evidence that they rest on."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from forge_desktop.distill.records import Check, Evidence, Pair, Quality
from forge_desktop.storage import Database

_TEXTS = ("uid", "kind", "prompt", "draft", "final", "rules", "language", "reviewed", "note", "duplicate_of", "method")
_NUMBERS = ("cost", "similarity", "created")
_LISTS = ("critiques", "citations", "leaks")
_MAPS = ("teacher", "student", "imported")
_PLAIN = (*_TEXTS, *_NUMBERS, "source", "sha256")
_COLUMNS = (
    *(*_PLAIN, *_LISTS, *_MAPS),
    *("task_id", "quality", "score", "accepted", "exact_sha256", "minhash", "changed"),
)
_EVIDENCE = (
    *("n", "document_sha256", "name", "passage_id", "start", "end", "page", "heading", "text", "quote", "cited"),
    *("scores", "retrieval"),
)


class PairStore:
    """Reads and writes pairs. Writing methods join the caller's transaction through its connection."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, connection: sqlite3.Connection, pair: Pair, exact: str, minhash: bytes) -> None:
        """Store a pair with its evidence, in place of the one of the same uid or the same task."""
        task = connection.execute("SELECT id FROM tasks WHERE uid = ?", (pair.task,)).fetchone()
        task_id = task[0] if task else None
        connection.execute("DELETE FROM pairs WHERE uid = ? OR task_id = ?", (pair.uid, task_id))
        values = {
            **_row_of(pair),
            "task_id": task_id,
            "exact_sha256": exact,
            "minhash": minhash,
            "changed": time.time(),
        }
        cursor = connection.execute(
            f"INSERT INTO pairs ({', '.join(_COLUMNS)}) VALUES ({', '.join(['?'] * len(_COLUMNS))})",
            [values[name] for name in _COLUMNS],
        )
        put_evidence(connection, "pair_id", cursor.lastrowid or 0, pair.evidence)

    def get(self, uid: str) -> Pair | None:
        """One pair, None when it is not there."""
        return next(self._pairs("p.uid = ?", uid), None)

    def of_task(self, task_id: int) -> Pair | None:
        """A task's pair, None when it has none."""
        return next(self._pairs("p.task_id = ?", task_id), None)

    def _pairs(self, where: str, *values: object) -> Iterator[Pair]:
        rows = self._db.rows(
            f"SELECT p.*, t.uid AS task FROM pairs p LEFT JOIN tasks t ON t.id = p.task_id WHERE {where}", *values
        )
        for row in rows:
            yield read_pair(row, self._evidence(row["id"]))

    def _evidence(self, pair_id: int) -> tuple[Evidence, ...]:
        rows = self._db.rows("SELECT * FROM evidence WHERE pair_id = ? ORDER BY n, id", pair_id)
        return tuple(read_evidence(row) for row in rows)


def put_evidence(connection: sqlite3.Connection, owner: str, owner_id: int, evidence: Sequence[Evidence]) -> None:
    """Store evidence of a task ("task_id") or of a pair ("pair_id")."""
    names = ", ".join(f'"{name}"' for name in (owner, *_EVIDENCE))
    connection.executemany(
        f"INSERT INTO evidence ({names}) VALUES ({', '.join(['?'] * (len(_EVIDENCE) + 1))})",
        [(owner_id, *(_plain(getattr(one, name)) for name in _EVIDENCE)) for one in evidence],
    )


def read_evidence(row: sqlite3.Row) -> Evidence:
    """A row of the table of evidence."""
    values = {name: row[name] for name in _EVIDENCE}
    values |= {"heading": tuple(json.loads(row["heading"])), "cited": bool(row["cited"])}
    values |= {name: json.loads(row[name]) for name in ("scores", "retrieval")}
    return Evidence(**values)


def read_quality(text: str) -> Quality:
    """A judgement as it is stored."""
    found = json.loads(text)
    checks = tuple(Check(**check) for check in found.get("checks", ()))
    return Quality(found.get("score", 0.0), checks, found.get("rubric", {}), found.get("version", ""))


def read_pair(row: sqlite3.Row, evidence: tuple[Evidence, ...]) -> Pair:
    """A row of the table of pairs, with the uid of its task as `task`."""
    values: dict[str, Any] = {name: row[name] for name in _PLAIN}
    values |= {name: tuple(json.loads(row[name])) for name in _LISTS}
    values |= {name: json.loads(row[name]) for name in _MAPS}
    return Pair(
        task=row["task"] or "",
        evidence=evidence,
        quality=read_quality(row["quality"]),
        accepted=bool(row["accepted"]),
        **values,
    )


def _row_of(pair: Pair) -> dict[str, object]:
    values = {name: _plain(getattr(pair, name)) for name in _COLUMNS if hasattr(pair, name)}
    return {**values, "quality": json.dumps(asdict(pair.quality), ensure_ascii=False), "score": pair.quality.score}


def _plain(value: object) -> object:
    if isinstance(value, tuple | list | Mapping):
        return json.dumps(value, ensure_ascii=False, sort_keys=isinstance(value, Mapping))
    return int(value) if isinstance(value, bool) else value
