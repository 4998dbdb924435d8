"""Opening the ledger beside its mirror: what only the mirror knows is charged too, and said."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from forge_desktop.providers.folding import Folded, Told, fold, told_fields
from forge_desktop.providers.mirror import Line, Mirror
from forge_desktop.providers.money import shown
from forge_desktop.providers.periods import start_of
from forge_desktop.providers.records import Usage
from forge_desktop.providers.records_ledger import CHARGED, Unadopted
from forge_desktop.providers.store_ledger import (
    add_attempt,
    append_event,
    append_line,
    budget,
    event_at,
    fact,
    find_attempt,
    last_event,
    link,
    move,
    rebook_one,
    set_fact,
    set_run_cap,
)


@dataclass(frozen=True)
class Found:
    """What the mirror has beyond the table. `kin`: it goes on where the table ends, so its lines are taken over as
    they are; else the two went different ways, and it must be written anew.
    """

    lines: tuple[Line, ...]
    kin: bool


def beyond(connection: sqlite3.Connection, mirror: Mirror, *, looks: bool = False) -> Found | None:
    """What the mirror tells that the table does not; None where the table holds all of it. Who only `looks` changes
    nothing, and may do so while another process writes: what is in the mirror was in the table before.
    """
    try:
        last = mirror.peek() if looks else mirror.last()
        if last is None or event_at(connection, last.n) == last.chain:
            return None
        lines = tuple(mirror.lines())
    except ValueError:
        return Found(tuple(mirror.lines(damaged=True)), kin=False)
    n, chain = last_event(connection)
    goes_on = n < len(lines) and (n == 0 or lines[n - 1].chain == chain)
    if goes_on and _linked(chain, lines[n:]):
        return Found(lines[n:], kin=True)
    return Found(lines, kin=False)


def unadopted(connection: sqlite3.Connection, data_dir: Path) -> Unadopted | None:
    """What `adopt` would charge more, told by who may not do it; None where the table holds all of it."""
    mirror = Mirror(data_dir)
    try:
        found = beyond(connection, mirror, looks=True)
        if found is None:
            return None
        folded = fold(line.line for line in found.lines)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Unadopted(0, 0, f"The ledger's mirror {mirror.path} cannot be read: {error}.")
    told = {uid: each.charged for uid, each in folded.attempts.items()}
    for event in folded.moved if found.kin else ():
        told[event["attempt"]] = event["cost"] if event["what"] in CHARGED else 0
    known = {uid: find_attempt(connection, uid) for uid in told}
    grown = [told[uid] - (0 if row is None else row["cost"]) for uid, row in known.items()]
    calls, amount = sum(each > 0 for each in grown), sum(each for each in grown if found.kin or each > 0)
    lacking = f"{calls:,} {'call' if calls == 1 else 'calls'}, {shown(amount)}"
    words = (
        f"The database is older than the ledger's mirror, as after a backup was put back: these sums lack {lacking}. It"
        " is charged as soon as a command writes, or the window opens."
    )
    return Unadopted(calls, amount, words)


def adopt(connection: sqlite3.Connection, found: Found, now: float) -> str:
    """Charge what the table did not know of; what is to be said of it."""
    folded = fold(line.line for line in found.lines)
    if found.kin:
        for line in found.lines:
            append_line(connection, line.n, line.line, line.chain)
    before = _charged(connection)
    count = sum(_adopt_one(connection, told, now, tell=not found.kin) for told in folded.attempts.values())
    if found.kin:
        _go_on_with(connection, folded)
    _keep_settings(connection, folded, kin=found.kin)
    amount = _charged(connection) - before
    words = (
        f"The database was older than the ledger's mirror, as after a backup was put back: {count:,} calls that it did"
        f" not know, {shown(amount)}, count all the same. Their answers are not here."
    )
    if not found.kin:
        words += " The old mirror was kept beside the new one."
    append_event(connection, "adopted", now, calls=count, amount=amount, kin=found.kin)
    set_fact(connection, "notice", words)
    return words


def _adopt_one(connection: sqlite3.Connection, told: Told, now: float, *, tell: bool) -> int:
    """Make one attempt what the mirror tells, where that is more; whether there was anything to do."""
    row = find_attempt(connection, told.uid)
    if row is None:
        if tell and not told.charged:
            return 0
        add_attempt(connection, told.uid, told.call, now=told.created, day=told.day, owner="")
        row = find_attempt(connection, told.uid)
        assert row is not None
        if tell:  # the table's own chain has to tell it
            fields = told_fields(told.uid, told.call, told.day)
            append_event(connection, "carried", now, state=told.state, cost=told.cost, **fields)
    elif tell:
        return 0 if told.charged <= row["cost"] else _raise_to(connection, row, told, now)
    if told.sent is not None:
        move(connection, row, "sent", row["cost"], now=told.sent)
        row = find_attempt(connection, told.uid)
        assert row is not None
    if told.state != row["state"]:
        move(connection, row, told.state, told.cost, now=told.changed, note=told.note, usage=told.usage)
    return 1 if told.charged else 0


def _raise_to(connection: sqlite3.Connection, row: sqlite3.Row, told: Told, now: float) -> int:
    state = "settled" if told.state == "settled" else "unknown"
    move(connection, row, state, told.cost, now=now, note="The mirror tells more.")
    append_event(connection, state, now, attempt=told.uid, cost=told.cost, note="The mirror tells more.")
    return 1


def _go_on_with(connection: sqlite3.Connection, folded: Folded) -> None:
    """Attempts that the table knows in an earlier state."""
    for event in folded.moved:
        row = find_attempt(connection, event["attempt"])
        if row is not None:
            used = Usage(**event["usage"]) if event.get("usage") else None
            at, note = float(event["at"]), event.get("note")
            move(connection, row, event["what"], event["cost"], now=at, note=note, usage=used)
    for uid, day in folded.rebooked.items():
        row = find_attempt(connection, uid)
        if row is not None:
            rebook_one(connection, row, day)


def _keep_settings(connection: sqlite3.Connection, folded: Folded, *, kin: bool) -> None:
    """Caps as they were last set; where the two went different ways, the lower one of both."""
    for (kind, run), cap in folded.caps.items():
        if kind == "run" and cap is not None:
            known = budget(connection, "run", run, None).cap
            set_run_cap(connection, run, cap if kin or known is None else min(cap, known))
        elif kind != "run":
            known = fact(connection, f"cap {kind}")
            set_fact(
                connection, f"cap {kind}", cap if kin else min((c for c in (cap, known) if c is not None), default=None)
            )
    if folded.stopped or (kin and folded.stopped is not None):
        set_fact(connection, "stopped", folded.stopped or None)
    latest = max((told.day for told in folded.attempts.values()), default="")
    if latest:
        set_fact(connection, "seen", max(start_of(latest), fact(connection, "seen") or 0.0))


def _charged(connection: sqlite3.Connection) -> int:
    return budget(connection, "total", "", None).charged


def _linked(chain: str, lines: tuple[Line, ...]) -> bool:
    for line in lines:
        chain = link(chain, line.line)
        if chain != line.chain:
            return False
    return True
