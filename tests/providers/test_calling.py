"""One call: paid once, charged whenever it may have been billed, given back only when it provably was not."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.providers.errors import CallFailed, CapReached, Offline
from forge_desktop.providers.records import Purpose, Rates
from tests.providers.room import Room, asked, open_room, work
from tests.providers.teacher import GARBAGE, Fault, Teacher, redirect, storm

WIRES = ("openai", "anthropic", "gemini")


@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_is_streamed_settled_and_kept(room: Room, wire: str) -> None:
    with Teacher(lambda body: "Forty-two, said the machine.", thinking="hmm, let me see") as teacher:
        endpoint = room.add(teacher, wire=wire)
        pieces: list[str] = []
        thoughts: list[str] = []
        answer = room.providers.ask(endpoint.uid, asked(), work(), on_text=pieces.append, on_thinking=thoughts.append)
        assert answer.text == "Forty-two, said the machine." == "".join(pieces)
        assert answer.thinking == "hmm, let me see" == "".join(thoughts)
        assert len(pieces) == 4
        assert (answer.stop, answer.reused, answer.model) == ("end", False, "teacher-small")
        assert answer.usage is not None
        assert answer.usage.output > teacher.tokens("hmm, let me see") > 0
        assert room.states() == ["settled"]
        assert room.charged() == answer.cost == teacher.bill
        assert answer.first_token_milliseconds is not None
        assert 0 < answer.cost <= room.attempts()[0].worst


@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_that_comes_whole(room: Room, wire: str) -> None:
    with Teacher(thinking="hmm") as teacher:
        endpoint = room.add(teacher, wire=wire, dialect=("no_stream",))
        pieces: list[str] = []
        answer = room.providers.ask(endpoint.uid, asked(), work(), on_text=pieces.append)
        assert pieces == [answer.text] == ["The answer is 42 [1]."]
        assert (answer.thinking, room.charged()) == ("hmm", teacher.bill)
        assert "stream" not in teacher.bodies[0]


@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_cut_at_its_length_says_so(room: Room, teacher: Teacher, wire: str) -> None:
    teacher.answer = lambda body: "word " * 200
    answer = room.providers.ask(room.add(teacher, wire=wire).uid, asked(max_tokens=20), work())
    assert answer.stop == "length"
    assert room.charged() == teacher.bill


def test_nothing_is_paid_twice(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    first = room.providers.ask(endpoint.uid, asked(), work())
    again = room.providers.ask(endpoint.uid, asked("Another question"), work())  # the same task and step
    equal = room.providers.ask(endpoint.uid, asked(), work("task-2"))  # another task, the same request
    assert (again.reused, again.text, again.attempt) == (True, first.text, first.attempt)
    assert (equal.reused, equal.attempt) == (True, first.attempt)
    assert room.providers.found(endpoint.uid, asked(), work("task-3")) is not None
    assert len(teacher.calls) == 1
    repeated = room.providers.ask(endpoint.uid, asked(), work(repeat=1))
    assert not repeated.reused
    assert len(teacher.calls) == 2
    assert 0 <= room.charged() - teacher.bill < 2  # each call is rounded up, the bill once


def test_equal_requests_at_once_are_paid_once(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    teacher.always = Fault(seconds=0.15)
    answers: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda n=n: answers.append(room.providers.ask(endpoint.uid, asked(), work(f"task-{n}")))
        )
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(answer.reused for answer in answers) == [False] + [True] * 5
    assert len(teacher.calls) == 1


def test_thirty_two_calls_at_once(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    teacher.always = Fault(seconds=0.3)
    errors: list[BaseException] = []

    def call(n: int) -> None:
        try:
            room.providers.ask(endpoint.uid, asked(f"Question {n}"), work(f"task-{n}"))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not errors
    assert room.states() == ["settled"] * 32
    assert teacher.busiest > 16
    assert room.charged() >= teacher.bill


def test_connections_are_kept_for_the_next_call(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    for n in range(5):
        room.providers.ask(endpoint.uid, asked(f"Question {n}"), work(f"task-{n}"))
    assert (len(teacher.calls), teacher.connections) == (5, 1)


def test_a_connection_that_was_closed_meanwhile_is_not_used_again(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    teacher.always = Fault(then="leave")
    for n in range(5):
        with teacher.arrived:
            assert teacher.arrived.wait_for(lambda: teacher.open == 0, 5)
        room.providers.ask(endpoint.uid, asked(f"Question {n}"), work(f"task-{n}"))
    assert room.states() == ["settled"] * 5
    assert teacher.connections == 5


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 429])
def test_what_is_refused_is_given_back(room: Room, teacher: Teacher, status: int) -> None:
    endpoint = room.add(teacher)
    teacher.next(storm(status, "7"))
    with pytest.raises(CallFailed) as caught:
        room.providers.ask(endpoint.uid, asked(), work())
    error = caught.value
    assert (error.charged, error.status, error.after, error.again) == (False, status, 7.0, status == 429)
    assert "Teacher" in error.message
    assert (room.states(), room.charged(), teacher.bill) == (["released"], 0, 0)
    assert len(teacher.calls) == 1  # never tried again by itself


@pytest.mark.parametrize("status", [500, 502, 503, 529, 408, 307, 206])
def test_what_may_have_been_billed_stays_charged(room: Room, teacher: Teacher, status: int) -> None:
    endpoint = room.add(teacher)
    teacher.next(storm(status, billed=True))
    with pytest.raises(CallFailed) as caught:
        room.providers.ask(endpoint.uid, asked(), work())
    assert caught.value.charged
    assert room.states() == ["unknown"]
    assert room.charged() == room.attempts()[0].worst >= teacher.bill > 0
    assert len(teacher.calls) == 1


def test_a_redirect_is_not_followed(room: Room, teacher: Teacher) -> None:
    with Teacher() as other:
        endpoint = room.add(teacher)
        teacher.next(redirect(other.url + "/chat/completions"))
        with pytest.raises(CallFailed, match="never followed"):
            room.providers.ask(endpoint.uid, asked(), work())
        assert (len(teacher.calls), other.connections) == (1, 0)
    assert room.states() == ["unknown"]


def test_garbage_stays_charged(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    bodies = [
        b"",
        b"[]",
        b"null",
        b'{"choices": []}',
        b'{"choices": [{"message": 7}]}',
        b'{"error": {"message": "no"}}',
    ]
    teacher.next(GARBAGE, *(Fault(body=body, billed=True) for body in bodies))
    for n in range(len(bodies) + 1):
        with pytest.raises(CallFailed) as caught:
            room.providers.ask(endpoint.uid, asked(), work(f"task-{n}"))
        assert caught.value.charged
        room.providers.router.reset(endpoint.uid)
    assert set(room.states()) == {"unknown"}
    assert room.charged() >= teacher.bill > 0


ODD = [
    None,
    "null",
    [],
    "many",
    {},
    {"prompt_tokens": None, "completion_tokens": 3},
    {"prompt_tokens": 5},
    {"prompt_tokens": -5, "completion_tokens": 3},
    {"prompt_tokens": "5", "completion_tokens": 3},
    {"prompt_tokens": True, "completion_tokens": 3},
    {"prompt_tokens": float("nan"), "completion_tokens": 3},
    {"prompt_tokens": 5.5, "completion_tokens": 3},
    {"prompt_tokens": 10**15, "completion_tokens": 3},
    {"prompt_tokens": 5, "completion_tokens": 0},
    {"prompt_tokens": 0, "completion_tokens": 0},
    {"prompt_tokens_details": {"cached_tokens": 3}},
    {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 9}},
    {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": "x"},
]


@pytest.mark.parametrize("stream", [True, False])
def test_odd_usage_keeps_the_answer_and_the_charge(room: Room, teacher: Teacher, stream: bool) -> None:
    endpoint = room.add(teacher, dialect=() if stream else ("no_stream",))
    for n, usage in enumerate(ODD):
        teacher.next(Fault(usage=usage))
        answer = room.providers.ask(endpoint.uid, asked(), work(f"task-{n}", repeat=n))
        attempt = room.attempts()[-1]
        assert (attempt.state, attempt.cost, answer.usage) == ("unknown", attempt.worst, None), usage
        assert answer.text == "The answer is 42 [1]."
        assert attempt.note
    assert room.charged() >= teacher.bill
    assert room.providers.found(endpoint.uid, asked(), work("task-0")) is not None  # it was paid: never again


@pytest.mark.parametrize("wire", ["anthropic", "gemini"])
@pytest.mark.parametrize("usage", [None, "null", {"input_tokens": "x"}, {"promptTokenCount": -1}, []])
def test_odd_usage_of_the_other_wires(room: Room, teacher: Teacher, wire: str, usage: Any) -> None:
    teacher.next(Fault(usage=usage), Fault(usage=usage))
    for n, dialect in enumerate([(), ("no_stream",)]):
        endpoint = room.add(teacher, name=f"T{n}", wire=wire, dialect=dialect)
        answer = room.providers.ask(endpoint.uid, asked(), work(f"task-{n}", repeat=n))
        assert (answer.usage, room.states()[-1]) == (None, "unknown")


def test_missing_usage_of_a_free_server_on_this_machine_leaves_no_doubt(room: Room, teacher: Teacher) -> None:
    endpoint = room.add_at(teacher.url, "Local", Rates(0, 0))
    teacher.next(Fault(usage=None))
    answer = room.providers.ask(endpoint.uid, asked(), work())
    assert (answer.cost, room.states(), room.charged()) == (0, ["settled"], 0)


def test_more_than_was_reserved_is_booked_and_stops(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    teacher.next(Fault(usage={"prompt_tokens": 90_000, "completion_tokens": 90_000}))
    answer = room.providers.ask(endpoint.uid, asked(), work())
    assert answer.cost == 90_000 * 750_000 // 1_000_000 > room.attempts()[0].worst
    assert room.providers.ledger.stopped
    with pytest.raises(ForgeError):
        room.providers.ask(endpoint.uid, asked("More"), work("task-2"))
    assert len(teacher.calls) == 1


def test_reasoning_beside_the_output_is_counted(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    details = {"completion_tokens_details": {"reasoning_tokens": 30}, "total_tokens": 60}
    teacher.next(Fault(usage={"prompt_tokens": 20, "completion_tokens": 10, **details}))
    usage = room.providers.ask(endpoint.uid, asked(), work()).usage
    assert usage is not None
    assert (usage.output, usage.reasoning) == (40, 30)


def test_no_call_without_a_price_a_cap_or_headroom(room: Room, teacher: Teacher) -> None:
    unpriced = room.add_at(teacher.url, "Unpriced", None)
    with pytest.raises(ForgeError, match="price of Unpriced"):
        room.providers.ask(unpriced.uid, asked(), work())
    endpoint = room.add(teacher)
    worst = room.providers.worst(endpoint.uid, asked())
    room.providers.ledger.open_run("small", worst - 1)
    with pytest.raises(CapReached):
        room.providers.ask(endpoint.uid, asked(), work(run="small"))
    assert (teacher.connections, room.states()) == (0, [])


def test_what_cannot_be_reached_is_given_back(room: Room) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        endpoint = room.add_at(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", "Nobody", Rates(10, 10))
        with pytest.raises(CallFailed, match="could not be") as caught:
            room.providers.ask(endpoint.uid, asked(), work())
    assert not caught.value.charged
    nowhere = room.add_at("https://nowhere.invalid/v1", "Nowhere", Rates(10, 10))
    with pytest.raises(CallFailed, match="could not be"):
        room.providers.ask(nowhere.uid, asked(), work())
    assert room.states() == ["released", "released"]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("then", ["cut", "reset"])
def test_a_stream_cut_anywhere_stays_charged(data_dir: Path, wire: str, then: str) -> None:
    with Teacher("one two three four") as teacher, open_room(data_dir, cap=10**9) as room:
        endpoint = room.add(teacher, wire=wire)
        for n, after in enumerate(range(0, 400, 33)):
            teacher.next(Fault(after=after, then=then))
            with pytest.raises(CallFailed) as caught:
                room.providers.ask(endpoint.uid, asked(), work(f"task-{n}"))
            assert caught.value.charged
            room.providers.router.reset(endpoint.uid)
        assert set(room.states()) == {"unknown"}
        assert room.charged() >= teacher.bill > 0


@pytest.mark.full
def test_a_stream_cut_after_every_byte(data_dir: Path) -> None:
    with Teacher("one two three four") as teacher, open_room(data_dir, cap=10**9) as room:
        endpoint = room.add(teacher)
        for after in range(400):
            teacher.next(Fault(after=after, then="cut"))
            with pytest.raises(CallFailed):
                room.providers.ask(endpoint.uid, asked(), work(f"task-{after}"))
            room.providers.router.reset(endpoint.uid)
        assert room.charged() >= teacher.bill > 0


def test_an_answer_that_is_whole_but_loses_its_usage_is_kept(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    whole = room.providers.ask(endpoint.uid, asked(), work())
    with Teacher() as other:
        streamed = room.add(other, name="Cut")
        # everything up to the usage: found by asking the well-behaved teacher the same
        text = _stream_of(other, streamed.model)
        other.next(Fault(after=text.rindex("data: {", 0, text.index('"choices": []')) + 3, then="cut"))
        answer = room.providers.ask(streamed.uid, asked(), work(repeat=1))
    assert (answer.text, answer.usage, answer.stop) == (whole.text, None, "end")
    assert room.states() == ["settled", "unknown"]


def _stream_of(teacher: Teacher, model: str) -> str:
    import httpx

    body = {"model": model, "max_tokens": 64, "stream": True, "stream_options": {"include_usage": True}, "messages": []}
    return httpx.post(teacher.url + "/chat/completions", json=body, trust_env=False).text


@pytest.mark.parametrize("fault", [Fault(then="hang"), Fault(after=120, then="hang"), Fault(seconds=5)])
def test_a_teacher_that_hangs_is_given_up(room: Room, teacher: Teacher, fault: Fault) -> None:
    endpoint = room.add(teacher)
    teacher.next(fault)
    began = time.monotonic()
    with pytest.raises(CallFailed, match=r"within 0\.3 seconds") as caught:
        room.providers.ask(endpoint.uid, asked(), work(), seconds=0.3)
    assert time.monotonic() - began < 3
    assert caught.value.charged
    assert room.states() == ["unknown"]


@pytest.mark.parametrize("fault", [Fault(then="hang"), Fault(after=150, then="hang"), Fault(pause=0.05)])
def test_a_cancelled_call_stops_at_once_and_stays_charged(room: Room, teacher: Teacher, fault: Fault) -> None:
    endpoint = room.add(teacher)
    teacher.answer = lambda body: "word " * 60
    teacher.next(fault)
    told = threading.Event()
    stopped: list[float] = []

    def check() -> None:
        if told.is_set():
            raise Cancelled

    def call() -> None:
        with pytest.raises(Cancelled):
            room.providers.ask(endpoint.uid, asked(max_tokens=500), work(), check=check)
        stopped.append(time.monotonic())

    thread = threading.Thread(target=call)
    thread.start()
    teacher.wait(1)
    at = time.monotonic()
    told.set()
    thread.join(10)
    assert stopped[0] - at < 2  # a tenth of a second on an idle machine
    assert room.states() == ["unknown"]
    assert room.charged() >= teacher.bill


def test_a_call_cancelled_before_it_left_costs_nothing(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)

    def check() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        room.providers.ask(endpoint.uid, asked(), work(), check=check)
    assert (room.charged(), teacher.connections) == (0, 0)


def test_a_stream_longer_than_was_asked_for_is_cut(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    lines = [b'data: {"choices": [{"index": 0, "delta": {"content": "%b"}}]}\n\n' % (b"x" * 100) for _ in range(100)]
    teacher.next(Fault(body=b"".join(lines), headers={"Content-Type": "text/event-stream"}, billed=True))
    with pytest.raises(CallFailed, match="longer than was asked for"):
        room.providers.ask(endpoint.uid, asked(max_tokens=16), work())
    assert room.states() == ["unknown"]


def test_offline_opens_nothing_and_stops_what_runs(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    room.settings.change(offline=True)
    with pytest.raises(Offline):
        room.providers.ask(endpoint.uid, asked(), work())
    with pytest.raises(Offline):
        room.providers.may_connect("example.com")
    assert (teacher.connections, room.states()) == (0, [])
    room.settings.change(offline=False)
    teacher.next(Fault(then="hang"))
    failed: list[BaseException] = []

    def call() -> None:
        try:
            room.providers.ask(endpoint.uid, asked(), work())
        except Offline as error:
            failed.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    teacher.wait(1)
    room.settings.change(offline=True)
    thread.join(10)
    assert len(failed) == 1
    assert room.states() == ["unknown"]


def test_a_test_of_an_endpoint_pays_through_the_ledger(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    good = room.providers.test(endpoint.uid)
    assert (good.ok, good.text, good.cost) == (True, "The answer is 42 [1].", teacher.bill)
    assert room.providers.test(endpoint.uid).ok  # never answered from what was paid
    assert len(teacher.calls) == 2
    teacher.next(storm(401))
    bad = room.providers.test(endpoint.uid)
    assert not bad.ok
    assert "refused the key" in bad.message
    assert [attempt.purpose.kind for attempt in room.attempts()] == ["test"] * 3


def test_vectors_are_paid_through_the_same_ledger(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher, roles=("embedder",))
    texts = [f"passage {n}" for n in range(130)]
    purpose = Purpose("embedder", "run-1")
    vectors = room.providers.embed(endpoint.uid, texts, purpose)
    assert (len(vectors), len(vectors[0]), len(teacher.calls)) == (130, 8, 3)
    assert vectors[0] == room.providers.embed(endpoint.uid, texts[:1], purpose)[0]
    assert room.states() == ["settled"] * 4
    assert room.charged() >= teacher.bill > 0
    teacher.next(Fault(body=b'{"data": [{"embedding": [1.0]}]}', billed=True), Fault(usage=None))
    with pytest.raises(CallFailed, match="vectors"):
        room.providers.embed(endpoint.uid, texts[:2], purpose)
    assert len(room.providers.embed(endpoint.uid, texts[:2], purpose)) == 2
    assert room.states()[-2:] == ["unknown", "unknown"]
    assert room.providers.test(endpoint.uid).message == "Teacher gives vectors of 8 numbers."
