"""The queue's own SQL: tasks in their order, what is asked of them, and how many are in which state."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records import Evidence, NewTask, Task, TaskRow, TaskState
from forge_desktop.distill.store_pairs import put_evidence, read_evidence
from forge_desktop.storage import Database

_SMALLEST_GAP = 1e-6  # between two positions; below it the queue is numbered anew
_AT_ONCE = 500  # ids in one statement

ORDERS = {
    "position": "tasks.position",
    "question": "tasks.question COLLATE NOCASE",
    "state": "tasks.state",
    "quality": "pairs.score",
    "cost": "tasks.cost",
    "kind": "pairs.kind",
    "evidence": "tasks.passages",
    "changed": "tasks.changed",
}
_SELECT = "SELECT tasks.*, pairs.uid AS pair FROM tasks LEFT JOIN pairs ON pairs.task_id = tasks.id"


class TaskStore:
    """Reads and writes rows of tasks; a method that changes is one transaction, or joins the one around it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def insert(self, connection: sqlite3.Connection, task: NewTask, *, now: float) -> str:
        """Put a task at the end (or the beginning) of the queue, with its evidence; gives its uid.

        Nothing happens where a task has that uid already.
        """
        uid = task.uid or uuid.uuid4().hex
        place = "coalesce(min(position), 2) - 1" if task.first else "coalesce(max(position), 0) + 1"
        row = connection.execute(
            f"""
            INSERT INTO tasks (uid, state, position, question, rules, schema, expected, given_draft, language,
                               difficulty, kind, origin, origin_detail, collections, document, created, changed)
            VALUES (?, 'queued', (SELECT {place} FROM tasks), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (uid) DO NOTHING
            """,
            (
                uid,
                task.question,
                task.rules,
                task.schema,
                task.expected,
                task.draft,
                task.language,
                task.difficulty,
                task.kind,
                task.origin,
                task.origin_detail,
                json.dumps(list(task.collections)),
                task.document,
                now,
                now,
            ),
        )
        if row.rowcount:
            put_evidence(connection, "task_id", int(row.lastrowid or 0), task.evidence)
        return uid

    # ---- reading ----

    def get(self, wanted: int | str) -> Task:
        """One task by id or uid. Raises ForgeError when it is gone."""
        column = "id" if isinstance(wanted, int) else "uid"
        row = self._db.row(f"{_SELECT} WHERE tasks.{column} = ?", wanted)
        if row is None:
            raise ForgeError("This task is no longer there.", hint="Look at the list again.")
        return task_of(row)

    def all_of(self, ids: Sequence[int]) -> list[Task]:
        """These tasks that are still there, in their own order."""
        found: dict[int, Task] = {}
        for some in _portions(ids):
            for row in self._db.rows(f"{_SELECT} WHERE tasks.id IN ({_marks(some)})", *some):
                found[row["id"]] = task_of(row)
        return [found[each] for each in ids if each in found]

    def next_ids(self, limit: int, *, but: Sequence[int] = ()) -> list[int]:
        """The first queued tasks in the queue's order, without those named."""
        rows = self._db.rows(
            "SELECT id FROM tasks WHERE state = 'queued' AND id NOT IN (SELECT value FROM json_each(?))"
            " ORDER BY position, id LIMIT ?",
            json.dumps(list(but)),
            limit,
        )
        return [row[0] for row in rows]

    def evidence(self, task_id: int) -> tuple[Evidence, ...]:
        """What is offered to a task, by number."""
        return tuple(
            read_evidence(row) for row in self._db.rows("SELECT * FROM evidence WHERE task_id = ? ORDER BY n", task_id)
        )

    def ids_in(self, states: Sequence[TaskState]) -> list[int]:
        """The ids of all tasks in one of these states, in the queue's order."""
        rows = self._db.rows(f"SELECT id FROM tasks WHERE state IN ({_marks(states)}) ORDER BY position, id", *states)
        return [row[0] for row in rows]

    def counts(self) -> dict[TaskState, int]:
        """How many tasks are in each state that any is in."""
        return {row[0]: row[1] for row in self._db.rows("SELECT state, count(*) FROM tasks GROUP BY state")}

    def count(self, text: str, states: Sequence[TaskState]) -> int:
        """How many tasks there are with this text and in these states."""
        where, values = _where(text, states)
        return int(self._db.value(f"SELECT count(*) FROM tasks{where}", *values))

    def window(
        self, offset: int, limit: int, text: str, states: Sequence[TaskState], *, order: str, descending: bool
    ) -> list[TaskRow]:
        """A page of the list. Its ids are found first, so that no more is sorted, or walked over, than ids."""
        where, values = _where(text, states)
        by, way = ORDERS.get(order, ORDERS["position"]), "DESC" if descending else "ASC"
        joined = "LEFT JOIN pairs ON pairs.task_id = tasks.id" if by.startswith("pairs.") else ""
        sorted_by = [by, "tasks.position", "tasks.id"] if order == "state" else [by, "tasks.id"]
        found = self._db.rows(
            f"SELECT tasks.id FROM tasks {joined}{where} ORDER BY {', '.join(f'{each} {way}' for each in sorted_by)}"
            " LIMIT ? OFFSET ?",
            *values,
            limit,
            offset,
        )
        ids = [row[0] for row in found]
        rows = self._db.rows(
            """
            SELECT tasks.id, tasks.uid, tasks.question, tasks.state, tasks.reason, pairs.kind AS pair_kind,
                   pairs.score AS quality, tasks.cost, tasks.position, tasks.passages AS evidence
            FROM tasks LEFT JOIN pairs ON pairs.task_id = tasks.id
            WHERE tasks.id IN (SELECT value FROM json_each(?))
            """,
            json.dumps(ids),
        )
        by_id = {row["id"]: TaskRow(**dict(row)) for row in rows}
        return [by_id[each] for each in ids if each in by_id]

    # ---- changing ----

    def change_state(
        self, ids: Sequence[int] | None, to: TaskState, reason: str, *, among: Sequence[TaskState]
    ) -> list[int]:
        """Put those of these tasks (None: all) that are in one of the states into another; gives their ids."""
        now = time.time()
        with self._db.write() as connection:
            changed = self.in_states(connection, ids, among)
            for some in _portions(changed):
                connection.execute(
                    f"UPDATE tasks SET state = ?, reason = ?, changed = ? WHERE id IN ({_marks(some)})",
                    (to, reason, now, *some),
                )
        return changed

    def in_states(
        self, connection: sqlite3.Connection, ids: Sequence[int] | None, among: Sequence[TaskState]
    ) -> list[int]:
        """The ids of those of these tasks (None: all) that are in one of the states."""
        states = _marks(among)
        if ids is None:
            return [r[0] for r in connection.execute(f"SELECT id FROM tasks WHERE state IN ({states})", (*among,))]
        return [
            row[0]
            for some in _portions(ids)
            for row in connection.execute(
                f"SELECT id FROM tasks WHERE state IN ({states}) AND id IN ({_marks(some)})", (*among, *some)
            )
        ]

    def start_anew(self, ids: Sequence[int] | None, among: Sequence[TaskState]) -> list[int]:
        """Queue tasks that came to an end, to be asked afresh: what was said of them so far no longer counts."""
        now = time.time()
        with self._db.write() as connection:
            changed = self.in_states(connection, ids, among)
            for some in _portions(changed):
                marks = _marks(some)
                connection.execute(f"DELETE FROM pairs WHERE task_id IN ({marks})", (*some,))
                connection.execute(f"DELETE FROM turns WHERE task_id IN ({marks})", (*some,))
                connection.execute(
                    "UPDATE tasks SET repeat = repeat + (state <> 'cancelled'), state = 'queued', reason = '',"
                    f" turns = 0, changed = ? WHERE id IN ({marks})",
                    (now, *some),
                )
        return changed

    def remove(self, ids: Sequence[int]) -> int:
        """Take tasks out of the queue with all that was said of them; their pairs stay."""
        with self._db.write() as connection:
            return sum(
                connection.execute(f"DELETE FROM tasks WHERE id IN ({_marks(some)})", (*some,)).rowcount
                for some in _portions(ids)
            )

    def move(self, ids: Sequence[int], before: int | None) -> None:
        """Put tasks, in the order given, before another one; None: at the end."""
        moved = list(dict.fromkeys(each for each in ids if each != before))
        with self._db.write() as connection:
            low, high = self._gap(connection, moved, before)
            if (high - low) / (len(moved) + 1) < _SMALLEST_GAP:
                connection.execute(
                    "UPDATE tasks SET position = numbered.place FROM"
                    " (SELECT id, row_number() OVER (ORDER BY position, id) AS place FROM tasks) AS numbered"
                    " WHERE numbered.id = tasks.id"
                )
                low, high = self._gap(connection, moved, before)
            step = (high - low) / (len(moved) + 1)
            connection.executemany(
                "UPDATE tasks SET position = ? WHERE id = ?",
                [(low + step * (n + 1), each) for n, each in enumerate(moved)],
            )

    def _gap(self, connection: sqlite3.Connection, moved: Sequence[int], before: int | None) -> tuple[float, float]:
        """The positions between which tasks go that are moved before another one."""
        others = "id NOT IN (SELECT value FROM json_each(?))"
        names = json.dumps(list(moved))
        last = connection.execute(f"SELECT coalesce(max(position), 0) FROM tasks WHERE {others}", (names,)).fetchone()[
            0
        ]
        if before is None:
            return last, last + len(moved) + 1
        row = connection.execute("SELECT position FROM tasks WHERE id = ?", (before,)).fetchone()
        if row is None:
            raise ForgeError("The task to put them before is no longer there.", hint="Look at the list again.")
        lower = connection.execute(
            f"SELECT max(position) FROM tasks WHERE position < ? AND {others}", (row[0], names)
        ).fetchone()[0]
        return (row[0] - len(moved) - 1 if lower is None else lower), row[0]


def task_of(row: sqlite3.Row) -> Task:
    """A row of tasks, joined with the uid of its pair, as a plain value."""
    values: dict[str, Any] = {field.name: row[_COLUMNS.get(field.name, field.name)] for field in _FIELDS}
    values["collections"] = tuple(json.loads(row["collections"]))
    values["pair"] = row["pair"] or ""
    return Task(**values)


_FIELDS = dataclasses.fields(Task)
_COLUMNS = {"draft": "given_draft"}


def _where(text: str, states: Sequence[TaskState]) -> tuple[str, list[object]]:
    """The condition for tasks that have every word of a text, and are in one of the states."""
    parts, values = [], list[object]()
    for word in text.split():
        parts.append("tasks.question LIKE ? ESCAPE '\\'")
        values.append("%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%")
    if states:
        parts.append(f"tasks.state IN ({_marks(states)})")
        values += states
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
