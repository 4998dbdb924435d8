"""The ledger as a file, beside an invoice, and as long as it may get."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.bench import ledger as bench
from forge_desktop.providers.records import Purpose
from tests.providers.ledgers import DAY, USED, SetClock, answer, call, opened, pay

NASTY = ("=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(1)", "\tx", "\rx", 'a "quoted", text\nof two lines')


def test_no_cell_of_the_csv_is_run_by_a_spreadsheet(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    with opened(data_dir) as ledger:
        for text in NASTY:
            purpose = Purpose("teacher", "", text, "answer")
            ledger.release(ledger.reserve(call(5, endpoint_name=text, model=text, purpose=purpose)), text)
        assert ledger.export(file) == len(NASTY)
        assert ledger.export(tmp_path / "calls.jsonl") == len(NASTY)
    rows = list(csv.DictReader(file.open(newline="")))
    assert [row["note"].removeprefix("'") for row in rows] == list(NASTY)
    for row in rows:
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    lines = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert [line["note"] for line in lines] == list(NASTY)
    assert {line["cost_usd"] for line in lines} == {"0.000000"}
    assert {path.name for path in tmp_path.iterdir()} == {"calls.csv", "calls.jsonl", "data"}


def test_an_export_that_cannot_be_written_leaves_the_old_one(data_dir: Path, tmp_path: Path) -> None:
    with opened(data_dir) as ledger:
        with pytest.raises(ForgeError, match="cannot be written"):
            ledger.export(tmp_path / "nowhere" / "calls.csv")
        (tmp_path / "calls.csv").mkdir()
        with pytest.raises(ForgeError, match="cannot be written"):
            ledger.export(tmp_path / "calls.csv")
        assert {path.name for path in tmp_path.iterdir()} == {"calls.csv", "data"}


def test_an_invoice_is_explained_or_not(data_dir: Path) -> None:
    clock = SetClock()
    with opened(data_dir, clock) as ledger:
        pay(ledger, call(100), 80)
        lost = ledger.reserve(call(50))
        ledger.lose(lost, "cut")
        ledger.release(ledger.reserve(call(1_000)), "refused")
        clock.pass_time(5 * DAY)
        pay(ledger, call(100), 7)
        pay(ledger, call(100, endpoint="other", endpoint_name="Other"), 30)
        found = [ledger.reconcile("Loopback", "2026-11", amount) for amount in (79, 80, 130, 131)]
        assert [(one.settled, one.unknown, one.difference, one.explained) for one in found] == [
            (80, 50, -1, False), (80, 50, 0, True), (80, 50, 50, True), (80, 50, 51, False),
        ]  # fmt: skip
        assert found[0].attempts == (lost,)
        assert "somebody else uses the key" in found[3].words
        assert ledger.reconcile("endpoint", "2026-12-01", 7).difference == 0
        assert ledger.reconcile("Loopback", "", 87).difference == 0
        assert ledger.reconcile("Nobody", "2026-11", 0).explained
        ledger.correct(lost, 20, "The invoice of November.")
        assert ledger.reconcile("Loopback", "2026-11", 100).difference == 0
        for wrong in ("2026", "November", "2026-11-", "%"):
            with pytest.raises(ForgeError, match="is no period"):
                ledger.reconcile("Loopback", wrong, 1)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "endpoint,period,amount\nx,2026-11,1e3\n", "\xff"])
def test_a_file_that_is_no_invoice_is_refused(data_dir: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "invoice.csv"
    file.write_bytes(text.encode("latin-1"))
    with opened(data_dir) as ledger, pytest.raises(ForgeError):
        ledger.reconcile_file(file)


def test_what_could_cost_more_than_money_can_be_is_refused(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        with pytest.raises(ForgeError, match="more than any cap"):
            ledger.reserve(call(10**19))
        with pytest.raises(ValueError, match="negative"):
            ledger.reserve(call(-1))


def test_a_late_answer_of_a_lost_call_is_booked_as_it_cost(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        attempt = ledger.reserve(call(100))
        ledger.sent(attempt)
        ledger.lose(attempt, "timeout")
        ledger.settle(attempt, USED, 30, answer())
        assert [(found.settled, found.unknown) for found in ledger.budgets()] == [(30, 0)] * 3


def test_the_benchmark_measures(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run(["--calls", "16", "--threads", "4", "--attempts", "40", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["threads_sharing"]["calls"] == 16
    assert {"budgets", "verify", "open"} <= found["reads_ms"].keys()
