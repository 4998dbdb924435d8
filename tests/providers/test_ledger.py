"""The ledger: no call without room under every cap, and sums that are those of its rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.errors import CapReached, LedgerStopped
from forge_desktop.providers.ledger import Ledger
from forge_desktop.providers.records import BudgetKind, Purpose
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


def test_a_call_that_was_not_accepted_is_given_back(ledger: Ledger) -> None:
    attempt = ledger.reserve(call(600, run="run"))
    ledger.sent(attempt)
    ledger.release(attempt, "429")
    assert ledger.budgets("run")[0].charged == 0
    assert [(made.state, made.cost, made.note) for made in ledger.attempts()] == [("released", 0, "429")]


def test_a_lost_call_stays_charged_until_a_person_says_what_it_cost(ledger: Ledger) -> None:
    attempt = ledger.reserve(call(600, run="run", request_sha256="a" * 64))
    ledger.sent(attempt)
    kept = ledger.lose(attempt, "No usage came with the answer.", answer("Whole."))
    assert kept is not None
    assert (kept.text, kept.usage, kept.cost) == ("Whole.", None, 600)
    assert ledger.budgets("run")[0].unknown == 600
    for cost, note in ((-1, "invoice"), (10, " ")):
        with pytest.raises(ForgeError):
            ledger.correct(attempt, cost, note)
    ledger.correct(attempt, 50, "The invoice says so.")
    ledger.correct(attempt, 40, "It says 40.")
    run = ledger.budgets("run")[0]
    assert (run.settled, run.unknown) == (40, 0)
    assert ledger.attempts()[0].note == "By hand: It says 40."
    found = ledger.answer_to("a" * 64)
    assert found is not None
    assert found.cost == 40
    with pytest.raises(ForgeError, match="nothing to correct"):
        ledger.correct(pay(ledger, call(10, run="run"), 5), 4, "no")


def test_states_only_move_forward(ledger: Ledger) -> None:
    attempt = pay(ledger, call(100, run="run"), 60)
    with pytest.raises(ForgeError, match="settled already"):
        ledger.settle(attempt, USED, 60, answer())
    with pytest.raises(ForgeError, match="cannot be sent"):
        ledger.sent(attempt)
    ledger.release(attempt, "too late")
    assert ledger.lose(attempt, "too late") is None
    assert ledger.attempts()[0].state == "settled"
    with pytest.raises(ForgeError, match="no attempt 'nothing'"):
        ledger.sent("nothing")


@pytest.mark.parametrize("kind", ["day", "month", "total"])
def test_every_cap_counts_also_for_calls_of_no_run(ledger: Ledger, kind: BudgetKind) -> None:
    ledger.set_cap(kind, 500)
    pay(ledger, call(300), 200)
    pay(ledger, call(300, run="run"), 100)
    with pytest.raises(CapReached) as reached:
        ledger.reserve(call(201))
    assert (reached.value.budget.kind, reached.value.budget.headroom, reached.value.worst) == (kind, 200, 201)
    ledger.reserve(call(200))
    with pytest.raises(CapReached, match=r"Headroom \$0\.00 under") as reached:
        ledger.reserve(call(1))
    assert "under way hold $0.0002" in reached.value.hint
    ledger.reserve(call(0))  # what costs nothing needs no room


def test_the_sentence_names_the_tightest_cap(ledger: Ledger) -> None:
    ledger.open_run("big", 5_000_000)
    ledger.set_cap("day", 4_900_000)
    pay(ledger, call(4_600_000, run="big"), 4_600_000)
    ledger.set_cap("month", 4_950_000)
    with pytest.raises(CapReached) as reached:
        ledger.reserve(call(520_000, run="big"))
    assert reached.value.message == (
        "Headroom $0.30 under the cap of the day ($4.90), the next call may cost up to $0.52."
    )


def test_a_batch_is_reserved_whole_or_not_at_all(ledger: Ledger) -> None:
    with pytest.raises(CapReached, match="the next 3 calls may cost up to"):
        ledger.reserve_all([call(400, run="run") for _ in range(3)])
    assert ledger.attempts() == []
    made = ledger.reserve_all([call(300, run="run", batch="b") for _ in range(3)])
    ledger.sent_all(made)
    assert {found.state for found in ledger.attempts()} == {"sent"}
    assert ledger.reserve_all([]) == []


def test_a_run_keeps_its_cap(ledger: Ledger) -> None:
    ledger.open_run("run", 1_000)
    with pytest.raises(ForgeError, match=r"started with a cap of \$0\.001, not"):
        ledger.open_run("run", 2_000)
    for run, cap in (("", 5), ("x", -1)):
        with pytest.raises(ForgeError, match="needs a spending cap"):
            ledger.open_run(run, cap)


def test_raising_and_removing_a_cap_needs_the_amount_typed(ledger: Ledger) -> None:
    ledger.set_cap("day", 5_000_000)
    ledger.set_cap("day", 3_000_000)  # to lower it does not
    for typed in ("", "5", "4.00"):
        with pytest.raises(ForgeError, match=r"To raise a cap, type its new amount: 4\.50"):
            ledger.set_cap("day", 4_500_000, typed)
    ledger.set_cap("day", 4_500_000, "4.50")
    with pytest.raises(ForgeError, match=r"To remove a cap, type its amount: 4\.50"):
        ledger.set_cap("day", None, "yes")
    ledger.set_cap("day", None, "$4.5")
    assert ledger.caps() == {}
    with pytest.raises(ForgeError, match=r"type its new amount: 0\.002"):
        ledger.set_cap("run", 2_000, run="run")
    ledger.set_cap("run", 2_000, "0.002", run="run")
    assert ledger.budgets("run")[0].cap == 2_000
    for run, cap in (("run", None), ("nobody", 5)):
        with pytest.raises(ForgeError):
            ledger.set_cap("run", cap, "0.002", run=run)
    with pytest.raises(ForgeError, match="below zero"):
        ledger.set_cap("total", -1)


def test_every_change_of_a_cap_is_in_the_mirror(ledger: Ledger, data_dir: Path) -> None:
    ledger.set_cap("month", 7)
    ledger.set_cap("month", 9, "0.000009")
    told = [json.loads(line)["event"] for line in (data_dir / "ledger.jsonl").read_text().splitlines()]
    assert [(event["kind"], event["before"], event["cap"]) for event in told] == [
        ("run", None, 1_000), ("month", None, 7), ("month", 7, 9),
    ]  # fmt: skip


def test_an_answer_and_its_settlement_are_one(ledger: Ledger, data_dir: Path) -> None:
    attempt = ledger.reserve(call(100, run="run"))
    ledger.sent(attempt)
    with pytest.raises(sqlite3.IntegrityError):  # the answer cannot be stored, so nothing is settled
        ledger.settle(attempt, USED, 50, replace(answer(), stop=None))  # type: ignore[arg-type]
    assert ledger.attempts()[0].state == "sent"
    ledger.settle(attempt, USED, 50, answer("Half a pair \ud800."))
    found = ledger.answer_for(ledger.attempts()[0].purpose.task, "answer")
    assert found is not None
    assert (found.text, found.reused, found.cost) == ("Half a pair \ufffd\ufffd\ufffd.", True, 50)


def test_equal_requests_of_two_tasks_and_repeats_stay_apart(ledger: Ledger) -> None:
    for n, (task, repeat) in enumerate((("a", 0), ("b", 0), ("a", 1))):
        new = call(10, request_sha256="c" * 64, purpose=Purpose("teacher", "", task, "judge", repeat))
        attempt = ledger.reserve(new)
        ledger.sent(attempt)
        ledger.settle(attempt, USED, n, answer(f"{task}{repeat}"))
    found = [ledger.answer_for(task, "judge") for task in ("a", "b")]
    assert [paid and paid.text for paid in found] == ["a0", "b0"]
    assert [found and found.text for found in (ledger.answer_to("c" * 64), ledger.answer_to("c" * 64, 1))] == [
        "b0",
        "a1",
    ]
    assert ledger.answer_for("a", "answer") is None
    assert ledger.answer_to("d" * 64) is None


def test_attempts_that_left_count_for_life(ledger: Ledger) -> None:
    purpose = Purpose("teacher", "run", "task", "answer")
    for end in ("release", "lose", "not sent"):
        attempt = ledger.reserve(call(10, purpose=purpose))
        if end == "not sent":
            ledger.release(attempt, "no connection")
        else:
            ledger.sent(attempt)
            getattr(ledger, end)(attempt, end)
    assert ledger.tried("task", "answer") == 1, "what was not accepted does not count"
    assert ledger.tried("task", "answer", 1) == ledger.tried("task", "judge") == 0


def test_pages_of_attempts_and_the_totals_of_a_run(ledger: Ledger) -> None:
    made = [pay(ledger, call(10, run="run"), 5) for _ in range(5)] + [ledger.reserve(call(10))]
    page = ledger.attempts(limit=4)
    assert [found.uid for found in page] == made[:1:-1]
    assert [found.uid for found in ledger.attempts(limit=4, before=page[-1].uid)] == made[1::-1]
    assert [found.uid for found in ledger.attempts(run="run", newest_first=False)] == made[:5]
    assert [found.uid for found in ledger.attempts(state="reserved")] == made[5:]
    assert [found.uid for found in ledger.attempts(task=page[-1].purpose.task)] == [page[-1].uid]
    totals = ledger.run_totals("run")
    assert (totals.cap, totals.settled, totals.attempts, totals.billed, totals.released) == (1_000, 25, 5, 5, 0)


def test_a_ledger_for_reading_changes_nothing(data_dir: Path) -> None:
    with opened(data_dir) as writing:
        attempt = writing.reserve(call(10))
        with opened(data_dir, read_only=True) as reading:
            assert reading.budgets()[-1].reserved == 10
            assert reading.recover() == 0
            with pytest.raises(ForgeError, match="closed"):
                reading.reserve(call(10))
        assert writing.attempts()[0].uid == attempt
