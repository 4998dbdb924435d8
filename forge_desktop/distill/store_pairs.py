"""The SQL of pairs and of the evidence that they rest on."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from forge_desktop.distill.records import Check, Evidence, Pair, Quality
from forge_desktop.distill.records_pairs import Taught
from forge_desktop.storage import Database

_TEXTS = (
    *("uid", "task", "kind", "prompt", "draft", "final", "rules", "language", "reviewed", "note", "duplicate_of"),
    "method",
)
_NUMBERS = ("cost", "similarity", "created")
_PLAIN = (*_TEXTS, *_NUMBERS, "aside", "source", "sha256")
_LISTS = ("critiques", "citations", "leaks")
_MAPS = ("teacher", "student", "imported")
_STORED = (*_PLAIN, *_LISTS, *_MAPS, "accepted")
_EVIDENCE = (
    *("n", "document_sha256", "name", "passage_id", "start", "end", "page", "heading", "text", "quote", "cited"),
    *("scores", "retrieval"),
)
_ACCEPTED = "approved AND duplicate_of = '' AND leaks = '[]' AND aside = ''"
_STANDING = (
    "p.uid, p.prompt, p.final, p.score, p.accepted, p.approved, p.reviewed, p.method, p.duplicate_of, p.leaks, p.aside,"
    " p.vector, (SELECT json_group_array(DISTINCT e.document_sha256) FROM evidence e WHERE e.pair_id = p.id AND e.cited"
    " AND e.document_sha256 <> '')"
    " AS documents"
)
_AT_ONCE = 400


class Keys(NamedTuple):
    """By what a pair is found again: the hash of its prompt, the signature and the vector of prompt and answer."""

    exact: str
    minhash: bytes
    vector: bytes


class Standing:
    """What a judgement of a pair needs to know of one that is stored."""

    def __init__(self, row: sqlite3.Row) -> None:
        self.uid: str = row["uid"]
        self.prompt: str = row["prompt"]
        self.final: str = row["final"]
        self.score: float = row["score"]
        self.accepted = bool(row["accepted"])
        self.approved = bool(row["approved"])
        self.reviewed: str = row["reviewed"]
        self.method: str = row["method"]
        self.duplicate_of: str = row["duplicate_of"]
        self.leaks: tuple[str, ...] = tuple(json.loads(row["leaks"]))
        self.aside: str = row["aside"]
        self.documents: frozenset[str] = frozenset(json.loads(row["documents"]))

    @property
    def waits(self) -> bool:
        """Whether nobody has decided on it yet."""
        return not (self.approved or self.reviewed or self.aside or self.leaks or self.duplicate_of)


class PairStore:
    """Reads and writes pairs. Writing methods join the caller's transaction through its connection."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # ---- writing ----

    def put(self, connection: sqlite3.Connection, pair: Pair, keys: Keys, *, approved: bool) -> None:
        """Store a pair with its evidence, in place of the one of the same uid or the same task."""
        task = connection.execute("SELECT id FROM tasks WHERE uid = ?", (pair.task,)).fetchone()
        task_id = task[0] if task else None
        connection.execute("DELETE FROM pairs WHERE uid = ? OR task_id = ?", (pair.uid, task_id))
        values = {
            **{name: plain(getattr(pair, name)) for name in _STORED},
            "quality": json.dumps(asdict(pair.quality), ensure_ascii=False),
            "score": pair.quality.score,
            "task_id": task_id,
            "approved": int(approved),
            "exact_sha256": keys.exact,
            "minhash": keys.minhash,
            "vector": keys.vector,
            "changed": time.time(),
        }
        cursor = connection.execute(
            f"INSERT INTO pairs ({', '.join(values)}) VALUES ({', '.join(['?'] * len(values))})", [*values.values()]
        )
        put_evidence(connection, "pair_id", cursor.lastrowid or 0, pair.evidence)

    def change(self, connection: sqlite3.Connection, uid: str, **values: object) -> None:
        """Change columns of a pair; whether it is accepted then follows from them."""
        values |= {"changed": time.time()}
        connection.execute(
            f"UPDATE pairs SET {', '.join(f'{name} = ?' for name in values)} WHERE uid = ?",
            (*(plain(value) for value in values.values()), uid),
        )
        connection.execute(f"UPDATE pairs SET accepted = {_ACCEPTED} WHERE uid = ?", (uid,))

    def delete(self, connection: sqlite3.Connection, uid: str) -> None:
        """Remove a pair and its evidence."""
        connection.execute("DELETE FROM pairs WHERE uid = ?", (uid,))

    def settle_task(self, connection: sqlite3.Connection, uid: str, reason: str) -> None:
        """Bring the state of a pair's task in line with it, where a run is done with the task."""
        connection.execute(
            "UPDATE tasks SET state = CASE WHEN p.accepted THEN 'kept' WHEN p.approved OR p.reviewed <> '' OR"
            " p.duplicate_of <> '' OR p.leaks <> '[]' OR p.aside <> '' THEN 'rejected' ELSE 'review' END,"
            " reason = CASE WHEN p.accepted THEN '' ELSE ? END, changed = ?"
            " FROM pairs p WHERE p.uid = ? AND tasks.id = p.task_id AND tasks.state IN ('kept', 'rejected')",
            (reason, time.time(), uid),
        )

    # ---- reading ----

    def get(self, uid: str) -> Pair | None:
        """One pair, None when it is not there."""
        return next(self.iterate("p.uid = ?", uid), None)

    def of_task(self, task_id: int) -> Pair | None:
        """A task's pair, None when it has none."""
        return next(self.iterate("p.task_id = ?", task_id), None)

    def of_task_uid(self, task: str) -> str | None:
        """The uid of a task's pair, None when it has none."""
        found: str | None = self._db.value(
            "SELECT p.uid FROM pairs p JOIN tasks t ON t.id = p.task_id WHERE t.uid = ?", task
        )
        return found

    def taught(self, endpoint: str, model: str, since: float) -> Taught:
        """What a model of an endpoint taught since then. Reads each pair's teacher: for a thread that may wait."""
        row = self._db.row(
            "SELECT count(*), coalesce(sum(accepted), 0), coalesce(sum(reviewed <> ''), 0), coalesce(sum(cost), 0)"
            " FROM pairs WHERE json_extract(teacher, '$.endpoint') = ? AND json_extract(teacher, '$.model') = ?"
            " AND created > ?",
            endpoint,
            model,
            since,
        )
        assert row is not None
        return Taught(*row)

    def iterate(self, where: str = "1", *values: object) -> Iterator[Pair]:
        """Pairs in the order they came in, read some hundred at a time."""
        after = 0
        while True:
            rows = self._db.rows(
                f"SELECT * FROM pairs p WHERE p.id > ? AND ({where}) ORDER BY p.id LIMIT {_AT_ONCE}",
                *(after, *values),
            )
            for row in rows:
                after = row["id"]
                yield read_pair(row, self._evidence(row["id"]))
            if len(rows) < _AT_ONCE:
                return

    def keys(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Uid, signature and vector of every pair."""
        yield from self._db.connection.execute(
            "SELECT uid, minhash, vector FROM pairs WHERE minhash IS NOT NULL AND vector IS NOT NULL ORDER BY id"
        )

    def standings(self, uids: Sequence[str]) -> list[Standing]:
        """What a judgement of these pairs needs to know; those that are gone are left out."""
        marks = ", ".join("?" * len(uids))
        return [
            Standing(row)
            for row in self._db.rows(f"SELECT {_STANDING} FROM pairs p WHERE uid IN ({marks}) ORDER BY id", *uids)
        ]

    def same_prompt(self, exact: str) -> list[Standing]:
        """The pairs whose prompt is the same but for case and spaces."""
        return [
            Standing(row)
            for row in self._db.rows(f"SELECT {_STANDING} FROM pairs p WHERE exact_sha256 = ? ORDER BY id", exact)
        ]

    def duplicates_of(self, uid: str) -> list[Standing]:
        """The pairs that say the same as this one, less well."""
        return self.standings(self.uids("duplicate_of = ? AND duplicate_of <> ''", uid))

    def uids(self, where: str, *values: object) -> list[str]:
        """Uids of pairs, in the order they came in."""
        return [row[0] for row in self._db.rows(f"SELECT uid FROM pairs p WHERE {where} ORDER BY id", *values)]

    def _evidence(self, pair_id: int) -> tuple[Evidence, ...]:
        rows = self._db.rows("SELECT * FROM evidence WHERE pair_id = ? ORDER BY n, id", pair_id)
        return tuple(read_evidence(row) for row in rows)


def put_evidence(connection: sqlite3.Connection, owner: str, owner_id: int, evidence: Sequence[Evidence]) -> None:
    """Store evidence of a task ("task_id") or of a pair ("pair_id")."""
    names = ", ".join(f'"{name}"' for name in (owner, *_EVIDENCE))
    connection.executemany(
        f"INSERT INTO evidence ({names}) VALUES ({', '.join(['?'] * (len(_EVIDENCE) + 1))})",
        [(owner_id, *(plain(getattr(one, name)) for name in _EVIDENCE)) for one in evidence],
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
    """A row of the table of pairs."""
    values: dict[str, Any] = {name: row[name] for name in _PLAIN}
    values |= {name: tuple(json.loads(row[name])) for name in _LISTS}
    values |= {name: json.loads(row[name]) for name in _MAPS}
    return Pair(
        evidence=evidence,
        quality=read_quality(row["quality"]),
        accepted=bool(row["accepted"]),
        **values,
    )


def plain(value: object) -> object:
    """A value as a column holds it: lists and mappings as JSON."""
    if isinstance(value, tuple | list | Mapping):
        return json.dumps(value, ensure_ascii=False, sort_keys=isinstance(value, Mapping))
    return int(value) if isinstance(value, bool) else value
