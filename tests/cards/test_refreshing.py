"""Drafts follow what was changed a moment before a crash, at the next opening; where nothing was, nothing is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from forge_desktop.cards.filling.filler import Filler
from forge_desktop.cards.records import Kind, Value
from forge_desktop.providers.records import Rates
from forge_desktop.students.records_measure import Measurement, MeasureWish
from forge_desktop.students.store_measurements import Measurements
from tests.cards.conftest import CardRoom


def stale(room: CardRoom, name: str) -> list[str]:
    """What a check calls stale in a card."""
    return [field for field, _ in room.cards.check(name).stale]


def state(room: CardRoom, name: str) -> object:
    """What the card says of the version's state."""
    return room.shown(name, "registry")


@contextmanager
def crash(room: CardRoom) -> Iterator[None]:
    """What is done within is kept, and nobody told cards of it; then the application is opened anew."""
    room.cards.close()
    yield
    room.again()


def test_a_promotion_before_a_crash_is_on_the_cards_at_the_next_opening(room: CardRoom) -> None:
    room.adapter()
    before = state(room, "v1"), state(room, "v2")
    students = room.forge.students
    published = next(one for one in students.registry.versions() if one.label == "v3")
    with crash(room):
        students.activate(next(one.id for one in students.list() if not one.active))
    assert (state(room, "v2"), state(room, "v1")) != before
    assert stale(room, "v1") == stale(room, "v2") == stale(room, "v3") == []
    assert room.forge.students.registry.card_of(published.uid) is not None


def test_a_benchmark_and_a_price_before_a_crash_are_on_the_cards_at_the_next_opening(room: CardRoom) -> None:
    providers = room.forge.providers
    made = providers.endpoints.add(providers.endpoints.draft("Ours", "https://llm.example/v1", "m-1"))
    providers.prices.set(made, Rates(150_000, 600_000))
    version = room.forge.students.registry.version("v1")
    figures = {"generation_speed": {"p5": 8.0, "p50": 9.0, "p95": 9.5, "n": 20}, "context": 2048}
    changed = room.cards.get("v1").changed
    one = Measurement(
        "m", version.uid, "v1", version.base_sha256, "", 1.0, "b1", "CPU", {}, MeasureWish(), figures, changed + 1
    )
    with crash(room):
        providers.prices.set(made, Rates(200_000, 600_000))
        Measurements(room.forge.students._around.db).add(one)
    assert room.shown("Ours", "price_input") == 200_000
    assert stale(room, "Ours") == []
    shown = room.cards.get("v1").fields["generation_speed"].measured
    assert isinstance(shown, Value)
    assert shown.data == {"p50": 9.0, "p95": 9.5}


def test_opening_makes_no_value_of_a_version_where_nothing_differs(room: CardRoom) -> None:
    room.adapter()
    asked: list[str] = []

    class Counting(Filler):
        def cheap(self, kind: Kind, subject: str) -> dict[str, Value]:
            asked.append(subject)
            return super().cheap(kind, subject)

    cards = room.again()
    cards._refreshing._filler = Counting(room.forge.students._around, room.forge.students)
    cards._refreshing.at_opening()
    assert asked == []
