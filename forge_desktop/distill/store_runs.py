"""The SQL of runs: what a run takes, what became of it, and the flip of a task."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records import OPEN, Check, Draft, Evidence, TaskState, TeacherTurn
from forge_desktop.distill.records_runs import RunWish
from forge_desktop.distill.store_pairs import put_evidence
from forge_desktop.storage import Database

KILLED = "Forge Desktop ended in the middle of it; what was not finished waits in the queue."
_OPEN = ", ".join(f"'{state}'" for state in OPEN)


@dataclass(frozen=True)
class RunRow:
    """A run as it is stored. `config` is what else decided it, as the teachers' terms."""

    uid: str
    wish: RunWish
    quoted: Mapping[str, object]
    started: float
    ended: float | None
    stopped_by: str
    problem: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Tally:
    """What became of the tasks a run took, and how many of their answers had been paid before."""

    states: Mapping[TaskState, int]
    train_pairs: int
    repair_pairs: int
    reused: int


class RunStore:
    """Reads and writes runs and what they do with tasks. Writing methods take the connection of a transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # ---- runs ----

    def begin(
        self, uid: str, wish: RunWish, quoted: Mapping[str, object], *, started: float, config: Mapping[str, object]
    ) -> None:
        """Store a run that starts; what an earlier one left in the middle waits again."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO distill_runs (uid, wish, quoted, started, config) VALUES (?, ?, ?, ?, ?)",
                (
                    uid,
                    json.dumps(dataclasses.asdict(wish)),
                    json.dumps(dict(quoted)),
                    started,
                    json.dumps(dict(config)),
                ),
            )
            connection.execute(
                "UPDATE distill_runs SET stopped_by = 'killed', problem = ?, ended = ?"
                " WHERE ended IS NULL AND uid <> ?",
                (KILLED, started, uid),
            )
            self.let_wait(connection)

    def let_wait(self, connection: sqlite3.Connection) -> None:
        """Put back what is marked as being worked on."""
        connection.execute(
            f"UPDATE tasks SET state = 'queued', run = '' WHERE state IN ({_OPEN}) AND (state <> 'queued' OR run <> '')"
        )

    def end(self, uid: str, stopped_by: str, problem: str, now: float) -> None:
        """Say how a run ended; what it had begun and not finished waits again."""
        with self._db.write() as connection:
            self.let_wait(connection)
            connection.execute(
                "UPDATE distill_runs SET ended = ?, stopped_by = ?, problem = ? WHERE uid = ?",
                (now, stopped_by, problem, uid),
            )

    def run(self, uid: str) -> RunRow:
        """One run. Raises ForgeError when there is none."""
        row = self._db.row("SELECT * FROM distill_runs WHERE uid = ?", uid)
        if row is None:
            raise ForgeError("There is no such run.", hint="See the list of runs.")
        return _run(row)

    def runs(self) -> list[RunRow]:
        """All runs, the newest first."""
        return [_run(row) for row in self._db.rows("SELECT * FROM distill_runs ORDER BY started DESC, rowid DESC")]

    def tally(self, uid: str) -> Tally:
        """What became of the tasks this run took."""
        states = {
            row[0]: row[1]
            for row in self._db.rows("SELECT state, count(*) FROM tasks WHERE run = ? GROUP BY state", uid)
        }
        kinds = {
            row[0]: row[1]
            for row in self._db.rows(
                "SELECT pairs.kind, count(*) FROM tasks JOIN pairs ON pairs.task_id = tasks.id"
                " WHERE tasks.run = ? AND tasks.state = 'kept' GROUP BY pairs.kind",
                uid,
            )
        }
        reused = self._db.value(
            "SELECT count(*) FROM turns JOIN tasks ON tasks.id = turns.task_id WHERE tasks.run = ? AND turns.reused",
            uid,
        )
        return Tally(states, kinds.get("TRAIN_PAIR", 0), kinds.get("REPAIR_PAIR", 0), int(reused))

    # ---- tasks on their way ----

    def still_open(self, ids: Sequence[int]) -> set[int]:
        """Those of these tasks that nobody has held, cancelled or taken out meanwhile."""
        sql = f"SELECT id FROM tasks WHERE state IN ({_OPEN}) AND id IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._db.rows(sql, json.dumps(list(ids)))}

    def mark(self, connection: sqlite3.Connection, task_id: int, state: TaskState, run: str) -> None:
        """Say where an open task is on its way."""
        connection.execute(
            f"UPDATE tasks SET state = ?, run = ?, reason = '' WHERE id = ? AND state IN ({_OPEN})",
            (state, run, task_id),
        )

    def try_again(self, connection: sqlite3.Connection, task_id: int) -> None:
        """Let an open task wait: for when a call failed through no fault of its own. What was paid is used again."""
        connection.execute(
            f"UPDATE tasks SET state = 'queued', run = '' WHERE id = ? AND state IN ({_OPEN})",
            (task_id,),
        )

    def offer(self, connection: sqlite3.Connection, task_id: int, evidence: Sequence[Evidence]) -> None:
        """Store what is offered to a task, in place of what was."""
        connection.execute("DELETE FROM evidence WHERE task_id = ?", (task_id,))
        if connection.execute("SELECT 1 FROM tasks WHERE id = ?", (task_id,)).fetchone():
            put_evidence(connection, "task_id", task_id, evidence)

    def put_draft(self, connection: sqlite3.Connection, task_id: int, draft: Draft, now: float) -> None:
        """Store what the student said first, where the task is still there."""
        connection.execute(
            "INSERT OR REPLACE INTO drafts (task_id, text, checks, provenance, created)"
            " SELECT id, ?, ?, ?, ? FROM tasks WHERE id = ?",
            (
                draft.text,
                json.dumps([dataclasses.asdict(check) for check in draft.checks]),
                json.dumps(dict(draft.provenance)),
                now,
                task_id,
            ),
        )

    def draft(self, task_id: int) -> Draft | None:
        """What the student said first."""
        row = self._db.row("SELECT * FROM drafts WHERE task_id = ?", task_id)
        if row is None:
            return None
        checks = tuple(Check(**check) for check in json.loads(row["checks"]))
        return Draft(row["text"], json.loads(row["provenance"]), checks)

    def turns(self, task_id: int) -> tuple[TeacherTurn, ...]:
        """The calls to teachers for a task, in order."""
        rows = self._db.rows("SELECT * FROM turns WHERE task_id = ? ORDER BY turn, id", task_id)
        return tuple(_turn(row) for row in rows)

    def finish(
        self,
        connection: sqlite3.Connection,
        task_id: int,
        state: TaskState,
        reason: str,
        *,
        run: str,
        turns: Sequence[TeacherTurn],
        cost: int,
        now: float,
    ) -> bool:
        """Flip an open task to its end, with its turns. False, with nothing written, where it is not open any more."""
        flipped = connection.execute(
            "UPDATE tasks SET state = ?, reason = ?, run = ?, turns = ?, cost = ?, changed = ?"
            f" WHERE id = ? AND state IN ({_OPEN})",
            (state, reason, run, sum(turn.step != "judge" for turn in turns), cost, now, task_id),
        ).rowcount
        if not flipped:
            return False
        connection.execute("DELETE FROM turns WHERE task_id = ?", (task_id,))
        connection.executemany(
            "INSERT INTO turns (task_id, turn, step, endpoint, endpoint_name, model, prompt, text, read, problem, cost,"
            " reused, milliseconds, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    task_id,
                    turn.turn,
                    turn.step,
                    turn.endpoint,
                    turn.endpoint_name,
                    turn.model,
                    turn.prompt,
                    turn.text,
                    json.dumps(dict(turn.read)),
                    turn.problem,
                    turn.cost,
                    int(turn.reused),
                    turn.milliseconds,
                    now,
                )
                for turn in turns
            ],
        )
        return True


def wish_of(values: Mapping[str, Any]) -> RunWish:
    """A wish from its stored values; what this version does not know of is left out."""
    known = {field.name for field in dataclasses.fields(RunWish)}
    kept = {name: value for name, value in values.items() if name in known}
    return RunWish(**{**kept, "teachers": tuple(kept.get("teachers", ()))})


def _run(row: sqlite3.Row) -> RunRow:
    values = dict(row)
    for name in ("wish", "quoted", "config"):
        values[name] = json.loads(values[name])
    return RunRow(**{**values, "wish": wish_of(values["wish"])})


def _turn(row: sqlite3.Row) -> TeacherTurn:
    values: dict[str, Any] = {field.name: row[field.name] for field in dataclasses.fields(TeacherTurn)}
    return TeacherTurn(**{**values, "read": json.loads(row["read"]), "reused": bool(row["reused"])})
