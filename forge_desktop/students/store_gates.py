"""The SQL of gates: what was wished, what each arm made of each item, and what follows."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from forge_desktop.storage import Database
from forge_desktop.students.gate_items import GateItem
from forge_desktop.students.records_gate import GateState, GateSuite, GateWish, ItemResult, Margins, Metric
from forge_desktop.students.records_versions import Verdict

BASELINE, CANDIDATE, JUDGE = "baseline", "candidate", "judge"
_JSON = ("suites", "metrics", "sweep", "reasons", "conditions")
_FORGOTTEN = "A document that this rested on was forgotten."


@dataclass(frozen=True)
class Measured:
    """What one arm made of one item."""

    n: int
    item: str
    answer: str
    scores: Mapping[str, float | None]
    problem: str = ""
    change: str = ""


@dataclass(frozen=True)
class GateRow:
    """A row of gates, with its JSON read."""

    uid: str
    number: int
    version: str
    baseline: str
    label: str
    baseline_label: str
    state: GateState
    verdict: Verdict
    scale: float
    wish: GateWish
    suites: tuple[GateSuite, ...]
    metrics: tuple[Metric, ...]
    sweep: tuple[Mapping[str, object], ...]
    reasons: tuple[str, ...]
    conditions: Mapping[str, Any]
    problem: str
    created: float
    ended: float | None


class GateStore:
    """Reads and writes gates; a method without a connection is one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # ---- gates ----

    def add(self, uid: str, version: str, baseline: str, scale: float, wish: GateWish) -> None:
        """A gate that begins now."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO gates (uid, number, version, baseline, label, baseline_label, state, scale, wish, created)"
                " SELECT ?, coalesce(max(number), 0) + 1, ?, ?,"
                " coalesce((SELECT 'v' || number FROM versions WHERE uid = ?), ''),"
                " coalesce((SELECT 'v' || number FROM versions WHERE uid = ?), ''), 'running', ?, ?, ? FROM gates",
                (uid, version, baseline, version, baseline, scale, json.dumps(asdict(wish)), time.time()),
            )

    def change(self, uid: str, *, connection: sqlite3.Connection | None = None, **values: object) -> None:
        """Set columns of a gate, alone or within the caller's transaction."""
        if connection is None:
            with self._db.write() as own:
                self.change(uid, connection=own, **values)
            return
        stored = {name: _stored(value) if name in _JSON else value for name, value in values.items()}
        columns = ", ".join(f"{name} = ?" for name in stored)
        connection.execute(f"UPDATE gates SET {columns} WHERE uid = ?", (*stored.values(), uid))

    def interrupt(self) -> int:
        """What was running when the program ended was interrupted; how many gates that is."""
        with self._db.write() as connection:
            return connection.execute("UPDATE gates SET state = 'interrupted' WHERE state = 'running'").rowcount

    def all(self, version: str = "") -> list[GateRow]:
        """Every gate, the newest first."""
        where = "WHERE version = ? OR ? = ''"
        rows = self._db.rows(f"SELECT * FROM gates {where} ORDER BY number DESC", version, version)
        return [_gate(row) for row in rows]

    def find(self, uid: str) -> list[GateRow]:
        """Gates with this number or uid, else those whose uid begins so."""
        number = int(uid) if uid.isascii() and uid.isdigit() and len(uid) < 10 else -1
        rows = self._db.rows("SELECT * FROM gates WHERE uid = ? OR number = ?", uid, number)
        if not rows and len(uid) >= 4:
            rows = self._db.rows("SELECT * FROM gates WHERE substr(uid, 1, ?) = ?", len(uid), uid)
        return [_gate(row) for row in rows]

    # ---- items ----

    def put_questions(
        self, connection: sqlite3.Connection, gate: str, suite: str, items: Iterable[tuple[GateItem, str]]
    ) -> None:
        """Keep what is asked, each item with its part; those that are there stay."""
        connection.executemany(
            "INSERT OR IGNORE INTO gate_questions (gate, suite, n, item, question, expected, evidence, documents,"
            " category, part) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    gate,
                    suite,
                    item.n,
                    item.uid,
                    item.question,
                    item.answer,
                    _stored(item.evidence),
                    _stored(item.documents),
                    item.category,
                    part,
                )
                for item, part in items
            ],
        )

    def put_items(self, gate: str, suite: str, arm: str, measured: Iterable[Measured]) -> None:
        """Keep what an arm made of items."""
        with self._db.write() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO gate_items (gate, suite, n, arm, item, answer, scores, problem, change)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (gate, suite, one.n, arm, one.item, one.answer, _stored(one.scores), one.problem, one.change)
                    for one in measured
                ],
            )

    def measured(self, gate: str, suite: str, arm: str) -> dict[int, Measured]:
        """What an arm made of items so far, by their number."""
        rows = self._db.rows(
            "SELECT * FROM gate_items WHERE gate = ? AND suite = ? AND arm = ? ORDER BY n", gate, suite, arm
        )
        return {
            row["n"]: Measured(
                row["n"], row["item"], row["answer"], json.loads(row["scores"]), row["problem"], row["change"]
            )
            for row in rows
        }

    def items(self, gate: str, suite: str, change: str, offset: int, limit: int) -> list[ItemResult]:
        """A page of the items that both arms answered, in the order of the suites."""
        rows = self._db.rows(
            f"SELECT q.*, {_BOTH} ORDER BY q.suite, q.n LIMIT ? OFFSET ?", *_asked(gate, suite, change), limit, offset
        )
        return [_item(row) for row in rows]

    def count(self, gate: str, suite: str, change: str) -> int:
        """How many of them there are."""
        return int(self._db.value(f"SELECT count(*), {_BOTH}", *_asked(gate, suite, change)))

    # ---- forgetting ----

    def reached_by(self, document: str) -> list[str]:
        """The gates with an item that rests on a document."""
        return [
            row[0]
            for row in self._db.rows(
                "SELECT DISTINCT gate FROM gate_questions q"
                " WHERE EXISTS (SELECT 1 FROM json_each(q.documents) WHERE value = ?) ORDER BY gate",
                document,
            )
        ]

    def forget(self, connection: sqlite3.Connection, document: str) -> int:
        """Remove the words of items that rest on a document, and of the answers to them; figures stay."""
        found = connection.execute(
            "SELECT gate, suite, n FROM gate_questions q"
            " WHERE EXISTS (SELECT 1 FROM json_each(q.documents) WHERE value = ?)",
            (document,),
        ).fetchall()
        for gate, suite, n in found:
            connection.execute(
                "UPDATE gate_questions SET question = '', expected = '', evidence = '[]', documents = '[]'"
                " WHERE gate = ? AND suite = ? AND n = ?",
                (gate, suite, n),
            )
            connection.execute(
                "UPDATE gate_items SET answer = '', problem = ? WHERE gate = ? AND suite = ? AND n = ?",
                (_FORGOTTEN, gate, suite, n),
            )
        return len(found)


_BOTH = (
    "b.answer AS b_answer, b.scores AS b_scores, b.problem AS b_problem, c.answer AS c_answer, c.scores AS c_scores,"
    " c.problem AS c_problem, c.change AS c_change FROM gate_questions q"
    f" JOIN gate_items b ON b.gate = q.gate AND b.suite = q.suite AND b.n = q.n AND b.arm = '{BASELINE}'"
    f" JOIN gate_items c ON c.gate = q.gate AND c.suite = q.suite AND c.n = q.n AND c.arm = '{CANDIDATE}'"
    " WHERE q.gate = ? AND (? = '' OR q.suite = ?) AND (? = '' OR c.change = ?)"
)


def _asked(gate: str, suite: str, change: str) -> tuple[str, ...]:
    return (gate, suite, suite, change, change)


def _stored(value: object) -> str:
    def plain(each: object) -> object:
        return asdict(each) if hasattr(each, "__dataclass_fields__") else each  # type: ignore[call-overload]

    if isinstance(value, Sequence) and not isinstance(value, str):
        value = [plain(each) for each in value]
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def wish_of(stored: str) -> GateWish:
    """A wish again."""
    fields = json.loads(stored)
    return GateWish(
        **{
            **fields,
            "suites": tuple(fields["suites"]),
            "scales": tuple(fields["scales"]),
            "margins": Margins(**fields["margins"]),
        }
    )


def _gate(row: sqlite3.Row) -> GateRow:
    values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a Row iterates over values
    suites = json.loads(row["suites"])
    values |= {
        "wish": wish_of(row["wish"]),
        "suites": tuple(GateSuite(**{**one, "leaks": tuple(map(tuple, one["leaks"]))}) for one in suites),
        "metrics": tuple(Metric(**one) for one in json.loads(row["metrics"])),
        "sweep": tuple(json.loads(row["sweep"])),
        "reasons": tuple(json.loads(row["reasons"])),
        "conditions": json.loads(row["conditions"]),
    }
    return GateRow(**values)


def _item(row: sqlite3.Row) -> ItemResult:
    return ItemResult(
        suite=row["suite"],
        n=row["n"],
        item=row["item"],
        question=row["question"],
        expected=row["expected"],
        evidence=tuple((int(n), str(name), str(text)) for n, name, text in json.loads(row["evidence"])),
        category=row["category"],
        baseline_answer=row["b_answer"],
        candidate_answer=row["c_answer"],
        baseline=json.loads(row["b_scores"]),
        candidate=json.loads(row["c_scores"]),
        change=row["c_change"],
        problem=row["c_problem"] or row["b_problem"],
    )
