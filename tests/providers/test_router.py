"""Whom to ask first, who is left out and why, and the breaker that stops asking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.errors import NoTeacher
from forge_desktop.providers.records import ChatRequest, Turn
from tests.providers.rooms import Rooms


@pytest.fixture
def rooms(data_dir: Path) -> Iterator[Rooms]:
    made = Rooms(data_dir)
    yield made
    made.db.close()


def _order(rooms: Rooms, *among: str) -> list[str]:
    return [endpoint.name for endpoint in rooms.router.order("answer", among)[0]]


def _why(rooms: Rooms, *among: str) -> dict[str, str]:
    return {endpoint.name: why for endpoint, why in rooms.router.order("answer", among)[1]}


def test_order_is_by_priority_and_everyone_left_out_has_a_reason(rooms: Rooms) -> None:
    rooms.add("Second", priority=2)
    rooms.add("First", priority=1)
    rooms.add("Unknown terms", priority=3, may_train="unknown")
    rooms.add("Forbidden", may_train="no")
    rooms.add("Off", enabled=False)
    rooms.add("Free", priced=False)
    rooms.add("Judge", roles=("judge",))
    assert _order(rooms) == ["First", "Second", "Unknown terms"]
    assert _why(rooms) == {
        "Forbidden": "The terms of Forbidden forbid training a model with its answers.",
        "Off": "Off is switched off.",
        "Free": "The price of Free is not known; type it in.",
    }


def test_a_choice_among_them_has_its_own_order(rooms: Rooms) -> None:
    first, second = rooms.add("A", priority=1), rooms.add("B", priority=2)
    rooms.add("J", roles=("judge",))
    assert _order(rooms, second.uid, "a", first.uid) == ["B", "A"]
    assert _why(rooms, "J") == {"J": "J does not have the role answer."}
    with pytest.raises(ForgeError, match="no endpoint called Z"):
        rooms.router.order("answer", ["Z"])


def test_terms_that_forbid_training_block_teaching_only(rooms: Rooms) -> None:
    rooms.add("Student", may_train="no", roles=("student", "answer"))
    assert rooms.router.order("answer")[0] == []
    assert [endpoint.name for endpoint in rooms.router.order("student")[0]] == ["Student"]


def test_what_does_not_fit_is_said(rooms: Rooms) -> None:
    made = rooms.add(context=1000, max_output=500)
    request = ChatRequest((Turn("user", "x" * 3000),), 400)
    assert rooms.router.too_small(made, request).startswith("Teacher takes 1,000 tokens;")
    assert rooms.router.too_small(made, ChatRequest((Turn("user", "x"),), 501)) == (
        "Teacher answers with 500 tokens at most, not 501."
    )
    assert rooms.router.too_small(made, ChatRequest((Turn("user", "x"),), 500)) == ""


def test_five_failures_in_a_row_open_the_breaker_until_a_person_resets_it(rooms: Rooms) -> None:
    made = rooms.add()
    for status in (500, 529, 0, 503):
        rooms.router.learn(made, {}, status)
    rooms.router.learn(made, {}, 200)  # the row is broken
    for status in (500, 400, 422, 429, 503, 0):
        rooms.router.learn(made, {}, status)
    assert rooms.router.blocked(made.uid) == ""  # what is wrong with a request speaks against the request
    rooms.told.clear()
    rooms.router.learn(made, {}, 500)
    assert _why(rooms) == {"Teacher": "Teacher failed 5 times in a row and is not asked any more."}
    assert rooms.told == ["endpoints"]
    with pytest.raises(NoTeacher, match="failed 5 times"), rooms.router.slot(made, 1, 1):
        pytest.fail("It is blocked.")
    again = rooms.again()
    assert again.router.blocked(made.uid) != ""
    again.router.learn(made, {}, 200)  # an answer to an earlier call does not close it
    assert again.router.blocked(made.uid) != ""
    again.router.reset(made.uid)
    assert _order(again) == ["Teacher"]
    for _ in range(4):
        again.router.learn(made, {}, 500)
    third = again.again()
    third.router.learn(made, {}, 500)  # failures are counted across restarts
    assert third.router.blocked(made.uid) != ""
    third.db.close()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_opens_it_at_once(rooms: Rooms, status: int) -> None:
    made = rooms.add()
    rooms.router.learn(made, {}, status)
    assert rooms.router.blocked(made.uid) == f"The key was refused by Teacher (status {status})."


def test_whoever_refuses_every_request_is_not_asked_for_ever(rooms: Rooms) -> None:
    made = rooms.add()
    rooms.router.learn(made, {}, 402)
    assert rooms.router.blocked(made.uid) == "Teacher wants to be paid before it answers (status 402)."
    rooms.router.reset(made.uid)
    for status in [400] * 19 + [200] + [404] * 19:
        rooms.router.learn(made, {}, status)
    assert rooms.router.blocked(made.uid) == ""
    rooms.router.learn(made, {}, 404)
    assert rooms.router.blocked(made.uid) == "Teacher refused 20 requests in a row (status 404)."


def test_another_key_or_address_closes_it(rooms: Rooms) -> None:
    made = rooms.add()
    rooms.router.learn(made, {}, 401)
    rooms.endpoints.change(made.uid, name="T2")
    assert rooms.router.blocked(made.uid) != ""
    rooms.endpoints.change(made.uid, key="another-key-123")
    assert rooms.router.blocked(made.uid) == ""
