"""The caps: whether a call may be reserved under all of them, and what a person must type to change one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.errors import CapReached
from forge_desktop.providers.money import exact, parse_usd, shown
from forge_desktop.providers.records import Budget, BudgetKind
from forge_desktop.providers.records_ledger import PERIODS
from forge_desktop.providers.store_ledger import append_event, budget, fact, periods_of, set_fact

_NAMES: dict[BudgetKind, str] = {
    "run": "the cap of this run",
    "day": "the cap of the day",
    "month": "the cap of the month",
    "total": "the cap on everything",
}


def caps_of(connection: sqlite3.Connection) -> dict[BudgetKind, int]:
    """The caps of day, month and total that are set."""
    return {kind: cap for kind in PERIODS if (cap := fact(connection, f"cap {kind}")) is not None}


def budgets_of(connection: sqlite3.Connection, run: str, day: str) -> list[Budget]:
    """What counts for a call of this run on this day."""
    caps = caps_of(connection)
    return [budget(connection, kind, key, caps.get(kind)) for kind, key in periods_of(run, day)]


def require_room(budgets: Sequence[Budget], worst: int, count: int = 1, doubt: str = "") -> None:
    """Raise CapReached under the tightest cap that has no room for `worst`; `doubt` is what is wrong with the clock."""
    tight = [found for found in budgets if found.headroom is not None and worst > found.headroom]
    if not tight:
        return
    least = min(tight, key=lambda found: found.headroom or 0)
    calls = "the next call" if count == 1 else f"the next {count:,} calls"
    of_clock = doubt and least.kind in ("day", "month")
    raise CapReached(
        f"Headroom {shown(least.headroom or 0)} under {_NAMES[least.kind]} ({shown(least.cap or 0)}),"
        f" {calls} may cost up to {shown(worst)}." + (f" {doubt}" if of_clock else ""),
        least,
        worst,
        hint=_hint(least),
    )


def _hint(least: Budget) -> str:
    if least.reserved:
        return f"Calls under way hold {shown(least.reserved)} of it: there may be room once they are settled."
    if least.unknown:
        return f"{shown(least.unknown)} of it is of calls with unknown cost: correct them, or raise the cap."
    return "Raise the cap, or choose a cheaper model or shorter answers."


def require_run(budgets: Sequence[Budget], run: str) -> None:
    """Raise ForgeError for a run that was never given a cap."""
    if run and next(found for found in budgets if found.kind == "run").cap is None:
        raise ForgeError(
            "This run has no spending cap, so nothing is sent.",
            hint="Say what it may cost at most, as in 5.00 (--cap).",
        )


def require_typed(old: int | None, new: int | None, typed: str) -> None:
    """Raise ForgeError where a cap would be raised or removed and the amount was not typed."""
    if old is None or (new is not None and new <= old):
        return
    wanted, what = (old, "remove a cap, type its amount") if new is None else (new, "raise a cap, type its new amount")
    with contextlib.suppress(ForgeError):  # whatever was typed is not the amount
        if parse_usd(typed) == wanted:
            return
    raise ForgeError(
        f"To {what}: {exact(wanted)}.",
        hint=f"On the command line: --type {exact(wanted)}.",
    )


def store_cap(connection: sqlite3.Connection, kind: BudgetKind, cap: int | None) -> None:
    """Keep or forget the cap of day, month or total."""
    set_fact(connection, f"cap {kind}", cap)


def stop(connection: sqlite3.Connection, row: sqlite3.Row, cost: int, now: float) -> None:
    """Allow no call any more: this attempt cost more than was proven."""
    reason = (
        f"A call to {row['endpoint_name']} cost {shown(cost)}, more than the {shown(row['worst'])} it could cost at"
        " most: its price or its limits are wrong."
    )
    set_fact(connection, "stopped", reason)
    append_event(connection, "stopped", now, attempt=row["uid"], reason=reason)
