"""The ledger and its mirror: a database put back from a backup forgets no money, and no change goes unseen."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.errors import CapReached, LedgerStopped
from tests.providers.ledgers import DAY, USED, SetClock, answer, call, opened, pay

ExpectLog = Callable[[str], None]


def _back_up(data_dir: Path) -> None:
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(data_dir / "forge.db", data_dir / "backup.db")


def _put_back(data_dir: Path) -> None:
    for end in ("-wal", "-shm"):
        (data_dir / f"forge.db{end}").unlink(missing_ok=True)
    shutil.copyfile(data_dir / "backup.db", data_dir / "forge.db")


def _events(data_dir: Path) -> list[dict[str, Any]]:
    return [json.loads(line)["event"] for line in (data_dir / "ledger.jsonl").read_bytes().splitlines()]


def test_the_mirror_holds_every_event_and_is_nobody_elses(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        pay(ledger, call(10), 5)
        assert [event["what"] for event in _events(data_dir)] == ["reserved", "sent", "settled"]
        assert [event["n"] for event in _events(data_dir)] == [1, 2, 3]
        if os.name == "posix":
            assert stat.S_IMODE((data_dir / "ledger.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize("cut", [1, 40, 100, 10**6])
def test_a_mirror_that_lacks_its_end_is_completed(data_dir: Path, cut: int) -> None:
    with opened(data_dir) as ledger:
        for _ in range(3):
            pay(ledger, call(10), 5)
    mirror = data_dir / "ledger.jsonl"
    whole = mirror.read_bytes()
    mirror.write_bytes(whole[: max(0, len(whole) - cut)])
    with opened(data_dir) as ledger:
        assert mirror.read_bytes() == whole
        assert ledger.notice == ""


def test_a_mirror_that_is_gone_is_written_anew(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        pay(ledger, call(10), 5)
        whole = (data_dir / "ledger.jsonl").read_bytes()
        (data_dir / "ledger.jsonl").unlink()
        pay(ledger, call(10), 5)
        assert (data_dir / "ledger.jsonl").read_bytes().startswith(whole)


def test_a_database_from_an_old_backup_takes_over_what_the_mirror_knows(data_dir: Path, expect_log: ExpectLog) -> None:
    expect_log(r"3 calls that it did not know, \$0.00029, count all the same")
    with opened(data_dir) as ledger:
        ledger.open_run("run", 1_000)
        open_then = ledger.reserve(call(100, run="run"))
        ledger.sent(open_then)
        _back_up(data_dir)
        ledger.settle(open_then, USED, 90, answer())
        ledger.open_run("new", 500)
        ledger.set_cap("day", 10_000)
        pay(ledger, call(200, run="run"), 150)
        ledger.lose(ledger.reserve(call(50, run="new")), "cut")
        ledger.release(ledger.reserve(call(70, run="new")), "refused")
        ledger.sent(ledger.reserve(call(100, run="new")))
        before = [ledger.budgets(run) for run in ("run", "new")]
    _put_back(data_dir)
    with opened(data_dir) as ledger:
        assert [ledger.budgets(run) for run in ("run", "new")] == before
        assert "older than the ledger's mirror" in ledger.notice
        assert ledger.recover() == 1
        assert sorted(made.state for made in ledger.attempts()) == [
            "released", "settled", "settled", "unknown", "unknown",
        ]  # fmt: skip
        with pytest.raises(CapReached):
            ledger.reserve(call(351, run="new"))
        ledger.go_on("I had put a backup back.")
        assert ledger.notice == ""
    with opened(data_dir) as ledger:  # it is said once
        assert ledger.notice == ""


def test_a_backup_that_was_worked_on_counts_both_histories(data_dir: Path, expect_log: ExpectLog) -> None:
    expect_log(r"2 calls that it did not know, \$0.0003, count all the same.*old mirror was kept")
    mirror = data_dir / "ledger.jsonl"
    with opened(data_dir) as ledger:
        ledger.set_cap("total", 5_000)
        known = ledger.reserve(call(100))
        _back_up(data_dir)
        ledger.set_cap("total", 3_000)
        ledger.settle(known, USED, 60, answer())
        pay(ledger, call(200), 100)
        ledger.lose(ledger.reserve(call(200)), "cut")
    mirror.rename(data_dir / "elsewhere")
    _put_back(data_dir)
    with opened(data_dir) as ledger:
        ledger.lose(known, "a crash")
        pay(ledger, call(100), 70)
        assert ledger.budgets()[-1].charged == 170
    mirror.unlink()
    (data_dir / "elsewhere").rename(mirror)
    with opened(data_dir) as ledger:
        assert ledger.budgets()[-1].charged == 470
        assert ledger.caps() == {"total": 3_000}
        assert (data_dir / "ledger-kept-1.jsonl").exists()
    with opened(data_dir) as ledger:
        assert ledger.budgets()[-1].charged == 470


def test_a_stop_is_not_undone_by_an_old_backup(data_dir: Path, expect_log: ExpectLog) -> None:
    expect_log("older than the ledger's mirror")
    with opened(data_dir) as ledger:
        _back_up(data_dir)
        pay(ledger, call(10), 11)
    _put_back(data_dir)
    with opened(data_dir) as ledger, pytest.raises(LedgerStopped):
        ledger.reserve(call(1))


def test_a_mirror_damaged_in_the_middle_still_counts(data_dir: Path, expect_log: ExpectLog) -> None:
    expect_log(r"1 calls that it did not know")
    with opened(data_dir) as ledger:
        pay(ledger, call(10), 5)
        _back_up(data_dir)
        pay(ledger, call(20), 15)
    _put_back(data_dir)
    mirror = data_dir / "ledger.jsonl"
    lines = mirror.read_bytes().splitlines(keepends=True)
    mirror.write_bytes(b"".join([lines[0], b"\x00 no line\n", *lines[2:]]))
    with opened(data_dir) as ledger:
        assert ledger.budgets()[-1].charged == 20


def test_nothing_is_paid_while_the_mirror_cannot_be_read(data_dir: Path) -> None:
    with opened(data_dir, sound=False) as ledger:
        pay(ledger, call(10), 5)
    mirror = data_dir / "ledger.jsonl"
    mirror.rename(data_dir / "elsewhere")
    mirror.mkdir()
    with opened(data_dir) as ledger:
        with pytest.raises(ForgeError, match=r"mirror .* cannot be read"):
            ledger.reserve(call(10))
        mirror.rmdir()
        (data_dir / "elsewhere").rename(mirror)
        pay(ledger, call(10), 5)


def test_a_mirror_that_cannot_be_written_is_said_and_made_up_for(data_dir: Path, expect_log: ExpectLog) -> None:
    expect_log("mirror .* is behind")
    mirror = data_dir / "ledger.jsonl"
    with opened(data_dir) as ledger:
        pay(ledger, call(10), 5)
        mirror.rename(data_dir / "elsewhere")
        mirror.mkdir()
        pay(ledger, call(10), 5)
        assert "is behind" in ledger.mirror_problem
        mirror.rmdir()
        (data_dir / "elsewhere").rename(mirror)
        pay(ledger, call(10), 5)
        assert ledger.mirror_problem == ""
        assert len(_events(data_dir)) == 9


_CHANGES = {
    "UPDATE attempts SET cost = 4 WHERE id = 1": "is not what its events tell",
    "UPDATE attempts SET state = 'released', cost = 0 WHERE id = 1": "is not what its events tell",
    "UPDATE attempts SET day = '2026-11-25' WHERE id = 1": "is not what its events tell",
    "UPDATE periods SET settled = settled - 1 WHERE kind = 'month'": "sums of the month '2026-11'",
    "DELETE FROM periods WHERE kind = 'day'": "sums of the day",
    "INSERT INTO periods(kind, key, unknown) VALUES ('run', 'x', 5)": "sums of the run 'x'",
    "UPDATE answers SET text = 'another'": "answer of attempt",
    "DROP TRIGGER ledger_events_stay; UPDATE ledger_events SET line = replace(line, '\"cost\":5', '\"cost\":4')": (
        "Event 3 was changed"
    ),
    "DROP TRIGGER ledger_events_keep; DELETE FROM ledger_events WHERE n = 2": "Event 2 was changed, or one before",
}


@pytest.mark.parametrize(("change", "finding"), _CHANGES.items())
def test_a_changed_ledger_is_found(data_dir: Path, change: str, finding: str) -> None:
    with opened(data_dir, sound=False) as ledger:
        pay(ledger, call(10), 5)
        assert ledger.verify() == []
        with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as db:
            db.executescript(change)
        assert finding in " ".join(ledger.verify())


def test_a_changed_mirror_is_found(data_dir: Path) -> None:
    mirror = data_dir / "ledger.jsonl"
    with opened(data_dir, sound=False) as ledger:
        pay(ledger, call(10), 5)
        whole = mirror.read_bytes()
        for changed, finding in (
            (whole.replace(b'"cost":5', b'"cost":6'), "Event 3 is another one in the mirror"),
            (whole + whole.splitlines(keepends=True)[0], "The mirror has events that the database does not have"),
            (whole.replace(b'{"chain"', b'{"chaim"'), "cannot be read after event 0"),
            (whole[:-5], "The mirror lacks the last 1 events"),
        ):
            mirror.write_bytes(changed)
            assert finding in " ".join(ledger.verify())
        mirror.write_bytes(whole)
        assert ledger.verify() == []


def test_a_clock_confirmed_after_the_backup_stays_confirmed(data_dir: Path, expect_log: ExpectLog) -> None:
    expect_log("older than the ledger's mirror")
    clock = SetClock()
    with opened(data_dir, clock) as ledger:
        ledger.set_cap("day", 100)
        pay(ledger, call(10), 10)
        clock.turn(40 * DAY)
        pay(ledger, call(20), 20)  # for the old day
        _back_up(data_dir)
        pay(ledger, call(30), 30)
        ledger.go_on("The clock is right.")
        before = ledger.budgets()
        assert before[0].settled == 50
    _put_back(data_dir)
    with opened(data_dir, clock) as ledger:
        assert ledger.budgets() == before
        assert ledger.held == ""
