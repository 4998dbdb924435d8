"""How fast an endpoint is asked: buckets, pauses, bursts; and a wait that a cancel ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from forge_desktop.base.errors import Cancelled
from forge_desktop.providers import headers
from forge_desktop.providers.pace import Bucket, Pace
from forge_desktop.providers.records import Usage
from forge_desktop.providers.router import Router
from tests.providers.rooms import Rooms

NOW = 1_790_000_000.0


@pytest.fixture
def rooms(data_dir: Path) -> Iterator[Rooms]:
    made = Rooms(data_dir)
    yield made
    made.db.close()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20", 20),
        ("1.5", 1.5),
        ("0", 0),
        ("-3", 0),
        ("6m0s", 360),
        ("1h2m3.5s", 3723.5),
        ("350ms", 0.35),
        ("2m59.56s", 179.56),
        ("Mon, 21 Sep 2026 14:14:20 GMT", 60),
        ("2026-09-21T14:14:20Z", 60),
        ("2026-09-21T14:14:20", 60),
        ("2020-01-01T00:00:00Z", 0),
        ("999999999", 86_400),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("5 minutes", None),
    ],
)
def test_a_time_to_wait_is_read_in_every_spelling(text: str, seconds: float | None) -> None:
    found = headers.seconds(text, NOW)
    assert found == (None if seconds is None else pytest.approx(seconds, abs=0.01))


@given(some.text(max_size=40))
def test_no_header_is_an_error(text: str) -> None:
    found = headers.seconds(text, NOW)
    assert found is None or 0 <= found <= headers.LONGEST_PAUSE
    headers.limits({"x-ratelimit-limit-requests": text, "anthropic-ratelimit-input-tokens-limit": text})
    headers.pause({"retry-after": text, "retry-after-ms": text, "x-ratelimit-remaining-tokens": "0"}, NOW)


def test_limits_of_openai_and_anthropic_are_learnt() -> None:
    assert headers.limits({"x-ratelimit-limit-requests": "500", "x-ratelimit-limit-tokens": "30000"}) == {
        "rpm": 500,
        "tpm": 30_000,
    }
    told = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-input-tokens-limit": "20000",
        "anthropic-ratelimit-output-tokens-limit": "8000",
    }
    assert headers.limits(told) == {"rpm": 50, "input_tpm": 20_000, "output_tpm": 8_000}
    assert headers.limits({"x-ratelimit-limit-requests": "14400"}, "groq") == {}  # it counts days
    assert headers.limits({"x-ratelimit-limit-requests": "0", "x-ratelimit-limit-tokens": "-1"}) == {}


def test_nothing_left_is_a_pause_until_the_reset() -> None:
    told = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}
    assert headers.pause(told, NOW) == 360
    assert headers.pause({**told, "x-ratelimit-remaining-requests": "1"}, NOW) is None
    assert headers.pause({**told, "retry-after": "2"}, NOW) == 2
    assert headers.pause({"retry-after-ms": "1500", "retry-after": "2"}, NOW) == 1.5


@given(some.integers(1, 2000), some.lists(some.floats(0, 5), min_size=1, max_size=200))
def test_no_minute_sees_more_than_its_limit(per_minute: int, gaps: list[float]) -> None:
    bucket, now, taken = Bucket(per_minute, 0.0), 0.0, []
    for gap in gaps:
        now += gap
        now += bucket.delay(1, now)
        bucket.take(1, now)
        taken.append(now)
    for first in taken:
        assert sum(first <= one < first + 59.99 for one in taken) <= max(per_minute, 1)


def test_what_is_larger_than_the_bucket_waits_until_it_is_full_and_leaves_a_debt() -> None:
    bucket = Bucket(600, 0.0)  # 60 at once, 9 a second
    assert bucket.delay(500, 0.0) == 0
    bucket.take(500, 0.0)
    assert bucket.delay(60, 0.0) == pytest.approx(500 / 9)
    bucket.take(-500, 0.0)  # it was not used after all
    assert bucket.delay(60, 0.0) == 0
    assert bucket.delay(60, -100.0) == 0  # a clock that goes back


def test_after_a_failure_one_call_at_a_time_goes_out_until_one_is_answered() -> None:
    pace = Pace()
    bursts = [pace.begin({}, 0.0) for _ in range(32)]
    assert [pace.failed(burst, None, 0.0, refused=False) for burst in bursts] == [True] + [False] * 31
    pace.running = 0
    assert 0 < pace.delay({}, 0, 0.0) <= 0.5
    burst = pace.begin({}, 1.0)
    assert pace.delay({}, 0, 1.0) == float("inf")
    assert pace.failed(burst, None, 1.0, refused=False)
    assert pace.paused(1.0) == 1.0  # twice the first
    pace.succeeded()
    assert pace.delay({}, 0, 3.0) == 0


def test_a_refusal_halves_the_calls_at_once_and_answers_bring_them_back() -> None:
    pace = Pace()
    bursts = [pace.begin({}, 0.0) for _ in range(16)]
    pace.failed(bursts[0], 0.0, 0.0, refused=True)
    pace.succeeded()
    pace.running = 7
    assert pace.delay({}, 0, 0.0) == 0
    pace.running = 8
    assert pace.delay({}, 0, 0.0) == float("inf")
    for _ in range(12):
        pace.succeeded()
    assert pace.delay({}, 0, 0.0) == 0


def test_limits_learnt_survive_a_restart_and_a_persons_own_lower_ones_hold(rooms: Rooms) -> None:
    made = rooms.add(rpm=10)
    rooms.router.learn(made, {"X-RateLimit-Limit-Requests": "500", "x-ratelimit-limit-tokens": "9000"}, 200)
    again = rooms.again()
    assert again.router.learnt(made) == {"rpm": 500, "tpm": 9000}
    assert again.router._limits._in_force(made) == {"rpm": 10, "tpm": 9000}
    again.db.close()


def test_a_long_pause_survives_a_restart_and_a_person_can_end_it(rooms: Rooms) -> None:
    made = rooms.add()
    rooms.router.learn(made, {"Retry-After": "600"}, 429)
    assert rooms.router.paused(made) == 600
    rooms.clock.pass_by(60)
    again = rooms.again()
    assert again.router.paused(made) == pytest.approx(540, abs=1)
    again.router.reset(made.uid)
    assert again.router.paused(made) == 0
    assert again.again().router.paused(made) == 0
    again.db.close()


def _real(rooms: Rooms) -> Router:
    return Router(rooms.db, rooms.endpoints, rooms.prices)


def test_waiting_ends_with_a_cancel(rooms: Rooms) -> None:
    made, router = rooms.add(), _real(rooms)
    router.learn(made, {"retry-after": "60"}, 429)
    stopped = threading.Event()

    def check() -> None:
        if stopped.is_set():
            raise Cancelled

    timer = threading.Timer(0.2, stopped.set)
    timer.start()
    begun = time.monotonic()
    with pytest.raises(Cancelled), router.slot(made, 1, 1, check):
        pytest.fail("It did not wait.")
    assert time.monotonic() - begun < 20
    timer.join()


def test_a_call_waits_for_its_turn_and_for_the_pause(rooms: Rooms) -> None:
    made, router = rooms.add(concurrency=2), _real(rooms)
    running, most, lock = 0, 0, threading.Lock()
    begun = time.monotonic()
    router.learn(made, {"retry-after-ms": "120"}, 200)

    def call() -> None:
        nonlocal running, most
        with router.slot(made, 10, 10) as slot:
            with lock:
                running += 1
                most = max(most, running)
            slot.used(Usage(5, 5))
            with lock:
                running -= 1

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most <= 2
    assert time.monotonic() - begun >= 0.12
