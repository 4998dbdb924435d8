"""How the ledger writes: together, each for itself, and never half, also on a disk that is full."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, Event, Events
from forge_desktop.providers.committing import Committing, NotStored
from forge_desktop.providers.errors import CapReached
from forge_desktop.providers.ledger import Ledger
from forge_desktop.storage import Database
from tests.providers.ledgers import USED, SetClock, answer, call, opened, pay

ExpectLog = Callable[[str], None]


@pytest.fixture
def db(data_dir: Path) -> Iterator[Database]:
    with contextlib.closing(Database(data_dir / "forge.db")) as made:
        yield made


def _fact(name: str) -> Callable[[sqlite3.Connection], str]:
    def work(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO ledger_facts VALUES (?, '1')", (name,))
        if name.startswith("bad"):
            raise ForgeError(name)
        return name

    return work


def test_those_who_wait_share_one_commit_and_fail_alone(db: Database) -> None:
    commits = Committing(db, lambda: None)
    entered, go = threading.Event(), threading.Event()

    def first(connection: sqlite3.Connection) -> str:
        entered.set()
        assert go.wait(30)
        return _fact("first")(connection)

    names = [f"good {n}" for n in range(9)] + ["bad 1", "good 0", "bad 2"]  # the second "good 0" breaks a constraint
    with ThreadPoolExecutor(16) as pool:
        leader = pool.submit(commits.run, first)
        assert entered.wait(30)
        waiting = []
        for name in names:  # one after the other, so that it is the second "good 0" that comes second
            waiting.append(pool.submit(commits.run, _fact(name)))
            while len(commits._waiting) < len(waiting):
                threading.Event().wait(0.001)
        go.set()
        assert leader.result() == "first"
        errors = [future.exception() for future in waiting]
    assert commits.commits == 2
    assert [type(error).__name__ for error in errors if error] == ["ForgeError", "IntegrityError", "ForgeError"]
    assert [row[0] for row in db.rows("SELECT name FROM ledger_facts ORDER BY name")] == [
        "first", *(f"good {n}" for n in range(9)),
    ]  # fmt: skip


def test_money_is_not_booked_inside_anothers_transaction(db: Database) -> None:
    commits = Committing(db, lambda: None)
    with db.write(), pytest.raises(RuntimeError, match="of its own"):
        commits.run(_fact("x"))
    assert commits.run(_fact("x")) == "x"


def test_a_failing_call_does_not_fail_its_neighbours(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        ledger.open_run("run", 1_000)

        def spend(n: int) -> str:
            try:
                pay(ledger, call(100, run="run"), 50)
            except CapReached:
                return "refused"
            return "paid"

        with ThreadPoolExecutor(16) as pool:
            ends = list(pool.map(spend, range(64)))
        run = ledger.budgets("run")[0]
        assert run.settled == 50 * ends.count("paid") <= 1_000
        assert ends.count("paid") >= 10
        assert "refused" in ends


def test_the_window_is_told_of_the_last_change_but_not_of_each(data_dir: Path) -> None:
    heard: list[tuple[Event, int]] = []
    events, last = Events(), threading.Event()
    with opened(data_dir, events=events) as ledger:

        def hear(event: Event) -> None:
            heard.append((event, len(ledger.attempts(limit=1_000))))
            if heard[-1][1] == 30:
                last.set()

        events.subscribe(hear)
        for _ in range(30):
            ledger.reserve(call(1))
        assert last.wait(10)
    assert {event for event, _count in heard} == {DataChanged(frozenset({"spend"}))}
    assert len(heard) < 30


def _full(ledger: Ledger) -> None:
    connection = ledger._db.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def _fill(ledger: Ledger) -> str:
    """Reserve until the disk is full; the refusal."""
    while True:
        try:
            ledger.reserve(call(1))
        except NotStored as full:
            return full.message


def test_a_full_disk_refuses_a_reservation(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        _full(ledger)
        assert "disk that holds" in _fill(ledger)
        count = ledger.budgets()[-1].reserved
        assert count == len(ledger.attempts(limit=10**6))
        ledger._db.connection.execute("PRAGMA max_page_count = 1000000")
        pay(ledger, call(1), 1)


def test_a_full_disk_at_the_settlement_leaves_it_charged_and_unknown(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        attempt = ledger.reserve(call(500))
        ledger.sent(attempt)
        _full(ledger)
        _fill(ledger)
        with pytest.raises(NotStored, match="worst case stays charged"):
            ledger.settle(attempt, USED, 100, answer("long " * 20_000))
        assert ledger.attempts(newest_first=False, limit=1)[0].state == "sent"
        assert ledger.budgets()[-1].settled == 0
        ledger._db.connection.execute("PRAGMA max_page_count = 1000000")
        ledger.reserve(call(1))
        found = ledger.attempts(newest_first=False, limit=1)[0]
        assert (found.state, found.cost) == ("unknown", 500)
        assert "could not be stored" in found.note


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes, where one may be mounted."""
    place = tmp_path / "small"
    place.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting needs root")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], capture_output=True)
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_lets_the_ledger_open(small_disk: Path, expect_log: ExpectLog) -> None:
    expect_log("mirror .* is behind")
    with opened(small_disk) as ledger:
        ledger.sent(ledger.reserve(call(500)))
        kept = ledger._db.connection  # the log file stays, as after a crash
        kept.execute("PRAGMA wal_autocheckpoint = 0")
    filler = small_disk / "filler"
    with contextlib.closing(Database(small_disk / "forge.db")) as db:
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        with contextlib.closing(Ledger(db, small_disk, SetClock())) as ledger:
            db.connection.execute(f"PRAGMA max_page_count = {db.value('PRAGMA page_count')}")
            assert ledger.recover() in (0, 1)
            assert ledger.budgets()[-1].charged == 500
            assert "disk that holds" in _fill(ledger)
            db.connection.execute("PRAGMA max_page_count = 1000000")
            filler.unlink()
            ledger.recover()
            pay(ledger, call(10), 5)
            assert ledger.budgets()[-1].unknown == 500
            assert ledger.verify() == []


def test_a_disk_that_is_really_full(small_disk: Path, expect_log: ExpectLog) -> None:
    expect_log("mirror .* is behind")
    filler = small_disk / "filler"
    with opened(small_disk, SetClock()) as ledger:
        lost = ledger.reserve(call(500))
        ledger.sent(lost)
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        with pytest.raises(NotStored):
            ledger.settle(lost, USED, 100, answer("long " * 20_000))
        refused = _fill(ledger)
        assert "disk that holds" in refused
        filler.unlink()
        pay(ledger, call(10), 5)
        assert ledger.attempts(newest_first=False, limit=1)[0].state == "unknown"
        assert ledger.mirror_problem == ""


def test_an_interrupted_leader_tells_those_who_wait_that_nothing_is_stored(db: Database) -> None:
    commits = Committing(db, lambda: None)
    entered, go = threading.Event(), threading.Event()

    def interrupted(connection: sqlite3.Connection) -> str:
        entered.set()
        assert go.wait(30)
        return _fact("first")(connection)

    def stop(connection: sqlite3.Connection) -> str:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(4) as pool:
        leader = pool.submit(commits.run, interrupted)
        assert entered.wait(30)
        waiting = []
        for count, work in enumerate((_fact("a"), stop, _fact("b")), 1):
            waiting.append(pool.submit(commits.run, work))
            while len(commits._waiting) < count:
                threading.Event().wait(0.001)
        go.set()
        assert leader.result() == "first"
        errors = [future.exception() for future in waiting]
    assert {type(error) for error in errors} <= {NotStored, KeyboardInterrupt}
    assert [row[0] for row in db.rows("SELECT name FROM ledger_facts")] == ["first"]
    assert commits.run(_fact("after")) == "after"


def test_one_who_stops_waiting_does_not_stop_the_others(db: Database) -> None:
    commits = Committing(db, lambda: None)
    entered, go = threading.Event(), threading.Event()

    def first(connection: sqlite3.Connection) -> str:
        entered.set()
        assert go.wait(30)
        return _fact("first")(connection)

    with ThreadPoolExecutor(4) as pool:
        leader = pool.submit(commits.run, first)
        assert entered.wait(30)
        gone = pool.submit(commits.run, _fact("gone"))
        while not commits._waiting:
            threading.Event().wait(0.001)
        left = commits._waiting[0]
        wait = left.woken.wait

        def interrupt(timeout: float | None = None) -> bool:
            wait(timeout)
            raise KeyboardInterrupt

        left.woken.wait = interrupt  # type: ignore[method-assign]
        later = pool.submit(commits.run, _fact("later"))
        go.set()
        assert leader.result() == "first"
        assert later.result(30) == "later"
        assert gone.result(30) == "gone"
    assert commits.run(_fact("after")) == "after"
