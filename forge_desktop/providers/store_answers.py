"""SQL of the paid answers: kept with the settlement that paid for them, found by the work or by the request."""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from collections.abc import Sequence

from forge_desktop.providers.records import PaidAnswer, Usage
from forge_desktop.providers.records_ledger import NewAnswer
from forge_desktop.providers.store_ledger import usage_of, usage_text


def keep_answer(
    connection: sqlite3.Connection, row: sqlite3.Row, answer: NewAnswer, usage: Usage | None, cost: int, now: float
) -> PaidAnswer:
    """Insert the answer to an attempt's request."""
    uid = uuid.uuid4().hex
    text, thinking = _storable(answer.text), _storable(answer.thinking)
    connection.execute(
        "INSERT INTO answers(uid, attempt, request_sha256, repeat, task, step, endpoint, model, text, thinking, stop,"
        " usage, cost, milliseconds, first_token_milliseconds, sha256, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            uid, row["uid"], row["request_sha256"], row["repeat"], row["task"], row["step"], row["endpoint"],
            row["model"], text, thinking, answer.stop, usage_text(usage), cost, answer.milliseconds,
            answer.first_token_milliseconds, hashlib.sha256(text.encode()).hexdigest(), now,
        ),
    )  # fmt: skip
    return PaidAnswer(
        uid=uid,
        text=text,
        stop=answer.stop,
        usage=usage,
        cost=cost,
        request_sha256=row["request_sha256"],
        endpoint=row["endpoint"],
        model=row["model"],
        attempt=row["uid"],
        milliseconds=answer.milliseconds,
        first_token_milliseconds=answer.first_token_milliseconds,
        thinking=thinking,
    )


def correct_answer(connection: sqlite3.Connection, attempt: str, cost: int) -> None:
    """What the answer of an attempt cost after all."""
    connection.execute("UPDATE answers SET cost = ? WHERE attempt = ?", (cost, attempt))


def answer_for(connection: sqlite3.Connection, task: str, step: str, repeat: int) -> PaidAnswer | None:
    """The last answer paid for this piece of work."""
    return _reused(
        connection.execute(
            "SELECT * FROM answers WHERE task = ? AND step = ? AND repeat = ? ORDER BY id DESC LIMIT 1",
            (task, step, repeat),
        ).fetchone()
    )


def answer_to(connection: sqlite3.Connection, request_sha256: str, repeat: int) -> PaidAnswer | None:
    """The last answer paid for this very request."""
    return _reused(
        connection.execute(
            "SELECT * FROM answers WHERE request_sha256 = ? AND repeat = ? ORDER BY id DESC LIMIT 1",
            (request_sha256, repeat),
        ).fetchone()
    )


def count_answers(connection: sqlite3.Connection, tasks: Sequence[str]) -> int:
    """How many answers were paid for these pieces of work."""
    return sum(
        connection.execute("SELECT count(*) FROM answers WHERE task = ?", (task,)).fetchone()[0]
        for task in tasks
        if task
    )


def forget_answers(connection: sqlite3.Connection, tasks: Sequence[str]) -> int:
    """Remove the answers that were paid for these pieces of work; their attempts stay. Returns how many."""
    return sum(connection.execute("DELETE FROM answers WHERE task = ?", (task,)).rowcount for task in tasks if task)


def _storable(text: str) -> str:
    """Without halves of surrogate pairs, which no file and no database takes: a paid answer must not fail for one."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _reused(row: sqlite3.Row | None) -> PaidAnswer | None:
    if row is None:
        return None
    return PaidAnswer(
        uid=row["uid"],
        text=row["text"],
        stop=row["stop"],
        usage=usage_of(row["usage"]),
        cost=row["cost"],
        request_sha256=row["request_sha256"],
        endpoint=row["endpoint"],
        model=row["model"],
        attempt=row["attempt"],
        milliseconds=row["milliseconds"],
        first_token_milliseconds=row["first_token_milliseconds"],
        reused=True,
        thinking=row["thinking"],
    )
