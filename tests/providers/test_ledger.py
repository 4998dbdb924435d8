"""The ledger: no call without room under every cap, and sums that are those of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.errors import CapReached, LedgerStopped
from forge_desktop.providers.ledger import Ledger
from tests.providers.ledgers import USED, answer, call, opened, pay


@pytest.fixture
def ledger(data_dir: Path) -> Iterator[Ledger]:
    with opened(data_dir) as made:
        made.open_run("run", 1_000)
        yield made


def test_a_call_is_reserved_sent_and_settled(ledger: Ledger) -> None:
    attempt = ledger.reserve(call(600, run="run"))
    assert [(found.kind, found.reserved) for found in ledger.budgets("run")] == [
        ("run", 600), ("day", 600), ("month", 600), ("total", 600),
    ]  # fmt: skip
    ledger.sent(attempt)
    paid = ledger.settle(attempt, USED, 250, answer("Paid."))
    assert (paid.text, paid.cost, paid.attempt, paid.reused) == ("Paid.", 250, attempt, False)
    run = ledger.budgets("run")[0]
    assert (run.settled, run.reserved, run.unknown, run.headroom) == (250, 0, 0, 750)


def test_what_could_cost_more_than_is_left_is_not_reserved(ledger: Ledger) -> None:
    pay(ledger, call(600, run="run"), 600)
    with pytest.raises(CapReached, match=r"Headroom \$0\.0004 under the cap of this run \(\$0\.001\), the next call"):
        ledger.reserve(call(401, run="run"))
    ledger.reserve(call(400, run="run"))
    assert ledger.budgets("run")[0].charged == 1_000


def test_a_run_without_a_cap_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ForgeError, match="no spending cap"):
        ledger.reserve(call(run="another"))
    assert ledger.budgets()[-1].charged == 0


def test_a_call_that_cost_more_than_proven_stops_all(ledger: Ledger) -> None:
    pay(ledger, call(100, run="run"), 130)
    assert ledger.budgets("run")[0].settled == 130
    assert "cost $0.00013, more than the $0.0001" in ledger.stopped
    with pytest.raises(LedgerStopped, match="its price or its limits are wrong"):
        ledger.reserve(call(run="run"))
    with pytest.raises(ForgeError, match="note"):
        ledger.go_on(" ")
    ledger.go_on("The price was corrected.")
    ledger.reserve(call(run="run"))
