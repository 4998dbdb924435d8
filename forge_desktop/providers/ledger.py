"""The spending ledger: nothing leaves before its worst case is reserved under every cap, and nothing is forgotten."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.providers import store_answers, store_ledger
from forge_desktop.providers.booking import Booking
from forge_desktop.providers.caps import budgets_of, caps_of, require_room, require_run, require_typed, stop, store_cap
from forge_desktop.providers.clock import Clock
from forge_desktop.providers.committing import NotStored
from forge_desktop.providers.errors import LedgerStopped
from forge_desktop.providers.folding import told_fields
from forge_desktop.providers.ledger_auditing import LedgerAuditing
from forge_desktop.providers.mirroring import Mirroring
from forge_desktop.providers.money import exact, shown
from forge_desktop.providers.owners import Owner
from forge_desktop.providers.periods import day_of
from forge_desktop.providers.records import BudgetKind, PaidAnswer, Usage
from forge_desktop.providers.records_ledger import OPEN, NewAnswer, NewAttempt
from forge_desktop.providers.store_ledger import append_event, attempt_row, budget, fact, move, set_fact
from forge_desktop.storage import Database

_MOST = 10**15  # a thousand million dollars

__all__ = ["Ledger", "NewAnswer", "NewAttempt"]


class Ledger(LedgerAuditing):
    """Every call is one attempt: reserved -> sent -> settled, released or unknown. All writes are durable on return.

    Safe from any thread; threads that write at the same moment share one commit. Several ledgers, also of several
    processes, may be open on one database. With `read_only` it only tells.
    """

    def __init__(
        self, db: Database, data_dir: Path, clock: Clock, events: Events | None = None, *, read_only: bool = False
    ) -> None:
        read_only = read_only or db.read_only
        super().__init__(db, data_dir, clock)
        self._data_dir = data_dir
        self._owner = None if read_only else Owner(data_dir)
        self._booking = Booking(db, Mirroring(db, data_dir, writes=self._owner is not None), events, self._write_off)
        with contextlib.suppress(ForgeError):  # a full disk, an unreadable mirror: said when a call is to be paid
            self._prepare()

    @property
    def mirror_problem(self) -> str:
        """Why the mirror cannot be written, "" when it can."""
        return self._booking.problem

    def open_run(self, run: str, cap: int) -> None:
        """Give a run its cap, before its first call. Again with the same cap is fine; another one is refused."""

        def work(connection: sqlite3.Connection) -> None:
            known = budget(connection, "run", run, None).cap
            if known is None:
                store_ledger.set_run_cap(connection, run, cap)
                append_event(connection, "cap", self._clock.now(), kind="run", run=run, cap=cap, before=None)
            elif known != cap:
                raise ForgeError(
                    f"This run was started with a cap of {shown(known)}, not {shown(cap)}.",
                    hint=f"Go on with {exact(known)}, or change its cap in Distill, or with forge-desktop spend cap.",
                )

        if not run or cap < 0:
            raise ForgeError("A run needs a spending cap.", hint="Say what it may cost at most, as in 5.00 (--cap).")
        self._booking.write(work)

    def reserve(self, call: NewAttempt) -> str:
        """Charge the worst case of a call that is about to be made; the attempt's uid. CapReached, LedgerStopped."""
        return self.reserve_all([call])[0]

    def reserve_all(self, calls: Sequence[NewAttempt]) -> list[str]:
        """Charge all of a batch's calls, or none of them. All belong to one run."""

        def work(connection: sqlite3.Connection) -> list[str]:
            if self._owner is None:
                raise ForgeError("The ledger is closed, so nothing is sent.")
            if reason := fact(connection, "stopped"):
                raise LedgerStopped(
                    reason, hint="See what happened, then go on in Distill, or with forge-desktop spend go-on."
                )
            day, doubt = self._enter_day(connection)
            budgets, worst = budgets_of(connection, run, day), sum(call.worst for call in calls)
            require_run(budgets, run)
            require_room(budgets, worst, len(calls), doubt)
            return [self._reserve(connection, call, day, self._owner.name) for call in calls]

        run = calls[0].purpose.run if calls else ""
        if any(call.worst < 0 or call.purpose.run != run for call in calls):
            raise ValueError("a worst case is never negative, and a batch belongs to one run")
        if sum(call.worst for call in calls) > _MOST:
            raise ForgeError("This could cost more than any cap allows.", hint="See its price and its longest answer.")
        self._prepare()
        return self._booking.write(work) if calls else []

    def sent(self, attempt: str) -> None:
        """Say that the request leaves now: before its first byte does."""
        self.sent_all([attempt])

    def sent_all(self, attempts: Sequence[str]) -> None:
        """Say that a batch leaves now."""

        def work(connection: sqlite3.Connection) -> None:
            for attempt in attempts:
                row = attempt_row(connection, attempt)
                if row["state"] != "reserved":
                    raise ForgeError(f"This call cannot be sent: it is {row['state']} already.")
                self._move(connection, row, "sent", row["cost"])

        self._booking.write(work)

    def settle(self, attempt: str, usage: Usage, cost: int, answer: NewAnswer) -> PaidAnswer:
        """Book what the call cost and keep its answer, both or neither. More than was reserved stops the ledger."""

        def work(connection: sqlite3.Connection) -> PaidAnswer:
            row = attempt_row(connection, attempt)
            if row["state"] == "settled":
                raise ForgeError("This call is settled already.")
            self._move(connection, row, "settled", cost, usage=usage)
            if cost > row["worst"]:
                stop(connection, row, cost, self._clock.now())
            return store_answers.keep_answer(connection, row, answer, usage, cost, self._clock.now())

        return self._booking.end(attempt, work)

    def release(self, attempt: str, note: str) -> None:
        """Give the reservation back: only where the endpoint provably did not accept the call."""

        def work(connection: sqlite3.Connection) -> None:
            row = attempt_row(connection, attempt)
            if row["state"] in OPEN:
                self._move(connection, row, "released", 0, note=note)

        self._booking.end(attempt, work)

    def lose(self, attempt: str, note: str, answer: NewAnswer | None = None) -> PaidAnswer | None:
        """Nobody knows what it cost: its worst case stays charged. A whole answer is kept all the same."""

        def work(connection: sqlite3.Connection) -> PaidAnswer | None:
            row = attempt_row(connection, attempt)
            if row["state"] in OPEN:
                self._move(connection, row, "unknown", row["worst"], note=note)
            if answer is None:
                return None
            return store_answers.keep_answer(connection, row, answer, None, row["worst"], self._clock.now())

        return self._booking.end(attempt, work)

    def correct(self, attempt: str, cost: int, note: str) -> None:
        """A person says what an unknown call cost, from the endpoint's own figures; may be corrected again."""

        def work(connection: sqlite3.Connection) -> None:
            row = attempt_row(connection, attempt)
            if row["state"] != "unknown" and not (row["state"] == "settled" and row["usage"] is None):
                raise ForgeError(
                    f"This call is {row['state']}, so there is nothing to correct.",
                    hint="Only calls with unknown cost can be: forge-desktop spend attempts --state unknown.",
                )
            self._move(connection, row, "settled", cost, note=f"By hand: {note.strip()}")
            store_answers.correct_answer(connection, attempt, cost)

        if cost < 0 or not note.strip():
            raise ForgeError("A correction needs what it cost and a note.", hint="Say where the figure is from.")
        self._booking.write(work)

    def set_cap(self, kind: BudgetKind, cap: int | None, typed: str = "", *, run: str = "") -> None:
        """Set, lower, raise or remove a cap. To raise or remove one its amount is `typed`, as by money.exact."""

        def work(connection: sqlite3.Connection) -> None:
            old = budget(connection, "run", run, None).cap if kind == "run" else caps_of(connection).get(kind)
            if kind == "run" and (old is None or cap is None):
                raise ForgeError("A run keeps a cap." if old else f"There is no run {run!r}.")
            require_typed(old, cap, typed)
            if kind == "run" and cap is not None:
                store_ledger.set_run_cap(connection, run, cap)
            else:
                store_cap(connection, kind, cap)
            append_event(connection, "cap", self._clock.now(), kind=kind, run=run, cap=cap, before=old)

        if cap is not None and cap < 0:
            raise ForgeError("A cap is never below zero.")
        self._booking.write(work)

    def go_on(self, note: str) -> None:
        """A person has looked: allow calls again where one had cost too much, and believe a clock that was doubted."""

        def work(connection: sqlite3.Connection) -> None:
            reason = fact(connection, "stopped")
            set_fact(connection, "stopped", None)
            set_fact(connection, "notice", None)
            clock = self._believe_clock(connection)
            append_event(connection, "go on", self._clock.now(), note=note.strip(), reason=reason or "", **clock)

        if not note.strip():
            raise ForgeError("Going on needs a note.", hint="Say what you found.")
        self._booking.write(work)

    def recover(self) -> int:
        """What dead processes left: sent calls become unknown, reserved ones are released. How many there were.

        On a full disk they stay charged as they are, until the next start.
        """

        def work(connection: sqlite3.Connection) -> int:
            count = 0
            assert owner is not None
            for row in store_ledger.open_rows(connection):
                if not owner.alive(row["owner"]):
                    count += self._abandon(connection, row)
            return count

        owner = self._owner
        if owner is not None:
            with contextlib.suppress(NotStored):
                return self._booking.write(work)
        return 0

    @property
    def owner(self) -> str:
        """The name by which other processes can see that this ledger is open; "" where it only reads."""
        if self._owner is None:
            return ""
        self._owner.claim()
        return self._owner.name

    def alive(self, owner: str) -> bool:
        """Whether the ledger of that name is open, here or in another process."""
        return bool(owner) and (self._owner or Owner(self._data_dir)).alive(owner)

    def close(self) -> None:
        """Write what is left to write, and own nothing any more. Safe to call twice."""
        if self._owner is None:
            return
        self._booking.close()
        self._owner.close()
        self._owner = None

    def _prepare(self) -> None:
        """What must be done before anything is paid, and may have been impossible before."""
        if self._owner is not None:
            self._owner.claim()
            self._booking.compare(self._clock.now())

    # ---- inside a transaction ----

    def _reserve(self, connection: sqlite3.Connection, call: NewAttempt, day: str, owner: str) -> str:
        uid, now = uuid.uuid4().hex, self._clock.now()
        store_ledger.add_attempt(connection, uid, call, now=now, day=day, owner=owner)
        append_event(connection, "reserved", now, **told_fields(uid, call, day))
        return uid

    def _move(
        self,
        connection: sqlite3.Connection,
        row: sqlite3.Row,
        state: str,
        cost: int,
        *,
        note: str | None = None,
        usage: Usage | None = None,
    ) -> None:
        now = self._clock.now()
        move(connection, row, state, cost, now=now, note=note, usage=usage)
        said = {"note": note} if note else {}
        used = {"usage": vars(usage)} if usage else {}
        append_event(connection, state, now, attempt=row["uid"], cost=cost, **said, **used)

    def _abandon(self, connection: sqlite3.Connection, row: sqlite3.Row) -> int:
        if row["state"] == "reserved":
            self._move(connection, row, "released", 0, note="It never left: its process ended before.")
        elif store_ledger.batch_is_known(connection, row["batch"]):
            return 0  # it is settled when its batch is fetched
        else:
            self._move(connection, row, "unknown", row["worst"], note="Its process ended before the answer was there.")
        return 1

    def _enter_day(self, connection: sqlite3.Connection) -> tuple[str, str]:
        """The day that the next call counts for, kept as seen; and what is wrong with the clock, if anything is."""
        seen, held = fact(connection, "seen"), fact(connection, "held after")
        seconds, doubted = self._look()
        if seen is None or seconds - seen >= 60 or day_of(seconds) != day_of(seen):
            set_fact(connection, "seen", max(seconds, seen or 0.0))
        if doubted and held is None:
            set_fact(connection, "held after", store_ledger.last_attempt(connection))
        elif held is not None and not doubted:
            set_fact(connection, "held after", None)
        return day_of(seconds), self._words_of_doubt(seconds) if doubted else ""

    def _believe_clock(self, connection: sqlite3.Connection) -> dict[str, object]:
        """A person confirms the clock: move on, and count for the new day what was paid while it was doubted."""
        seen, held = fact(connection, "seen"), fact(connection, "held after")
        _seconds, doubted = self._look()
        if not doubted:
            return {}
        now = self._clock.now()
        set_fact(connection, "confirmed", now)
        set_fact(connection, "seen", max(now, seen or 0.0))
        set_fact(connection, "held after", None)
        moved = [] if held is None else store_ledger.rebook(connection, held, day_of(now))
        return {"day": day_of(now), "attempts": moved}

    def _write_off(self, connection: sqlite3.Connection, attempt: str, note: str) -> None:
        """The end of a call could not be stored when it came."""
        row = attempt_row(connection, attempt)
        if row["state"] in OPEN:
            self._move(connection, row, "unknown", row["worst"], note=note)
