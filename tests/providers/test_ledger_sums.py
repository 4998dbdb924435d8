"""Whatever is done in whatever order: sums are those of the rows, no cap is passed, the file of events tells it all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.errors import CapReached, LedgerStopped
from forge_desktop.providers.ledger import Ledger
from forge_desktop.storage import Database
from tests.providers.ledgers import DAY, USED, SetClock, answer, call

RUNS = ("", "one", "two")
KINDS = ("day", "month", "total")
WORST = st.integers(0, 400)


class LedgerMachine(RuleBasedStateMachine):
    """Calls come and end in every way, caps and the clock change, processes die and start."""

    under_way = Bundle("under way")
    lost = Bundle("lost")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="forge-ledger-"))
        self.clock = SetClock()
        self.db = Database(self.folder / "forge.db")
        self.ledger = Ledger(self.db, self.folder, self.clock)
        self.billed = 0
        self.excess = 0
        self.starts = 0

    def lives(self, attempt: Any) -> bool:
        """Whether the process that reserved it still runs."""
        return bool(attempt) and attempt[2] == self.starts

    def teardown(self) -> None:
        assert self.ledger.verify() == []
        self.ledger.close()
        self.db.close()
        shutil.rmtree(self.folder)

    @initialize(caps=st.tuples(st.integers(0, 2_000), st.integers(0, 2_000)))
    def start(self, caps: tuple[int, int]) -> None:
        for run, cap in zip(RUNS[1:], caps, strict=True):
            self.ledger.open_run(run, cap)

    @rule(target=under_way, worst=WORST, run=st.sampled_from(RUNS), sent=st.booleans())
    def reserve(self, worst: int, run: str, sent: bool) -> Any:
        before = [found.headroom for found in self.ledger.budgets(run)]
        fits = all(room is None or worst <= room for room in before)
        try:
            attempt = self.ledger.reserve(call(worst, run=run))
        except CapReached:
            assert not fits
            return None
        except LedgerStopped:
            assert self.ledger.stopped
            return None
        if sent:
            self.ledger.sent(attempt)
        return attempt, worst, self.starts

    @rule(attempt=consumes(under_way), share=st.integers(0, 100))
    def settle(self, attempt: Any, share: int) -> None:
        if self.lives(attempt):
            cost = attempt[1] * share // 100
            self.billed += cost
            self.ledger.settle(attempt[0], USED, cost, answer())

    @rule(attempt=consumes(under_way), more=st.integers(1, 50))
    def settle_above(self, attempt: Any, more: int) -> None:
        if self.lives(attempt):
            self.billed += attempt[1] + more
            self.excess += more
            self.ledger.settle(attempt[0], USED, attempt[1] + more, answer())
            assert self.ledger.stopped

    @rule(attempt=consumes(under_way))
    def release(self, attempt: Any) -> None:
        if self.lives(attempt):
            self.ledger.release(attempt[0], "refused")

    @rule(target=lost, attempt=consumes(under_way), share=st.integers(0, 100), whole=st.booleans())
    def lose(self, attempt: Any, share: int, whole: bool) -> Any:
        if not self.lives(attempt):
            return None
        self.ledger.lose(attempt[0], "cut", answer() if whole else None)
        cost = attempt[1] * share // 100
        self.billed += cost
        return attempt[0], cost

    @rule(attempt=lost)
    def correct(self, attempt: Any) -> None:
        if attempt:
            self.ledger.correct(attempt[0], attempt[1], "invoice")

    @rule(kind=st.sampled_from(KINDS), cap=st.none() | st.integers(0, 3_000), typed=st.booleans())
    def set_cap(self, kind: Any, cap: int | None, typed: bool) -> None:
        before = self.ledger.caps().get(kind)
        raises = before is not None and (cap is None or cap > before)
        text = f"{(before if cap is None else cap) or 0:07d}" if typed else ""
        text = f"{text[:-6]}.{text[-6:]}" if text else ""
        with contextlib.suppress(ForgeError):
            self.ledger.set_cap(kind, cap, text)
        assert self.ledger.caps().get(kind) == (before if raises and not typed else cap)

    @rule(hours=st.integers(0, 60))
    def pass_time(self, hours: int) -> None:
        self.clock.pass_time(hours * 3_600.0)

    @rule(days=st.sampled_from((-40, -1, 1, 40)))
    def turn_the_clock(self, days: int) -> None:
        before = self.ledger.budgets()
        self.clock.turn(days * DAY)
        if abs(days) > 1:  # no cap that was used up opens by it
            for old, new in zip(before, self.ledger.budgets(), strict=True):
                assert (new.headroom or 0) <= (old.headroom or 0)
                assert (new.cap is None) == (old.cap is None)

    @precondition(lambda self: self.ledger.stopped or self.ledger.held)
    @rule()
    def go_on(self) -> None:
        self.ledger.go_on("looked")
        assert not self.ledger.stopped
        assert not self.ledger.held

    @rule()
    def start_again(self) -> None:
        """What was under way is lost, billed at its worst where it had left."""
        under_way = self.ledger.attempts(state="sent", limit=10_000)
        self.ledger.close()
        self.ledger = Ledger(self.db, self.folder, self.clock)
        self.ledger.recover()
        self.starts += 1
        self.billed += sum(one.worst for one in under_way)

    @invariant()
    def sums_are_those_of_the_rows(self) -> None:
        made = self.ledger.attempts(limit=10_000)
        for run in RUNS:
            for found in self.ledger.budgets(run):
                keys = [{"run": one.purpose.run, "day": one.day, "month": one.month, "total": ""} for one in made]
                rows = [one for one, key in zip(made, keys, strict=True) if key[found.kind] == found.key]
                by_state = {
                    state: sum(one.cost for one in rows if one.state in states)
                    for state, states in (
                        ("settled", ("settled",)), ("reserved", ("reserved", "sent")), ("unknown", ("unknown",)),
                    )
                }  # fmt: skip
                assert by_state == {"settled": found.settled, "reserved": found.reserved, "unknown": found.unknown}

    @invariant()
    def no_run_passes_its_cap_and_nothing_billed_is_missing(self) -> None:
        for run in RUNS[1:]:
            found = self.ledger.budgets(run)[0]
            assert found.cap is None or found.charged <= found.cap + self.excess
        assert self.ledger.budgets()[-1].charged >= self.billed


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=12, stateful_step_count=30, deadline=None, derandomize=True)
