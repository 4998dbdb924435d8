"""SQL of the ledger: attempts, the sums by period kept beside them, facts, and the chained events."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.records import Attempt, Budget, BudgetKind, Purpose, Usage
from forge_desktop.providers.records_ledger import NewAttempt

_SUM = {"reserved": "reserved", "sent": "reserved", "settled": "settled", "unknown": "unknown"}


@contextlib.contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """Where the block raises, what it did is undone, and nothing else of the transaction."""
    connection.execute("SAVEPOINT wish")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # a full disk has undone the whole transaction by itself
            connection.execute("ROLLBACK TO wish")
            connection.execute("RELEASE wish")
        raise
    connection.execute("RELEASE wish")


# ---- attempts ----


def add_attempt(
    connection: sqlite3.Connection, uid: str, call: NewAttempt, *, now: float, day: str, owner: str
) -> None:
    """Insert one as reserved and charge its worst case to every period."""
    purpose = call.purpose
    connection.execute(
        "INSERT INTO attempts(uid, state, endpoint, endpoint_name, model, kind, run, task, step, repeat,"
        " request_sha256, price_sha256, worst, cost, created, changed, day, month, batch, owner)"
        " VALUES (?, 'reserved', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            uid, call.endpoint, call.endpoint_name, call.model, purpose.kind, purpose.run, purpose.task, purpose.step,
            purpose.repeat, call.request_sha256, call.price_sha256, call.worst, call.worst, now, now, day, day[:7],
            call.batch, owner,
        ),
    )  # fmt: skip
    charge(connection, periods_of(purpose.run, day), {"reserved": call.worst})


def move(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    state: str,
    cost: int,
    *,
    now: float,
    note: str | None = None,
    usage: Usage | None = None,
) -> None:
    """Give an attempt its next state and what it counts for now, and every period's sums with it."""
    connection.execute(
        "UPDATE attempts SET state = ?, cost = ?, changed = ?, note = coalesce(?, note), usage = coalesce(?, usage),"
        " sent = CASE WHEN ? = 'sent' THEN ? ELSE sent END WHERE id = ?",
        (state, cost, now, note, usage_text(usage), state, now, row["id"]),
    )
    change: dict[str, int] = {}
    if row["state"] in _SUM:
        change[_SUM[row["state"]]] = -row["cost"]
    if state in _SUM:
        change[_SUM[state]] = change.get(_SUM[state], 0) + cost
    if any(change.values()):
        charge(connection, periods_of(row["run"], row["day"], row["month"]), change)


def attempt_row(connection: sqlite3.Connection, uid: str) -> sqlite3.Row:
    """One row, or ForgeError."""
    row = find_attempt(connection, uid)
    if row is None:
        raise ForgeError(f"The ledger has no attempt {uid!r}.", hint="`forge-desktop spend attempts` lists them.")
    return row


def find_attempt(connection: sqlite3.Connection, uid: str) -> sqlite3.Row | None:
    """One row, or None."""
    row: sqlite3.Row | None = connection.execute("SELECT * FROM attempts WHERE uid = ?", (uid,)).fetchone()
    return row


def attempt(row: sqlite3.Row) -> Attempt:
    """A row as it leaves the room."""
    return Attempt(
        uid=row["uid"],
        state=row["state"],
        endpoint=row["endpoint"],
        endpoint_name=row["endpoint_name"],
        model=row["model"],
        purpose=Purpose(row["kind"], row["run"], row["task"], row["step"], row["repeat"]),
        request_sha256=row["request_sha256"],
        price_sha256=row["price_sha256"],
        worst=row["worst"],
        cost=row["cost"],
        usage=usage_of(row["usage"]),
        created=row["created"],
        changed=row["changed"],
        day=row["day"],
        month=row["month"],
        note=row["note"],
        batch=row["batch"],
    )


def usage_text(usage: Usage | None) -> str | None:
    """Usage as it is stored."""
    return None if usage is None else json.dumps(vars(usage), separators=(",", ":"))


def usage_of(text: str | None) -> Usage | None:
    """Usage as it was stored."""
    return None if text is None else Usage(**json.loads(text))


# ---- sums by period ----


def periods_of(run: str, day: str, month: str = "") -> list[tuple[BudgetKind, str]]:
    """What an attempt counts against."""
    found: list[tuple[BudgetKind, str]] = [("day", day), ("month", month or day[:7]), ("total", "")]
    return [("run", run), *found] if run else found


def charge(
    connection: sqlite3.Connection, periods: Iterable[tuple[BudgetKind, str]], change: Mapping[str, int]
) -> None:
    """Add to the sums of these periods."""
    sums = tuple(change.get(name, 0) for name in ("settled", "reserved", "unknown"))
    connection.executemany(
        "INSERT INTO periods(kind, key, settled, reserved, unknown) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, key)"
        " DO UPDATE SET settled = settled + excluded.settled, reserved = reserved + excluded.reserved,"
        " unknown = unknown + excluded.unknown",
        [(kind, key, *sums) for kind, key in periods],
    )


def budget(connection: sqlite3.Connection, kind: BudgetKind, key: str, cap: int | None) -> Budget:
    """The sums of one period beside a cap; of a run the cap is its own."""
    row = connection.execute("SELECT * FROM periods WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    if row is None:
        return Budget(kind, key, cap, 0, 0, 0)
    return Budget(kind, key, row["cap"] if kind == "run" else cap, row["settled"], row["reserved"], row["unknown"])


def set_run_cap(connection: sqlite3.Connection, run: str, cap: int) -> None:
    """The cap of a run, new or changed."""
    connection.execute(
        "INSERT INTO periods(kind, key, cap) VALUES ('run', ?, ?) ON CONFLICT (kind, key) DO UPDATE SET cap = ?",
        (run, cap, cap),
    )


# ---- facts ----


def fact(connection: sqlite3.Connection, name: str) -> Any:
    """A fact by its name, None where there is none."""
    row = connection.execute("SELECT value FROM ledger_facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.loads(row[0])


def set_fact(connection: sqlite3.Connection, name: str, value: Any) -> None:
    """Keep a fact; None forgets it."""
    if value is None:
        connection.execute("DELETE FROM ledger_facts WHERE name = ?", (name,))
    else:
        connection.execute("INSERT OR REPLACE INTO ledger_facts(name, value) VALUES (?, ?)", (name, json.dumps(value)))


# ---- events ----


def append_event(connection: sqlite3.Connection, what: str, at: float, **fields: Any) -> None:
    """Write down what happened, chained to the line before."""
    n, before = last_event(connection)
    line = json.dumps({"n": n + 1, "at": round(at, 3), "what": what, **fields}, separators=(",", ":"))
    append_line(connection, n + 1, line, link(before, line))


def append_line(connection: sqlite3.Connection, n: int, line: str, chain: str) -> None:
    """One event as it is."""
    connection.execute("INSERT INTO ledger_events(n, line, chain) VALUES (?, ?, ?)", (n, line, chain))


def last_event(connection: sqlite3.Connection) -> tuple[int, str]:
    """Number and chain of the last event; 0 and "" before the first."""
    last = connection.execute("SELECT n, chain FROM ledger_events ORDER BY n DESC LIMIT 1").fetchone()
    return (0, "") if last is None else (last["n"], last["chain"])


def event_at(connection: sqlite3.Connection, n: int) -> str:
    """The chain of an event, "" where there is none."""
    found = connection.execute("SELECT chain FROM ledger_events WHERE n = ?", (n,)).fetchone()
    return "" if found is None else str(found[0])


def events_after(connection: sqlite3.Connection, n: int) -> Iterator[sqlite3.Row]:
    """Number, line and chain of the events from after `n` on."""
    return connection.execute("SELECT n, line, chain FROM ledger_events WHERE n > ? ORDER BY n", (n,))


def link(before: str, line: str) -> str:
    """The hash of a line and of all lines before it."""
    return hashlib.sha256(f"{before}\n{line}".encode()).hexdigest()


def open_rows(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Attempts that are reserved or sent."""
    return connection.execute("SELECT * FROM attempts WHERE state IN ('reserved', 'sent') ORDER BY id").fetchall()


def last_attempt(connection: sqlite3.Connection) -> int:
    """The number of the attempt that was reserved last."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM attempts").fetchone()[0])


def rebook(connection: sqlite3.Connection, after: int, day: str) -> list[str]:
    """Count the attempts that were reserved after this one for another day; their uids."""
    rows = connection.execute("SELECT * FROM attempts WHERE id > ? AND day <> ?", (after, day)).fetchall()
    for row in rows:
        rebook_one(connection, row, day)
    return [row["uid"] for row in rows]


def rebook_one(connection: sqlite3.Connection, row: sqlite3.Row, day: str) -> None:
    """Count one attempt for another day."""
    if row["state"] in _SUM:
        column, old, new = _SUM[row["state"]], periods_of("", row["day"], row["month"]), periods_of("", day)
        charge(connection, old, {column: -row["cost"]})
        charge(connection, new, {column: row["cost"]})
    connection.execute("UPDATE attempts SET day = ?, month = ? WHERE id = ?", (day, day[:7], row["id"]))


def batch_is_known(connection: sqlite3.Connection, batch: str) -> bool:
    """Whether the endpoint's own id of this batch is stored, so that what became of it can still be asked."""
    found = connection.execute("SELECT 1 FROM batches WHERE uid = ? AND remote_id <> ''", (batch,)).fetchone()
    return bool(batch) and found is not None
