"""Spending on the command line: caps, calls, corrections, invoices, and what is refused."""

from __future__ import annotations

import contextlib
import csv
import json
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.providers.clock import SystemClock
from forge_desktop.providers.ledger import Ledger
from forge_desktop.storage import Database
from tests.providers.ledgers import call, pay

Cli = Callable[..., subprocess.CompletedProcess[str]]
CliJson = Callable[..., dict[str, Any]]


@pytest.fixture
def cli(in_process: Callable[..., Any]) -> Callable[..., Any]:
    return in_process


@pytest.fixture
def spent(data_dir: Path) -> str:
    """A ledger with a run of $1.00: a settled call of $0.25 and an unknown one of up to $0.50, whose uid it is."""
    with (
        contextlib.closing(Database(data_dir / "forge.db")) as db,
        contextlib.closing(Ledger(db, data_dir, SystemClock())) as ledger,
    ):
        ledger.open_run("run", 1_000_000)
        pay(ledger, call(400_000, run="run"), 250_000)
        lost = ledger.reserve(call(500_000, run="run"))
        ledger.sent(lost)
        ledger.lose(lost, "The answer was cut off.")
    return lost


def test_nothing_is_spent_at_first(cli: Cli, cli_json: CliJson) -> None:
    shown = cli_json("spend")
    assert [found["kind"] for found in shown["budgets"]] == ["day", "month", "total"]
    assert shown["budgets"][2] == {
        "kind": "total", "key": "", "cap_usd": None, "settled_usd": "0.000000", "reserved_usd": "0.000000",
        "unknown_usd": "0.000000", "headroom_usd": None,
    }  # fmt: skip
    assert (shown["stopped"], shown["clock"], shown["notice"], shown["mirror"]) == ("", "", "", "")
    assert "No call was made yet." in cli("spend", "attempts").stdout


def test_what_was_spent_is_shown(cli: Cli, cli_json: CliJson, spent: str) -> None:
    shown = cli_json("spend", "show", "--run", "run", "--days", "3")
    run = shown["budgets"][0]
    assert (run["key"], run["cap_usd"], run["settled_usd"], run["unknown_usd"], run["headroom_usd"]) == (
        "run", "1.000000", "0.250000", "0.500000", "0.250000",
    )  # fmt: skip
    assert [day["settled_usd"] for day in shown["days"]] == ["0.000000", "0.000000", "0.250000"]
    assert shown["forecast"]["charged_usd"] == "0.750000"
    words = cli("spend").stdout
    assert "the mean of the last 7 days" in words
    assert "headroom" in words
    listed = cli_json("spend", "attempts", "--state", "unknown")["attempts"]
    assert [(made["attempt"], made["worst_usd"], made["note"]) for made in listed] == [
        (spent, "0.500000", "The answer was cut off."),
    ]  # fmt: skip


def test_caps_are_raised_by_typing(cli: Cli, cli_json: CliJson, data_dir: Path) -> None:
    assert cli_json("spend", "cap", "day", "5.00")["cap_usd"] == "5.000000"
    assert "To raise a cap, type its new amount: 6.00" in cli("spend", "cap", "day", "6", expect=1).stderr
    assert "The cap of the day is $6.00." in cli("spend", "cap", "day", "6", "--type", "6.00").stdout
    assert "The day has no cap now." in cli("spend", "cap", "day", "none", "--type", "6").stdout
    assert "no amount of dollars" in cli("spend", "cap", "day", "4,000", expect=2).stderr
    events = [json.loads(line)["event"] for line in (data_dir / "ledger.jsonl").read_text().splitlines()]
    assert [event["cap"] for event in events] == [5_000_000, 6_000_000, None]


def test_an_unknown_call_is_corrected_by_hand(cli: Cli, cli_json: CliJson, spent: str) -> None:
    assert "required: --note" in cli("spend", "correct", spent, "0.10", expect=2).stderr
    cli("spend", "correct", spent[:12], "0.10", "--note", "The invoice of November.")
    made = cli_json("spend", "attempts")["attempts"][0]
    assert (made["state"], made["cost_usd"], made["note"]) == (
        "settled", "0.100000", "By hand: The invoice of November.",
    )  # fmt: skip
    assert "no attempt 'nothing'" in cli("spend", "correct", "nothing", "1", "--note", "x", expect=1).stderr


def test_an_invoice_is_set_beside_the_ledger(cli: Cli, cli_json: CliJson, spent: str, tmp_path: Path) -> None:
    found = cli_json("spend", "reconcile", "--endpoint", "Loopback", "--amount", "0.40")["lines"][0]
    assert (found["difference_usd"], found["explained"], found["unknown_attempts"]) == ("0.150000", True, [spent])
    day = time.strftime("%Y-%m-%d", time.gmtime())
    invoice = tmp_path / "invoice.csv"
    invoice.write_text(f"endpoint,period,amount\nLoopback,{day},0.25\nLoopback,{day[:7]},0.90\nLoopback,2001-01,0\n")
    words = cli("spend", "reconcile", invoice, expect=1).stdout.splitlines()
    assert "is what was settled. The unknown $0.50 were not billed" in words[0]
    assert "$0.15 more than all that was charged" in words[1]
    assert "is what was settled" in words[2]
    assert "one --endpoint with one --amount" in cli("spend", "reconcile", "--endpoint", "x", expect=1).stderr


def test_the_calls_leave_as_a_file(cli: Cli, cli_json: CliJson, spent: str, tmp_path: Path) -> None:
    assert cli_json("spend", "export", tmp_path / "calls.csv")["attempts"] == 2
    rows = list(csv.DictReader((tmp_path / "calls.csv").open()))
    assert [(row["state"], row["cost_usd"], row["input_tokens"]) for row in rows] == [
        ("settled", "0.250000", "10"), ("unknown", "0.500000", ""),
    ]  # fmt: skip
    assert "2 calls written" in cli("spend", "export", tmp_path / "calls.jsonl").stdout
    assert json.loads((tmp_path / "calls.jsonl").read_text().splitlines()[1])["uid"] == spent
    assert ".csv nor .jsonl" in cli("spend", "export", tmp_path / "calls.txt", expect=1).stderr


def test_the_ledger_is_checked(cli: Cli, cli_json: CliJson, spent: str, data_dir: Path) -> None:
    assert cli_json("spend", "verify") == {"findings": []}
    with contextlib.closing(Database(data_dir / "forge.db")) as db, db.write() as connection:
        connection.execute("UPDATE attempts SET cost = 0 WHERE uid = ?", (spent,))
    assert f"Attempt {spent} is not what its events tell." in cli("spend", "verify", expect=3).stdout
    assert f"The ledger: Attempt {spent}" in " ".join(cli_json("verify", expect=3)["damaged"])


def test_going_on_needs_a_note(cli: Cli) -> None:
    assert "required: --note" in cli("spend", "go-on", expect=2).stderr
    assert "Nothing had stopped them." in cli("spend", "go-on", "--note", "I looked.").stdout


def test_a_mirror_that_knows_more_is_said_by_who_only_reads(
    cli: Cli, cli_json: CliJson, spent: str, data_dir: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("The database was older than the ledger's mirror")
    database, mirror = data_dir / "forge.db", data_dir / "ledger.jsonl"
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    old = database.read_bytes()
    with (
        contextlib.closing(Database(database)) as db,
        contextlib.closing(Ledger(db, data_dir, SystemClock())) as ledger,
    ):
        pay(ledger, call(200_000, run="run"), 120_000)
    for end in ("-wal", "-shm"):
        (data_dir / f"forge.db{end}").unlink(missing_ok=True)
    database.write_bytes(old)
    whole = mirror.read_bytes()
    shown = cli_json("spend")
    assert shown["mirror_more_usd"] == "0.120000"
    assert "these sums lack 1 call, $0.12." in shown["mirror"]
    assert "these sums lack" in cli("spend", "attempts").stderr
    assert "The mirror has events that the database does not have." in cli("spend", "verify", expect=3).stdout
    assert mirror.read_bytes() == whole
    cli("spend", "cap", "day", "5.00")
    shown = cli_json("spend")
    assert (shown["mirror"], shown["mirror_more_usd"]) == ("", "0.000000")
    assert shown["budgets"][2]["settled_usd"] == "0.370000"
    assert "The ledger is sound." in cli("spend", "verify").stdout


def test_a_missing_and_a_shortened_mirror_are_found(cli: Cli, cli_json: CliJson, spent: str, data_dir: Path) -> None:
    mirror = data_dir / "ledger.jsonl"
    lines = mirror.read_bytes().splitlines(keepends=True)
    mirror.write_bytes(b"".join(lines[:-2]))
    assert cli_json("spend", "verify", expect=3)["findings"] == ["The mirror lacks the last 2 events."]
    mirror.unlink()
    [finding] = cli_json("spend", "verify", expect=3)["findings"]
    assert f"is missing; the database has {len(lines)} events" in finding
    cli("spend", "cap", "day", "5.00")
    assert cli_json("spend", "verify")["findings"] == []


def test_odd_wishes_are_answered_in_plain_words(cli: Cli, spent: str) -> None:
    assert "There is no run 'nope'." in cli("spend", "show", "--run", "nope", expect=1).stderr
    assert "There is no such call." in cli("spend", "attempts", "--run", "nope").stdout
    assert "not said which run's cap" in cli("spend", "cap", "run", "1.00", expect=1).stderr
    assert "The cap of day holds for all runs." in cli("spend", "cap", "day", "1.00", "--run", "run", expect=1).stderr
    assert "--note: it is empty" in cli("spend", "go-on", "--note", "", expect=2).stderr
