"""SQL of what the ledger is asked by the window and the command line; each stays fast with 100,000 attempts."""

from __future__ import annotations

import sqlite3

from forge_desktop.providers.records import Attempt
from forge_desktop.providers.records_ledger import EndpointCalls, RunTotals
from forge_desktop.providers.store_ledger import attempt, attempt_row, budget

_LEAST_TOKENS = 8  # of an answer whose speed counts: fewer come too fast to be timed


def listed(
    connection: sqlite3.Connection,
    *,
    uid: str,
    run: str,
    task: str,
    state: str,
    newest_first: bool,
    limit: int,
    before: str | None,
) -> list[Attempt]:
    """Attempts in the order they were reserved, from after the one that was shown last."""
    where, values = ["1"], list[object]()
    for column, value in (("run", run), ("task", task), ("state", state)):
        if value:
            where.append(f"{column} = ?")
            values.append(value)
    if uid:
        where.append("uid >= ? AND uid < ?")
        values += [uid, uid + "~"]
    if before:
        where.append(f"id {'<' if newest_first else '>'} ?")
        values.append(attempt_row(connection, before)["id"])
    rows = connection.execute(
        f"SELECT * FROM attempts WHERE {' AND '.join(where)} ORDER BY id {'DESC' if newest_first else ''} LIMIT ?",
        (*values, limit),
    )
    return [attempt(row) for row in rows]


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many attempts are in each state that any is in."""
    return dict(connection.execute("SELECT state, count(*) FROM attempts GROUP BY state").fetchall())


def page(connection: sqlite3.Connection, state: str, offset: int, limit: int) -> list[Attempt]:
    """Attempts from a place on, the newest first; only ids are walked over to get there."""
    where, values = ("WHERE state = ?", [state]) if state else ("", [])
    rows = connection.execute(
        f"SELECT * FROM attempts WHERE id IN (SELECT id FROM attempts {where} ORDER BY id DESC LIMIT ? OFFSET ?)"
        " ORDER BY id DESC",
        (*values, limit, offset),
    )
    return [attempt(row) for row in rows]


def tried(connection: sqlite3.Connection, task: str, step: str, repeat: int) -> int:
    """How many attempts for this piece of work have ever left; those that the endpoint did not accept do not count."""
    found = connection.execute(
        "SELECT count(*) FROM attempts WHERE task = ? AND step = ? AND repeat = ? AND sent IS NOT NULL"
        " AND state <> 'released'",
        (task, step, repeat),
    ).fetchone()
    return int(found[0])


def days(connection: sqlite3.Connection, since: str) -> dict[str, tuple[int, int, int]]:
    """Settled, reserved and unknown of each day from `since` on that has any."""
    rows = connection.execute(
        "SELECT key, settled, reserved, unknown FROM periods WHERE kind = 'day' AND key >= ?", (since,)
    )
    return {row["key"]: (row["settled"], row["reserved"], row["unknown"]) for row in rows}


def calls(connection: sqlite3.Connection, endpoint: str, model: str, price_sha256: str = "") -> EndpointCalls:
    """What came of the calls to a model of an endpoint. Reads each of them: for a thread that may wait."""
    paid = _paid(connection, endpoint, model, price_sha256)
    sums = connection.execute(
        "SELECT count(*) FILTER (WHERE state IN ('settled', 'unknown') OR (state = 'released' AND sent IS NOT NULL)),"
        " count(*) FILTER (WHERE state = 'unknown' OR (state = 'released' AND sent IS NOT NULL)),"
        " count(*) FILTER (WHERE state = 'settled' AND usage IS NOT NULL),"
        " min(created) FILTER (WHERE sent IS NOT NULL), max(created) FILTER (WHERE sent IS NOT NULL)"
        " FROM attempts WHERE endpoint = ? AND model = ? AND kind <> 'test'"
        " AND note NOT LIKE 'The call was stopped:%' AND note NOT LIKE 'Its process ended%'",
        (endpoint, model),
    ).fetchone()
    answers = connection.execute(
        "SELECT w.milliseconds, w.first_token_milliseconds, json_extract(t.usage, '$.output') FROM answers w"
        " JOIN attempts t ON t.uid = w.attempt WHERE w.endpoint = ? AND t.model = ? AND t.kind <> 'test'"
        " AND t.batch = '' AND w.stop <> 'cancelled' ORDER BY w.milliseconds",
        (endpoint, model),
    ).fetchall()
    rates = [
        1000 * (output - 1) / (whole - first)  # the first token was there before the time began
        for whole, first, output in answers
        if output and output >= _LEAST_TOKENS and first is not None and whole > first
    ]
    return EndpointCalls(
        over=sums[0],
        failed=sums[1],
        settled=sums[2],
        paid=paid["calls"],
        cost=paid["cost"],
        input_tokens=paid["input"],
        output_tokens=paid["output"],
        price_sha256=paid["price_sha256"] or "",
        priced=paid["priced"],
        milliseconds=tuple(row[0] for row in answers),
        first_token=tuple(sorted(row[1] for row in answers if row[1] is not None)),
        tokens_a_second=tuple(sorted(rates)),
        since=sums[3],
        until=sums[4],
    )


def _paid(connection: sqlite3.Connection, endpoint: str, model: str, price_sha256: str) -> sqlite3.Row:
    """What was paid at one price: at this one where anything was, else at the last one."""
    found: sqlite3.Row = connection.execute(
        """
        WITH paid AS (
            SELECT cost, created, usage, price_sha256 FROM attempts WHERE endpoint = ? AND model = ? AND kind <> 'test'
            AND state = 'settled' AND usage IS NOT NULL
            AND note NOT LIKE 'The call was stopped:%' AND note NOT LIKE 'Its process ended%'
        ), at AS (SELECT price_sha256 AS sha256 FROM paid ORDER BY price_sha256 = ? DESC, created DESC LIMIT 1)
        SELECT (SELECT sha256 FROM at) AS price_sha256,
            count(*) AS calls, coalesce(sum(cost), 0) AS cost,
            coalesce(sum(json_extract(usage, '$.input')), 0) AS input,
            coalesce(sum(json_extract(usage, '$.output')), 0) AS output,
            coalesce((SELECT max(created) FROM paid WHERE price_sha256 <> (SELECT sha256 FROM at)), 0) AS priced
        FROM paid WHERE price_sha256 = (SELECT sha256 FROM at)
        """,
        (endpoint, model, price_sha256),
    ).fetchone()
    return found


def totals(connection: sqlite3.Connection, run: str) -> RunTotals:
    """What a run cost, and its attempts by state."""
    counts = dict(
        connection.execute("SELECT state, count(*) FROM attempts WHERE run = ? GROUP BY state", (run,)).fetchall()
    )
    sums = budget(connection, "run", run, None)
    return RunTotals(
        run=run,
        cap=sums.cap,
        settled=sums.settled,
        reserved=sums.reserved,
        unknown=sums.unknown,
        attempts=sum(counts.values()),
        billed=counts.get("settled", 0) + counts.get("unknown", 0) + counts.get("sent", 0),
        released=counts.get("released", 0),
        unknown_attempts=counts.get("unknown", 0),
    )
