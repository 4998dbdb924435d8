"""Every version and endpoint has a card, made from its parent's; one whose subject is gone stays and can be changed."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.comparing import costs
from forge_desktop.cards.comparing import rows as compare_rows
from forge_desktop.cards.records import Value
from forge_desktop.forge import Forge
from forge_desktop.providers.records import Rates
from tests.cards.conftest import CardRoom
from tests.data import tiny_gguf


def kinds(room: CardRoom) -> list[tuple[str, str]]:
    """Kind and label of every card."""
    return [(entry.kind, entry.label) for entry in room.cards.entries()]


def endpoint(room: CardRoom, name: str, **fields: object) -> str:
    """An endpoint is added; its uid."""
    endpoints = room.forge.providers.endpoints
    return endpoints.add(endpoints.draft(name, "https://llm.example.org/v1", "some-model", **fields)).uid


def test_versions_and_endpoints_get_cards_when_they_are_made(room: CardRoom) -> None:
    assert kinds(room) == [("student", "v1")]
    room.adapter(name="handbook")
    endpoint(room, "Oracle")
    endpoint(room, "Vectors", roles=("embedder",))
    endpoint(room, "Stand-in", roles=("student",))
    assert kinds(room) == [
        ("adapter", "v3"),
        ("embedder", "Vectors"),
        ("student", "v1"),
        ("student", "v2"),
        ("teacher", "Oracle"),
        ("teacher", "Stand-in"),
    ]
    assert room.cards.ensure() == 0
    room.again()
    assert len(kinds(room)) == 6


def test_a_missing_card_is_made_when_the_application_opens(room: CardRoom, data_dir: Path) -> None:
    room.adapter()
    room.forge.close()
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db", isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("DELETE FROM cards")
    cards = room.again()
    assert len(cards.entries()) == 3
    assert room.forge.students.registry.card_of(cards.get("v3").subject) == tuple(
        cards.check("v3").completeness.missing
    )


def test_beside_the_owner_cards_are_read_and_nothing_is_written(room: CardRoom, data_dir: Path) -> None:
    room.cards.set("v1", "intended_use", "Reads.")
    with contextlib.closing(Forge(data_dir, holder="another", read_only=True)) as beside:
        assert [entry.label for entry in beside.cards.entries()] == ["v1"]
        assert beside.cards.get("v1").fields["intended_use"].shown is not None
        assert beside.cards.check("v1").card == beside.cards.get("v1").uid
        for change in (
            lambda: beside.cards.set("v1", "intended_use", "Writes."),
            lambda: beside.cards.history.undo("v1"),
            lambda: beside.cards.new("teacher", "x"),
            lambda: beside.cards.history.publish("v1"),
        ):
            with pytest.raises(ForgeError, match="owns this data directory"):
                change()
        room.cards.set("v1", "intended_use", "Goes on.")  # what the owner writes is seen at once
        shown = beside.cards.get("v1").fields["intended_use"].shown
        assert shown is not None
        assert shown.data == "Goes on."


def test_a_new_version_takes_over_what_people_wrote_and_says_what_changed(room: CardRoom) -> None:
    first = room.adapter(1)
    room.cards.set("v3", "intended_use", "Answers about the library.")
    room.cards.set("v3", "licence", "MIT")
    room.cards.set("v3", "name", "A name of its own")
    room.cards.set("v3", "summary", "It is the first.")
    room.cards.set("v3", "hardware", "Any laptop.")
    room.cards.not_applicable("v3", "sensitive_data", "Nothing was collected.")
    room.adapter(2)
    made = room.cards.get("v4")
    assert made.parent == room.cards.get("v3").uid
    assert made.name != "A name of its own"
    for field in ("intended_use", "licence", "sensitive_data"):
        assert made.fields[field].taken_over, field
    assert made.fields["sensitive_data"].not_applicable == "Nothing was collected."
    assert "summary" not in made.fields
    assert made.fields.get("hardware") is None or made.fields["hardware"].hand is None
    assert "Intended use" in room.cards.check("v4").completeness.to_review
    room.cards.reviewed("v4", "intended_use")
    room.cards.set("v4", "licence", "Apache-2.0")
    assert not room.cards.get("v4").fields["intended_use"].taken_over
    assert room.shown("v4", "intended_use") == "Answers about the library."
    assert room.cards.get("v4").fields["sensitive_data"].taken_over
    room.cards.reviewed("v4")
    assert room.cards.check("v4").completeness.to_review == ()
    room.cards.history.undo("v4")
    assert room.cards.get("v4").fields["sensitive_data"].taken_over
    room.measured("v4", training_hardware=Value("A laptop", "", "measured", "run log"))
    changes = room.shown("v4", "changes")
    assert isinstance(changes, list)
    assert "Licence: MIT → Apache-2.0" in changes
    assert any(line.startswith("Training hardware") for line in changes)
    assert not any(line.startswith("Name") for line in changes)
    assert room.cards.get("v3").subject == first.uid


def test_the_parent_is_the_nearest_of_the_same_base(room: CardRoom) -> None:
    made = room.adapter(1)
    room.adapter(2)
    registry = room.forge.students.registry
    scaled = registry.derive(made.uid, scale=0.5)
    parents = {label: room.cards.get(label).parent for label in ("v2", "v3", "v4", scaled.label)}
    assert parents["v2"] == ""
    assert parents["v3"] == room.cards.get("v2").uid
    assert parents["v4"] == room.cards.get("v3").uid
    assert parents[scaled.label] == room.cards.get("v3").uid


def test_a_card_outlives_its_version_and_can_be_changed_and_removed(room: CardRoom) -> None:
    made = room.adapter(name="short lived")
    room.cards.set("v3", "intended_use", "Reads.")
    with pytest.raises(ForgeError, match="v3 is here, so its card stays"):
        room.cards.remove("v3")
    registry = room.forge.students.registry
    registry.remove(made.uid)
    entry = next(entry for entry in room.cards.entries() if entry.subject == made.uid)
    assert entry.orphan == "v3 is not here any more."
    room.cards.set("v3", "intended_use", "Still reads.")
    assert room.shown("v3", "intended_use") == "Still reads."
    room.adapter(name="short lived")  # the same bytes: the same version, under a new number
    again = room.cards.get("v4")
    assert (again.uid, again.orphan) == (entry.uid, "")
    registry.remove(made.uid)
    room.cards.remove("v4")
    with pytest.raises(ForgeError, match="That card is not here any more"):
        room.cards.get(entry.uid)
    assert room.forge.students.registry.card_of(made.uid) is None


def test_a_card_of_an_endpoint_that_was_removed_stays(room: CardRoom) -> None:
    uid = endpoint(room, "Oracle")
    room.cards.set("Oracle", "alignment", "Refuses politely.")
    room.forge.providers.endpoints.change(uid, name="Sage")
    assert room.cards.get("Sage").subject == uid
    room.forge.providers.endpoints.change(uid, roles=("embedder",))
    assert room.cards.get("Sage").kind == "embedder"
    room.forge.providers.endpoints.remove(uid)
    card = room.cards.get("Sage")
    assert card.orphan == "Sage is not here any more."
    assert card.fields["alignment"].hand is not None
    room.cards.remove(card.uid)
    assert kinds(room) == [("student", "v1")]


def test_an_endpoint_that_comes_back_takes_its_card_up(room: CardRoom) -> None:
    uid = endpoint(room, "Oracle")
    room.cards.set("Oracle", "alignment", "Refuses politely.")
    card = room.cards.get("Oracle")
    room.forge.providers.endpoints.remove(uid)
    again = endpoint(room, "Oracle", roles=("answer",))
    back = room.cards.get("Oracle")
    assert (back.uid, back.subject, back.orphan, back.can_undo) == (card.uid, again, "", True)
    assert room.shown("Oracle", "alignment") == "Refuses politely."
    assert len(room.cards.entries()) == 2
    room.forge.providers.endpoints.remove(again)
    endpoints = room.forge.providers.endpoints
    other = endpoints.add(endpoints.draft("Oracle", "https://llm.example.org/v1", "another-model")).uid
    living = room.cards.get("Oracle")
    assert (living.subject, living.uid != card.uid) == (other, True)


def test_a_card_can_be_about_nothing_that_is_here(room: CardRoom) -> None:
    card = room.cards.new("teacher", "  A model  elsewhere ")
    assert (card.name, card.kind, card.subject) == ("A model elsewhere", "teacher", "")
    assert card.orphan == "This card is about no version and no endpoint of this computer."
    assert room.shown("A model elsewhere", "name") == "A model elsewhere"
    room.cards.set(card.uid, "name", "Another")
    assert room.cards.get("Another").uid == card.uid
    for name, kind, sentence in (("", "teacher", "needs a name"), ("x", "robot", "no kind of card")):
        with pytest.raises(ForgeError, match=sentence):
            room.cards.new(kind, name)  # type: ignore[arg-type]
    with pytest.raises(ForgeError, match="has a card already"):
        room.cards.new("student", "x", subject=room.cards.get("v1").subject)
    with pytest.raises(ForgeError, match="is not here"):
        room.cards.new("student", "x", subject="nothing")
    room.cards.remove(card.uid)


def test_a_name_means_what_is_here_and_a_new_card_takes_nobodys(room: CardRoom) -> None:
    first = endpoint(room, "Bigger")
    old = room.cards.get("Bigger").uid
    room.forge.providers.endpoints.remove(first)
    assert room.cards.get("Bigger").uid == old, "nobody else is called so"
    endpoints = room.forge.providers.endpoints
    endpoints.add(endpoints.draft("Bigger", "https://llm.example.org/v1", "another-model"))
    assert room.cards.get("bigger").uid != old
    assert room.cards.get(old).orphan
    room.cards.new("teacher", "Ada")
    for taken in ("BIGGER", "v1", "v7", "Ada"):
        with pytest.raises(ForgeError, match=f"The name {taken} is taken"):
            room.cards.new("teacher", taken)


def test_many_threads_make_one_card(room: CardRoom) -> None:
    file = tiny_gguf.write(room.place / "Tiny-Chat.F32.gguf")
    room.forge.jobs.wait(room.forge.students.import_gguf(file), timeout=60)
    threads = [threading.Thread(target=room.cards.ensure) for _ in range(6)]
    with room.forge.students._rooms.db.write() as connection:  # type: ignore[union-attr]
        connection.execute("DELETE FROM cards")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds(room) == [("student", "v1"), ("student", "v2")]


def test_cards_follow_the_registry_and_prices_and_published_ones_show_what_is_stale(room: CardRoom) -> None:
    made = room.adapter()
    registry, cards = room.forge.students.registry, room.cards

    def state(card: str) -> object:
        value = cards.get(card).fields["registry"].measured
        assert value is not None
        assert isinstance(value.data, dict)
        return (value.data["state"], value.stale)

    assert (state("v1"), state("v3")) == (("active", ""), ("candidate", ""))
    registry.promote(made.uid, override="It is tried out for an hour.")
    assert (state("v1"), state("v3")) == (("candidate", ""), ("active", ""))
    assert "one hour" not in str(cards.get("v3").fields["cautions"].shown)
    assert "It is tried out for an hour." in str(cards.get("v3").fields["cautions"].shown)
    assert cards.check("v3").stale == ()
    with room.forge.students._rooms.db.write() as connection:  # type: ignore[union-attr]
        connection.execute("UPDATE cards SET state = 'published' WHERE subject = ?", (made.uid,))
    changed = cards.get("v1").changed
    registry.rollback()
    was, stale = state("v3")  # type: ignore[misc]
    assert was == "active"
    assert stale.startswith("Its state in the registry was active when this was taken, and is ")
    assert state("v1") == ("active", "")
    assert cards.get("v1").changed > changed
    changed = cards.get("v1").changed
    registry.retire(made.uid)  # which does not touch that one
    assert cards.get("v1").changed == changed
    assert "Registry is stale" not in (registry.card_of(made.uid) or ())


def test_what_somebody_else_measured_completes_no_card_of_a_version_that_is_here(room: CardRoom) -> None:
    made = room.adapter()
    cards, registry = room.cards, room.forge.students.registry
    speed = Value({"p50": 900.0, "p95": 990.0}, "tokens/s", "hand", "import")
    cards.history.adopt("v3", {"prompt_speed": speed, "generation_speed": speed})
    orphan = cards.new("adapter", "Elsewhere")
    cards.history.adopt(orphan.uid, {"prompt_speed": speed})
    report = cards.check("v3")
    assert {"Reading a prompt", "Writing an answer"} <= set(report.completeness.missing)
    assert "measure it here" in next(one.message for one in report.problems if one.field == "prompt_speed")
    assert "Reading a prompt" in (registry.card_of(made.uid) or ())
    assert "Reading a prompt" not in cards.check(orphan.uid).completeness.missing
    for entry in cards.entries():
        assert entry.filled == cards.check(entry.uid).completeness.filled
    mine = cards.get("v3")
    assert costs.speed_of(mine) is None
    figure = compare_rows._figure(mine, "prompt_speed")
    assert (figure.text, figure.amount) == ("not measured here", None)
    assert "900 tokens/s" in figure.how
    cards.set("v3", "prompt_speed", "100 / 110 tokens/s")  # a person's own word counts
    assert "Reading a prompt" not in cards.check("v3").completeness.missing


def test_a_price_and_limits_of_a_new_endpoint_stand_on_its_card_at_once(room: CardRoom) -> None:
    providers = room.forge.providers
    made = providers.endpoints.add(providers.endpoints.draft("Ours", "https://llm.example/v1", "m-1", rpm=60))
    providers.prices.set(made, Rates(150_000, 600_000))
    assert room.shown("Ours", "price_input") == 150_000
    assert room.shown("Ours", "requests_per_minute") == 60
    providers.endpoints.change(made.uid, rpm=0)
    assert room.shown("Ours", "requests_per_minute") is None
    assert room.cards.check("Ours").stale == ()


def test_an_adapter_is_promoted_only_with_a_card_that_is_complete_and_true(
    room: CardRoom, open_cards: Callable[[], CardRoom]
) -> None:
    made = room.adapter()
    registry = room.forge.students.registry
    with room.forge.students._rooms.db.write() as connection:  # type: ignore[union-attr]
        registry.record_gate(connection, made.uid, "a gate", "passed", 1.0)
    lacking = registry.card_of(made.uid)
    assert lacking is not None
    assert "Intended use" in lacking
    with pytest.raises(ForgeError, match=r"The card of v3 is incomplete: .* and \d+ more"):
        registry.promote("v3")
    other = room.adapter(2)
    with pytest.raises(ForgeError, match=r"has not passed a gate\. The card of v4 is incomplete: .*") as both:
        registry.promote(other.label)
    assert "Run its gate" in both.value.hint
    assert "complete its card" in both.value.hint
    report = room.cards.check("v3")
    assert tuple(lacking) == report.completeness.missing
    from tests.cards.completing import complete

    complete(room.forge, "v3")
    assert registry.card_of(made.uid) == ()
    room.cards.clear("v3", "safety")
    assert registry.card_of(made.uid) == ("Safety notes, risks and mitigations",)
    room.cards.history.undo("v3")
    registry.promote("v3")
    assert registry.card_of(room.cards.get("v2").subject) is None  # bases need none
