"""The SQL of training runs, and of the pairs and documents each learnt from."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from forge_desktop.storage import Database
from forge_desktop.students.records_training import Learnt, RunState, TrainWish

OPEN: tuple[RunState, ...] = ("preparing", "running", "paused")
KILLED = "Forge Desktop ended in the middle of it; its checkpoint is kept."
BEFORE = "Forge Desktop ended before it began to train."
_JSON = ("plan", "data", "result")


@dataclass(frozen=True)
class RunRow:
    """A run as it is stored."""

    uid: str
    number: int
    name: str
    state: RunState
    base_sha256: str
    wish: TrainWish
    plan: Mapping[str, Any]
    data: Mapping[str, Any]
    job_sha256: str
    result: Mapping[str, Any]
    step: int
    steps: int
    problem: str
    version: str
    again_of: str
    created: float
    started: float | None
    ended: float | None


class TrainingStore:
    """Reads and writes runs; one method is one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    def read_only(self) -> bool:
        """Whether nothing may be written, because another process owns the data directory."""
        return self._db.read_only

    def begin(self, uid: str, name: str, base_sha256: str, wish: TrainWish, *, again_of: str = "") -> RunRow:
        """Store a run that is being prepared; without a name it is called by its number."""
        with self._db.write() as connection:
            number = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM training_runs").fetchone()[0]
            connection.execute(
                "INSERT INTO training_runs (uid, number, name, state, base_sha256, wish, again_of, created)"
                " VALUES (?, ?, ?, 'preparing', ?, ?, ?, ?)",
                (uid, number, name or f"Run {number}", base_sha256, json.dumps(asdict(wish)), again_of, time.time()),
            )
        found = self.find(uid)
        assert found is not None
        return found

    def change(self, uid: str, **changes: Any) -> None:
        """Change columns of a run."""
        values = {name: json.dumps(value) if name in _JSON else value for name, value in changes.items()}
        with self._db.write() as connection:
            connection.execute(
                f"UPDATE training_runs SET {', '.join(f'{name} = ?' for name in values)} WHERE uid = ?",
                (*values.values(), uid),
            )

    def interrupt(self) -> int:
        """Runs that nobody works on any more, since the application ended: say so. Returns how many."""
        marks = ", ".join("?" * len(OPEN))
        with self._db.write() as connection:
            return connection.execute(
                "UPDATE training_runs SET state = 'interrupted', ended = ?,"
                f" problem = CASE WHEN plan = '{{}}' THEN ? ELSE ? END WHERE state IN ({marks})",
                (time.time(), BEFORE, KILLED, *OPEN),
            ).rowcount

    def learn(self, uid: str, pairs: Iterable[Learnt]) -> None:
        """Note what a run learns from, in place of what was noted; the words lie with the run's files."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM training_pairs WHERE run = ?", (uid,))
            connection.executemany(
                "INSERT INTO training_pairs (run, n, pair, part, documents) VALUES (?, ?, ?, ?, ?)",
                [(uid, n, one.pair, one.part, json.dumps(one.documents)) for n, one in enumerate(pairs, 1)],
            )

    def all(self) -> list[RunRow]:
        """Every run, the newest first."""
        return [_run(row) for row in self._db.rows("SELECT * FROM training_runs ORDER BY number DESC")]

    def find(self, name: str) -> RunRow | None:
        """The run of this uid, or of its beginning where only one has it, or of this number."""
        rows = self._db.rows("SELECT * FROM training_runs WHERE uid = ?", name)
        if not rows and name.isdecimal() and len(name) < 8:
            rows = self._db.rows("SELECT * FROM training_runs WHERE number = ?", int(name))
        if not rows and len(name) >= 4:
            rows = self._db.rows("SELECT * FROM training_runs WHERE substr(uid, 1, ?) = ?", len(name), name)
        return _run(rows[0]) if len(rows) == 1 else None

    def reached_by(self, document_sha256: str) -> list[RunRow]:
        """The runs that learnt from a document, the newest first."""
        rows = self._db.rows(
            "SELECT * FROM training_runs WHERE uid IN (SELECT p.run FROM training_pairs p, json_each(p.documents) d"
            " WHERE d.value = ?) ORDER BY number DESC",
            document_sha256,
        )
        return [_run(row) for row in rows]

    def gates(self, version: str) -> list[str]:
        """The uids of the gates that a version went through, the oldest first."""
        return [row["uid"] for row in self._db.rows("SELECT uid FROM gates WHERE version = ? ORDER BY number", version)]

    def remove(self, uid: str) -> None:
        """Forget a run."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM training_runs WHERE uid = ?", (uid,))


def wish_of(values: Mapping[str, Any]) -> TrainWish:
    """A wish as it was stored; fields of a newer program are left out."""
    known = {field.name for field in fields(TrainWish)}
    made = TrainWish(**{name: value for name, value in values.items() if name in known})
    return replace(made, targets=tuple(made.targets))


def _run(row: sqlite3.Row) -> RunRow:
    values: dict[str, Any] = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a Row iterates over values
    values |= {name: json.loads(values[name]) for name in _JSON}
    values["wish"] = wish_of(json.loads(values["wish"]))
    return RunRow(**values)
