"""The ledger and the clock: whatever a clock does, no budget opens anew without time or a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forge_desktop.providers.errors import CapReached
from forge_desktop.providers.ledger import Ledger
from tests.providers.ledgers import DAY, NOON, SetClock, call, opened, pay


def _days(ledger: Ledger) -> list[str]:
    return [made.day for made in ledger.attempts(newest_first=False)]


@pytest.mark.parametrize("days", [-40, -2, 2, 40, 4_000])
def test_a_turned_clock_reopens_nothing(data_dir: Path, days: int) -> None:
    clock = SetClock()
    with opened(data_dir, clock) as ledger:
        ledger.set_cap("day", 100)
        ledger.set_cap("month", 150)
        pay(ledger, call(100), 90)
        clock.turn(days * DAY)
        with pytest.raises(CapReached) as reached:
            ledger.reserve(call(20))
        assert ("spend go-on" in reached.value.message) == (days > 0)
        assert bool(ledger.held) == (days > 0)
        ledger.reserve(call(10))
        assert _days(ledger) == ["2026-11-26", "2026-11-26"]
    with opened(data_dir, clock) as ledger:  # nor does a new start
        with pytest.raises(CapReached):
            ledger.reserve(call(20))
        clock.turn(-days * DAY)
        assert ledger.held == ""
        with pytest.raises(CapReached):
            ledger.reserve(call(20))


def test_there_and_back_again(data_dir: Path) -> None:
    clock = SetClock()
    with opened(data_dir, clock) as ledger:
        ledger.set_cap("day", 100)
        pay(ledger, call(100), 100)
        for days in (40, -40, -40, 40, 40, -40):
            clock.turn(days * DAY)
            with pytest.raises(CapReached):
                ledger.reserve(call(1))


def test_time_that_goes_by_opens_the_next_day(data_dir: Path) -> None:
    clock = SetClock()
    with opened(data_dir, clock) as ledger:
        ledger.set_cap("day", 100)
        for _ in range(7):  # a process that runs for a week, and sleeps for days
            pay(ledger, call(100), 100)
            clock.pass_time(3 * DAY)
        assert len(set(_days(ledger))) == 7
        clock.turn(-40 * DAY)  # the days go on by the time that went by
        pay(ledger, call(100), 100)
        clock.pass_time(DAY)
        pay(ledger, call(100), 100)
        assert len(set(_days(ledger))) == 9


def test_a_person_confirms_the_clock(data_dir: Path) -> None:
    clock = SetClock()
    with opened(data_dir, clock) as ledger:
        ledger.set_cap("day", 100)
        ledger.set_cap("month", 1_000)
        pay(ledger, call(60), 60)
        clock.turn(40 * DAY)
        pay(ledger, call(40), 40)
        ledger.go_on("The clock had been wrong before.")
        assert ledger.held == ""
        assert _days(ledger) == ["2026-11-26", "2027-01-05"]  # what was paid since counts for the day it was paid on
        with pytest.raises(CapReached):
            ledger.reserve(call(61))
        pay(ledger, call(60), 60)
        assert ledger.by_day(41)[0] == ("2026-11-26", 60, 0, 0)
        assert [found.settled for found in ledger.budgets()] == [100, 100, 160]


def test_a_week_away_is_believed_where_no_used_budget_opens_by_it(data_dir: Path) -> None:
    clock = SetClock()
    with opened(data_dir, clock) as ledger:
        pay(ledger, call(60), 60)
    clock.turn(7 * DAY)
    with opened(data_dir, SetClock(clock.wall, 3.0)) as ledger:
        pay(ledger, call(60), 60)
        assert _days(ledger) == ["2026-11-26", "2026-12-03"]


def test_after_a_week_away_a_used_day_asks_once(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        ledger.set_cap("day", 100)
        pay(ledger, call(60), 60)
    clock = SetClock(NOON + 7 * DAY, 3.0)
    with opened(data_dir, clock) as ledger:
        pay(ledger, call(40), 30)  # what is left may be used
        with pytest.raises(CapReached, match="clock says 2026-12-03, the ledger still counts 2026-11-26: if the"):
            ledger.reserve(call(40))
        ledger.go_on("I was away.")
        pay(ledger, call(70), 70)
        assert ledger.budgets()[0].settled == 100
    with opened(data_dir, SetClock(clock.wall + 3_600, 3.0)) as ledger:
        assert ledger.held == ""


def test_a_night_between_two_starts_needs_nobody(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        ledger.set_cap("day", 100)
        pay(ledger, call(100), 100)
    with opened(data_dir, SetClock(NOON + 0.9 * DAY, 3.0)) as ledger:
        pay(ledger, call(100), 100)


def test_a_clock_that_starts_in_1970_and_is_put_right(data_dir: Path) -> None:
    with opened(data_dir) as ledger:
        ledger.set_cap("day", 100)
        pay(ledger, call(100), 100)
    clock = SetClock(0.0, 3.0)
    with opened(data_dir, clock) as ledger:
        with pytest.raises(CapReached):
            ledger.reserve(call(1))
        clock.turn(NOON + 0.9 * DAY)
        pay(ledger, call(100), 100)
        assert _days(ledger) == ["2026-11-26", "2026-11-27"]


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [
        ("2026-11-30T23:59:59", 1.0, ["2026-11-30", "2026-12-01"]),
        ("2026-12-31T23:59:59", 1.0, ["2026-12-31", "2027-01-01"]),
        ("2028-02-28T23:59:59", 1.0, ["2028-02-28", "2028-02-29"]),
        ("2026-10-25T00:30:00", 3_600.0, ["2026-10-25", "2026-10-25"]),  # an hour that many places have twice
        ("2026-03-29T00:59:59", 3_600.0, ["2026-03-29", "2026-03-29"]),  # and one that they do not have
    ],
)
def test_days_and_months_are_those_of_utc(
    data_dir: Path, before: str, after: float, days: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    clock = SetClock(_moment(before))
    with opened(data_dir, clock) as ledger:
        ledger.set_cap("month", 100)
        pay(ledger, call(60), 60)
        clock.pass_time(after)
        opens = days[0][:7] != days[1][:7]
        again: Callable[[], str] = lambda: pay(ledger, call(60), 60)  # noqa: E731
        if opens:
            again()
        else:
            with pytest.raises(CapReached):
                again()
            pay(ledger, call(40), 40)
        assert _days(ledger) == days
        assert [made.month for made in ledger.attempts(newest_first=False)] == [day[:7] for day in days]


def test_the_series_and_where_the_month_ends(data_dir: Path) -> None:
    clock = SetClock()
    with opened(data_dir, clock) as ledger:
        for _ in range(3):
            pay(ledger, call(70), 70)
            clock.pass_time(DAY)
        lost = ledger.reserve(call(50))
        ledger.lose(lost, "cut")
        ledger.reserve(call(20))
        assert ledger.by_day(5) == [
            ("2026-11-25", 0, 0, 0), ("2026-11-26", 70, 0, 0), ("2026-11-27", 70, 0, 0), ("2026-11-28", 70, 0, 0),
            ("2026-11-29", 0, 20, 50),
        ]  # fmt: skip
        expected = ledger.forecast()
        assert (expected.month, expected.charged, expected.a_day, expected.days_left) == ("2026-11", 280, 40, 1)
        assert expected.likely == 320
        assert "the mean of the last 7 days" in expected.words


def test_many_small_turns_are_one_large_one(data_dir: Path) -> None:
    clock = SetClock()
    with opened(data_dir, clock) as ledger:
        ledger.set_cap("day", 100)
        pay(ledger, call(100), 100)
        clock.turn(DAY * 0.9)
        pay(ledger, call(100), 100)  # less than a day is a time zone, or a clock that was slow
        for _ in range(5):
            clock.turn(DAY * 0.9)
            with pytest.raises(CapReached, match="spend go-on"):
                ledger.reserve(call(100))


def test_a_confirmation_holds_for_every_ledger(data_dir: Path) -> None:
    clock = SetClock()
    with opened(data_dir, clock) as one, opened(data_dir, clock) as other:
        one.set_cap("day", 100)
        pay(other, call(100), 100)
        clock.turn(5 * DAY)
        assert other.held
        one.go_on("The clock is right.")
        assert other.held == ""
        clock.pass_time(60)
        pay(other, call(100), 100)
