"""Teachers are asked in turn, within their limits, three times for life a step; a storm ends by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.providers.errors import AttemptsUsed, CallFailed, CapReached, NoTeacher, Offline
from forge_desktop.providers.records import PaidAnswer
from tests.providers.room import Room, asked, open_room, work
from tests.providers.teacher import Fault, Teacher, storm

_TIMES = 50


class Hasty:
    """A clock that goes fifty times as fast, so that pauses are short; it adds up the time that went by."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic() * _TIMES


@pytest.fixture
def room(data_dir: Path) -> Iterator[Room]:
    with open_room(data_dir, cap=100_000_000, clock=Hasty()) as made:
        yield made


@pytest.fixture
def second() -> Iterator[Teacher]:
    with Teacher("The second one says 43.") as made:
        yield made


def _teach(room: Room, task: str = "task-1", **more: object) -> PaidAnswer:
    return room.providers.teach("answer", asked(f"What of {task}?"), work(task), **more)  # type: ignore[arg-type]


def _ends_well(room: Room, *teachers: Teacher) -> None:
    assert sum(teacher.bill for teacher in teachers) <= room.charged()
    assert room.providers.ledger.verify() == []


def test_the_first_in_order_answers(room: Room, teacher: Teacher, second: Teacher) -> None:
    room.add(second, "Second", priority=2)
    first = room.add(teacher, "First", priority=1)
    answer = _teach(room)
    assert (answer.endpoint, answer.text, answer.reused) == (first.uid, "The answer is 42 [1].", False)
    assert (len(teacher.calls), len(second.calls)) == (1, 0)
    _ends_well(room, teacher, second)


def test_what_was_paid_is_not_paid_again_even_when_nobody_can_be_asked(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    paid = _teach(room)
    room.providers.endpoints.change(endpoint.uid, enabled=False)
    again = _teach(room)
    assert (again.text, again.reused, len(teacher.calls)) == (paid.text, True, 1)


def test_an_outage_goes_to_the_next_teacher_and_stays_charged(room: Room, teacher: Teacher, second: Teacher) -> None:
    room.add(teacher, "First", priority=1)
    room.add(second, "Second", priority=2)
    teacher.next(storm(503))
    assert _teach(room).text == "The second one says 43."
    assert room.states() == ["unknown", "settled"]
    _ends_well(room, teacher, second)


def test_a_refused_key_is_told_and_the_next_teacher_asked(room: Room, second: Teacher) -> None:
    with Teacher(key="the-right-key-1") as locked:
        endpoint = room.add(locked, "First", priority=1)
        room.providers.endpoints.change(endpoint.uid, key="a-wrong-key-234")
        room.add(second, "Second", priority=2)
        assert _teach(room).text == "The second one says 43."
        assert room.providers.router.blocked(endpoint.uid) == "The key was refused by First (status 401)."
        assert _teach(room, "task-2").text == "The second one says 43."
        assert len(locked.calls) == 1
        assert room.states() == ["released", "settled", "settled"]


def test_a_step_is_sent_three_times_for_life(room: Room, teacher: Teacher, data_dir: Path) -> None:
    room.add(teacher)
    teacher.always = storm(500)
    with pytest.raises(CallFailed):
        _teach(room)
    assert len(teacher.calls) == 3
    assert room.states() == ["unknown"] * 3
    teacher.always = None
    with pytest.raises(AttemptsUsed, match="sent 3 times without an answer"):
        _teach(room)
    room.providers.close()
    with open_room(data_dir, cap=100_000_000, clock=Hasty()) as again, pytest.raises(AttemptsUsed):
        _teach(again)
    assert len(teacher.calls) == 3


def test_five_failures_in_a_row_end_the_asking_until_a_reset(room: Room, teacher: Teacher, data_dir: Path) -> None:
    endpoint = room.add(teacher)
    teacher.always = storm(529)
    with pytest.raises(CallFailed):
        _teach(room, "task-1")
    with pytest.raises(CallFailed):
        _teach(room, "task-2")
    with pytest.raises(NoTeacher, match="failed 5 times in a row") as error:
        _teach(room, "task-3")
    assert error.value.code == "TEACHER"
    assert len(teacher.calls) == 5
    teacher.always = None
    room.providers.close()
    with open_room(data_dir, cap=100_000_000, clock=Hasty()) as again:
        with pytest.raises(NoTeacher):
            _teach(again, "task-3")
        assert len(teacher.calls) == 5
        again.providers.router.reset(endpoint.uid)
        assert _teach(again, "task-3").text == "The answer is 42 [1]."


def test_retry_after_is_honoured(room: Room, teacher: Teacher) -> None:
    room.add(teacher)
    teacher.next(storm(429, "8"))
    begun = time.monotonic()
    assert not _teach(room).reused
    assert (time.monotonic() - begun) * _TIMES >= 8
    assert room.states() == ["released", "settled"]
    _ends_well(room, teacher)


def test_who_asks_for_a_long_wait_is_passed_over_and_alone_not_waited_for(
    room: Room, teacher: Teacher, second: Teacher
) -> None:
    room.add(teacher, "First", priority=1)
    teacher.next(storm(429, "9000"))
    with pytest.raises(NoTeacher, match="First asks not to be called for 150 minutes"):
        _teach(room)
    room.add(second, "Second", priority=2)
    assert _teach(room).text == "The second one says 43."
    assert len(teacher.calls) == 1


def test_what_is_wrong_with_the_request_is_not_asked_again_of_the_same(
    room: Room, teacher: Teacher, second: Teacher
) -> None:
    room.add(teacher, "First", priority=1)
    teacher.always = Fault(status=413, body=b'{"error": {"message": "too much"}}', billed=False)
    with pytest.raises(CallFailed):
        _teach(room)
    assert len(teacher.calls) == 1
    room.add(second, "Second", priority=2)
    assert _teach(room).text == "The second one says 43."
    assert room.states() == ["released", "released", "settled"]


def test_reasons_are_given_when_nobody_can_be_asked(room: Room, teacher: Teacher) -> None:
    with pytest.raises(NoTeacher, match="No endpoint has the role answer"):
        _teach(room)
    room.add(teacher, "Small", context=50)
    room.add(teacher, "Barred", may_train="no")
    with pytest.raises(NoTeacher, match=r"Barred forbid training.*Small takes 50 tokens"):
        _teach(room)
    assert teacher.connections == 0


def test_a_cap_and_the_switch_are_no_reason_to_ask_the_next_one(
    data_dir: Path, teacher: Teacher, second: Teacher
) -> None:
    with open_room(data_dir, cap=1) as room:
        room.add(teacher, "First", priority=1)
        room.add(second, "Second", priority=2)
        with pytest.raises(CapReached):
            _teach(room)
        room.settings.change(offline=True)
        with pytest.raises(Offline):
            _teach(room)
        assert teacher.connections + second.connections == 0


def test_waiting_for_a_teacher_ends_with_a_cancel(data_dir: Path, teacher: Teacher) -> None:
    with open_room(data_dir) as room:
        endpoint = room.add(teacher)
        room.providers.router.learn(endpoint, {"retry-after": "200"}, 429)
        stop = threading.Event()

        def check() -> None:
            if stop.is_set():
                raise Cancelled

        timer = threading.Timer(0.15, stop.set)
        timer.start()
        with pytest.raises(Cancelled):
            _teach(room, check=check)
        timer.join()
        assert (room.states(), teacher.connections) == ([], 0)


@pytest.mark.parametrize(
    "fault",
    [storm(429), storm(429, "1"), storm(500), storm(529, "2"), storm(500, billed=True)],
    ids=["429", "429 and when", "500", "529 and when", "500 billed"],
)
def test_a_storm_is_bounded_and_every_task_ends_with_a_reason(room: Room, teacher: Teacher, fault: Fault) -> None:
    """Sixteen threads with a hundred tasks: one burst, four more tries one by one, then nobody is asked any more."""
    room.add(teacher)
    teacher.always = fault
    reasons: list[ForgeError] = []

    def task(n: int) -> None:
        with pytest.raises(ForgeError) as error:
            _teach(room, f"task-{n}")
        reasons.append(error.value)

    with ThreadPoolExecutor(16, thread_name_prefix="storm") as pool:
        list(pool.map(task, range(100)))
    assert len(reasons) == 100
    assert all(isinstance(reason, CallFailed | NoTeacher) for reason in reasons)
    assert len(teacher.calls) <= 16 + 4
    _ends_well(room, teacher)


def test_a_test_that_succeeds_lets_it_be_asked_again(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    teacher.next(storm(402))
    with pytest.raises(CallFailed):
        _teach(room)
    assert room.providers.router.blocked(endpoint.uid) != ""
    assert room.providers.test(endpoint.uid).ok
    assert _teach(room).text == "The answer is 42 [1]."


def test_an_embedder_keeps_to_its_limits_and_its_breaker_too(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher, roles=("embedder",))
    teacher.next(storm(429, "4"), storm(401))
    with pytest.raises(CallFailed):
        room.providers.embed(endpoint.uid, ["one"], work())
    begun = time.monotonic()
    with pytest.raises(CallFailed):
        room.providers.embed(endpoint.uid, ["one"], work())
    assert (time.monotonic() - begun) * _TIMES >= 3.5
    with pytest.raises(NoTeacher, match="key was refused"):
        room.providers.embed(endpoint.uid, ["one"], work())
    assert len(teacher.calls) == 2


def test_limits_that_are_told_are_kept_to(room: Room, teacher: Teacher) -> None:
    """120 a minute: 12 at once, then 1.8 a second."""
    room.add(teacher)
    teacher.headers = {"x-ratelimit-limit-requests": "120"}
    _teach(room, "first")
    begun = time.monotonic()
    with ThreadPoolExecutor(8, thread_name_prefix="limits") as pool:
        list(pool.map(lambda n: _teach(room, f"task-{n}"), range(30)))
    assert (time.monotonic() - begun) * _TIMES >= (30 - 12) / 1.8
    assert len(teacher.calls) == 31
    _ends_well(room, teacher)
