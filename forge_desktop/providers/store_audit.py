"""SQL of looking the ledger over: every attempt in order, sums counted anew, what an endpoint cost in a period."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from forge_desktop.providers.records import Attempt
from forge_desktop.providers.store_ledger import attempt

_SUMS = (
    "sum(CASE WHEN state = 'settled' THEN cost ELSE 0 END),"
    " sum(CASE WHEN state IN ('reserved', 'sent') THEN cost ELSE 0 END),"
    " sum(CASE WHEN state = 'unknown' THEN cost ELSE 0 END)"
)
_KEYS = {"run": "run", "day": "day", "month": "month", "total": "''"}

Sums = dict[tuple[str, str], tuple[int, int, int]]


def every_attempt(connection: sqlite3.Connection) -> Iterator[Attempt]:
    """All of them, in the order they were reserved."""
    for row in connection.execute("SELECT * FROM attempts ORDER BY id"):
        yield attempt(row)


def kept_sums(connection: sqlite3.Connection) -> Sums:
    """Settled, reserved and unknown of every period, as they are kept."""
    rows = connection.execute("SELECT kind, key, settled, reserved, unknown FROM periods")
    return {(row["kind"], row["key"]): (row["settled"], row["reserved"], row["unknown"]) for row in rows}


def counted_sums(connection: sqlite3.Connection) -> Sums:
    """The same, counted from the attempts."""
    found: Sums = {}
    for kind, column in _KEYS.items():
        rows = connection.execute(f"SELECT {column}, {_SUMS} FROM attempts GROUP BY {column}")
        found.update({(kind, row[0]): (row[1], row[2], row[3]) for row in rows if row[0] or kind == "total"})
    return found


def changed_answers(connection: sqlite3.Connection) -> list[str]:
    """Attempts whose answer is not the text that was paid for."""
    rows = connection.execute("SELECT attempt, text, sha256 FROM answers")
    return [row["attempt"] for row in rows if hashlib.sha256(row["text"].encode()).hexdigest() != row["sha256"]]


def of_endpoint(connection: sqlite3.Connection, endpoint: str, period: str) -> tuple[int, int, list[str]]:
    """Settled, unknown, and the unknown attempts of an endpoint (its uid or name) in a month, a day, or for ever."""
    rows = connection.execute(
        "SELECT uid, state, cost FROM attempts WHERE (endpoint = ? OR endpoint_name = ?) AND day >= ? AND day < ?"
        " AND state <> 'released' ORDER BY id",
        (endpoint, endpoint, period, period + "~"),
    ).fetchall()
    settled = sum(row["cost"] for row in rows if row["state"] == "settled")
    unknown = [row for row in rows if row["state"] != "settled"]
    return settled, sum(row["cost"] for row in unknown), [row["uid"] for row in unknown]
