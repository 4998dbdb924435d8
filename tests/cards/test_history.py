"""Cards are kept as numbered versions, compared field by field, restored, and never lost to what is taken in."""

from __future__ import annotations

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.records import Value
from tests.cards.completing import complete
from tests.cards.conftest import CardRoom


def test_versions_are_compared_and_restored(room: CardRoom) -> None:
    complete(room.forge, "v1")
    room.cards.set("v1", "intended_use", "Reads.")
    room.cards.not_applicable("v1", "intended_use", "")
    room.cards.history.publish("v1", note="First")
    room.cards.history.reopen("v1")
    room.cards.set("v1", "intended_use", "Reads and writes.")
    room.cards.set("v1", "licence", "MIT")
    room.cards.not_applicable("v1", "licence", "")
    room.measured("v1", parameters=Value(7, "", "measured", "file"))
    newest = room.cards.history.versions("v1")[0]
    changes = {change.field: change for change in room.cards.history.diff("v1", number_a=newest.number)}
    assert set(changes) >= {"intended_use", "licence"}
    assert (changes["intended_use"].before, changes["intended_use"].after) == ("Reads.", "Reads and writes.")
    assert changes["licence"].after == "MIT"
    assert changes["licence"].what == "Licence: not applicable: It is a test's. → MIT"
    assert room.cards.history.diff("v1") == []
    old = room.cards.history.version("v1", newest.number)
    assert (old.state, old.can_undo) == ("published", False)
    restored = room.cards.history.restore("v1", newest.number)
    assert restored.fields["intended_use"].hand is not None
    assert restored.fields["intended_use"].hand.data == "Reads."
    assert room.shown("v1", "parameters") == 7  # what was measured since stays
    kept = room.cards.history.versions("v1")[0]
    assert (kept.published, kept.note) == (False, f"As it was before version {newest.number} was restored.")
    room.cards.history.undo("v1")
    assert room.shown("v1", "licence") == "MIT"
    with pytest.raises(ForgeError, match="has no version 99"):
        room.cards.history.version("v1", 99)
    with pytest.raises(ForgeError, match="has no version 99"):
        room.cards.history.restore("v1", 99)


def test_two_cards_are_compared(room: CardRoom) -> None:
    one, other = room.cards.new("teacher", "One").uid, room.cards.new("teacher", "Other").uid
    room.cards.set(one, "price_input", "0.15")
    room.cards.set(other, "price_input", "2.50")
    room.cards.set(other, "latency", "120 / 340 ms")
    changes = {change.field: change.what for change in room.cards.history.diff(one, other)}
    assert changes["price_input"] == "Price of input, a million tokens: $0.15 → $2.50"
    assert changes["latency"] == "Time of a whole answer: 120 / 340 ms"
    assert {change.field for change in room.cards.history.diff(other, one)} == set(changes)


def test_what_is_taken_in_never_loses_what_was_there(room: CardRoom) -> None:
    room.cards.set("v1", "intended_use", "Mine.")
    room.cards.set("v1", "safety", "Mine too.")
    before = room.cards.get("v1")
    values = {
        "intended_use": Value("Theirs.", source="import"),
        "licence": Value("apache-2.0", source="import", detail={"file": "README.md"}),
        "contact": Value("nowhere"),
        "no_field": Value("x"),
    }
    refused = room.cards.history.adopt("v1", values, not_applicable={"users": "Anybody."}, document="# Theirs\n")
    assert {problem.field for problem in refused} == {"contact", "no_field"}
    card = room.cards.get("v1")
    assert card.fields["intended_use"].hand is not None
    assert (card.fields["intended_use"].hand.data, card.fields["intended_use"].hand.source) == ("Theirs.", "import")
    assert card.fields["users"].not_applicable == "Anybody."
    assert room.shown("v1", "safety") == "Mine too."
    assert card.document == "# Theirs\n"
    kept = room.cards.history.versions("v1")[0]
    assert room.cards.history.version("v1", kept.number).fields == before.fields
    room.cards.history.undo("v1")
    assert room.cards.get("v1").fields == before.fields
    assert room.cards.get("v1").document == before.document


def test_versions_are_told_apart_by_what_they_hold(room: CardRoom) -> None:
    complete(room.forge, "v1")
    first = room.cards.history.publish("v1")
    room.cards.history.reopen("v1")
    room.cards.set("v1", "summary", "More.")
    second = room.cards.history.publish("v1", who="command line")
    assert second.number == first.number + 1
    assert first.sha256 != second.sha256
    assert [version.number for version in room.cards.history.versions("v1")] == [second.number, first.number]
    cards = room.again()
    assert cards.history.versions("v1") == [second, first]
    assert cards.get("v1").state == "published"
