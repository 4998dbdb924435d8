"""Cards are changed by hand: beside what is measured, taken back also after a restart, locked once published."""

from __future__ import annotations

from typing import Any

import pytest

from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.base.events import DataChanged
from forge_desktop.cards import changes
from forge_desktop.cards.records import FieldState, Value
from tests.cards.completing import complete
from tests.cards.conftest import CardRoom

MEASURED = Value(40.2, "", "measured", "measurement", {"n": 20}, {"file": "a" * 64}, 1.0)


def test_a_hand_value_stands_beside_the_measured_one(room: CardRoom) -> None:
    room.measured("v1", parameters=Value(135_000_000, "", "measured", "file"))
    room.cards.set("v1", "parameters", "134515008")
    state = room.cards.get("v1").fields["parameters"]
    assert state.hand is not None
    assert state.measured is not None
    assert (state.hand.data, state.measured.data) == (134_515_008, 135_000_000)
    assert state.shown is state.hand
    room.cards.set("v1", "parameters", 135_000_000)  # what is measured needs no word of a person
    assert room.cards.get("v1").fields["parameters"].hand is None
    room.cards.set("v1", "parameters", 1)
    room.cards.clear("v1", "parameters")
    assert room.shown("v1", "parameters") == 135_000_000


def test_changes_are_taken_back_and_made_again_across_restarts(room: CardRoom) -> None:
    for text in ("One.", "Two.", "Three."):
        room.cards.set("v1", "citation", text)
    cards = room.again()
    assert cards.get("v1").can_undo
    assert not cards.get("v1").can_redo
    cards.history.undo("v1")
    assert room.shown("v1", "citation") == "Two."
    cards = room.again()
    cards.history.undo("v1")
    cards.history.redo("v1")
    assert room.shown("v1", "citation") == "Two."
    cards.set("v1", "citation", "Other.")
    with pytest.raises(ForgeError, match="can be made again"):
        cards.history.redo("v1")
    for _ in range(3):
        cards.history.undo("v1")
    assert room.shown("v1", "citation") is None
    with pytest.raises(ForgeError, match="can be taken back"):
        cards.history.undo("v1")


def test_a_card_about_nothing_keeps_its_only_name(room: CardRoom) -> None:
    card = room.cards.new("student", "A plan")
    for emptied in (lambda: room.cards.set(card.uid, "name", ""), lambda: room.cards.clear(card.uid, "name")):
        with pytest.raises(FieldError, match="always applies"):
            emptied()
    assert room.cards.get("A plan").uid == card.uid


def test_what_changes_nothing_is_no_edit(room: CardRoom) -> None:
    room.cards.set("v1", "intended_use", "Reads.")
    before = room.cards.get("v1")
    seen: list[object] = []
    room.forge.events.subscribe(seen.append)
    room.cards.set("v1", "intended_use", "Reads.")
    room.cards.clear("v1", "safety")
    room.cards.reviewed("v1")
    assert room.cards.get("v1") == before
    assert seen == []
    room.cards.set("v1", "intended_use", "Writes.")
    assert seen == [DataChanged(frozenset({"cards"}))]


def test_a_field_says_why_it_has_no_value(room: CardRoom) -> None:
    missing = room.cards.check("v1").completeness.missing
    assert "Licence" in missing
    room.cards.set("v1", "licence", "MIT")
    room.cards.not_applicable("v1", "licence", "  There is\nnothing to say. ")
    state = room.cards.get("v1").fields["licence"]
    assert state.not_applicable == "There is nothing to say."
    assert state.hand is not None
    assert "Licence" not in room.cards.check("v1").completeness.missing
    room.cards.not_applicable("v1", "licence", "")
    assert room.shown("v1", "licence") == "MIT"
    with pytest.raises(FieldError, match="longer than 500"):
        room.cards.not_applicable("v1", "licence", "x" * 501)
    with pytest.raises(FieldError, match="control characters"):
        room.cards.not_applicable("v1", "licence", "half \ud800")


def test_fills_and_edits_never_lose_each_other(room: CardRoom) -> None:
    room.cards.set("v1", "citation", "Reads.")
    room.measured("v1", bits_per_weight=Value(4.5, "bits", "measured", "file"))
    room.cards.set("v1", "bits_per_weight", 5)
    room.measured("v1", bits_per_weight=Value(4.6, "bits", "measured", "file"))
    room.cards.history.undo("v1")
    room.cards.history.undo("v1")
    assert room.shown("v1", "bits_per_weight") == 4.6
    assert room.shown("v1", "citation") is None
    room.cards.history.redo("v1")
    room.cards.history.redo("v1")
    state = room.cards.get("v1").fields["bits_per_weight"]
    assert state.hand is not None
    assert state.measured is not None
    assert (state.hand.data, state.measured.data) == (5, 4.6)


def test_only_so_many_edits_are_kept(room: CardRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forge_desktop.cards.editing.KEPT", 3)
    for n in range(6):
        room.cards.set("v1", "intended_use", f"Version {n}.")
    for _ in range(3):
        room.cards.history.undo("v1")
    assert not room.cards.get("v1").can_undo
    assert room.shown("v1", "intended_use") == "Version 2."


def test_a_published_card_is_locked_until_it_is_reopened(room: CardRoom) -> None:
    with pytest.raises(ForgeError, match=r"card of v1 is not ready: .* is missing.*; and \d+ more"):
        room.cards.history.publish("v1")
    complete(room.forge, "v1")
    made = room.cards.history.publish("v1", who="window: Ada", note="First.")
    assert (made.number, made.published, made.who, made.note) == (1, True, "window: Ada", "First.")
    for change in (
        lambda: room.cards.set("v1", "intended_use", "x"),
        lambda: room.cards.clear("v1", "intended_use"),
        lambda: room.cards.not_applicable("v1", "intended_use", "x"),
        lambda: room.cards.set_text("v1", "# Other\n"),
        lambda: room.cards.history.undo("v1"),
        lambda: room.cards.fill("v1"),
        lambda: room.cards.history.restore("v1", 1),
        lambda: room.measured("v1", parameters=MEASURED),
    ):
        with pytest.raises(ForgeError, match="is published, so it is not") as refused:
            change()
        assert (refused.value.hint, refused.value.commands) == ("Reopen it first.", ("card reopen v1",))
    with pytest.raises(ForgeError, match="published already"):
        room.cards.history.publish("v1")
    assert not room.cards.get("v1").can_undo
    room.again()
    assert room.cards.history.reopen("v1").state == "draft"
    assert room.cards.history.publish("v1").number == 1  # nothing changed, so it is the same version
    room.cards.history.reopen("v1")
    room.cards.set("v1", "intended_use", "Reads.")
    assert room.cards.history.publish("v1").number == 2
    with pytest.raises(ForgeError, match="a draft already"):
        room.cards.history.reopen("v1") and room.cards.history.reopen("v1")


def test_a_card_goes_by_many_names(room: CardRoom) -> None:
    made = room.adapter(name="opening hours")
    card = room.cards.get("v3")
    for name in (card.uid, card.uid[:6], made.uid, "V3", "opening hours", "Opening Hours"):
        assert room.cards.get(name).uid == card.uid
    with pytest.raises(ForgeError, match="No card is called 'v9'"):
        room.cards.get("v9")
    with pytest.raises(ForgeError, match="No card is called"):
        room.cards.get("half \ud800")
    with pytest.raises(ForgeError, match="No card is called ''"):
        room.cards.get("")
    for name in ("One", "Two"):
        room.cards.set(room.cards.new("teacher", name).uid, "name", "closing hours")
    assert [room.cards.get(name).name for name in ("closing hours", "closing hours (2)")] == [
        "closing hours",
        "closing hours (2)",
    ]
    room.adapter(seed=2, name="opening hours")
    with pytest.raises(ForgeError, match="Several cards are called 'opening hours'"):
        room.cards.get("opening hours")


def refused(room: CardRoom, field: str, data: Any, unit: str = "") -> str:
    """The sentence with which a value is refused; the card is as it was."""
    before = room.cards.get("v1")
    with pytest.raises(FieldError) as found:
        room.cards.set("v1", field, data, unit=unit)
    assert found.value.field == field
    assert room.cards.get("v1") == before
    return found.value.message


GATED = {
    "task": "text-generation", "dataset": "goods", "metric": "exact_match", "value": 0.41, "unit": "share", "n": 220,
    "baseline": 0.38, "difference": 0.03, "low": 0.01, "high": 0.05, "source": "gate 3", "verified": True,
}  # fmt: skip
OTHER = {**GATED, "metric": "nll", "value": 2.5}


def test_a_result_that_a_person_changes_no_longer_claims_the_gate(room: CardRoom) -> None:
    version = room.adapter()
    room.measured(version.label, evaluation=Value([GATED, OTHER], "", "measured", "gate"))
    room.cards.set(version.label, "evaluation", [{**GATED, "value": 0.97}, OTHER])
    typed, kept = room.shown(version.label, "evaluation")  # type: ignore[misc]
    assert typed == {
        "task": "text-generation", "dataset": "goods", "metric": "exact_match", "value": 0.97, "unit": "share",
        "n": 220, "baseline": 0.38, "source": "by hand",
    }  # fmt: skip
    assert kept == OTHER
    room.cards.set(version.label, "evaluation", [GATED, OTHER])  # what was measured needs no word of a person
    assert room.cards.get(version.label).fields["evaluation"].hand is None


def test_a_result_that_a_person_adds_is_never_verified(room: CardRoom) -> None:
    version = room.adapter()
    room.measured(version.label, evaluation=Value([GATED, OTHER], "", "measured", "gate"))
    paper = {"dataset": "poems", "metric": "rouge", "value": 0.7, "source": "a paper", "verified": True}
    claims = {"dataset": "songs", "metric": "bleu", "value": 0.8, "source": "gate 3", "verified": True}
    room.cards.set(
        version.label, "evaluation", [GATED, OTHER, paper, claims, {**claims, "dataset": "plays", "source": "gate 9"}]
    )
    added = room.shown(version.label, "evaluation")[2:]  # type: ignore[index]
    assert added == [
        {"dataset": "poems", "metric": "rouge", "value": 0.7, "source": "a paper"},
        {"dataset": "songs", "metric": "bleu", "value": 0.8, "source": "by hand"},
        {"dataset": "plays", "metric": "bleu", "value": 0.8, "source": "by hand"},
    ]


def test_neither_does_one_that_was_changed_in_the_text(room: CardRoom) -> None:
    version = room.adapter()
    room.measured(version.label, evaluation=Value([GATED], "", "measured", "gate"))
    text = room.cards.markdown(version.label, revealed=True)
    room.cards.set_text(version.label, text.replace("0.41", "0.97"))
    row = room.shown(version.label, "evaluation")[0]  # type: ignore[index]
    assert (row["value"], row["source"]) == (0.97, "by hand")
    assert not {"verified", "difference", "low", "high"} & set(row)
    written = room.cards.markdown(version.label, revealed=True)
    assert "verified: true" not in written
    assert "gate 3" not in written.split("measured")[0]


def test_what_differs_far_on_in_two_texts_can_be_seen() -> None:
    texts = [
        "A small English chat model of 135 million parameters, laid out " + end for end in ("in Q4_1.", "in Q8_0.")
    ]
    old, new = (FieldState("summary", hand=Value(text)) for text in texts)
    (change,) = changes.of_fields({"summary": old}, {"summary": new})
    assert change.what == "Summary: …parameters, laid out in Q4_1. → …parameters, laid out in Q8_0."


@pytest.mark.parametrize(
    ("key", "old", "new", "unit", "said"),
    [
        ("memory_ram", 412_000_000, 1_300_000_000, "B", "Peak memory (RAM): 412 MB → 1.3 GB"),
        ("memory_ram", 412_000_001, 412_000_002, "B", "Peak memory (RAM): 412,000,001 B → 412,000,002 B"),
        ("training_time", 5040.0, 61.5, "s", "Training time: 84 min → 61.5 s"),
        ("evaluation", [{"value": 1, "n": 2}, {"value": 3}], [{"value": 1, "n": 2}, {"value": 4}], "",
         "Evaluation results: 1 of 2 rows changed (value)"),
        ("evaluation", [{"value": 1}], [], "", "Evaluation results: 1 → 0 rows"),
        ("intended_use", "For the rules.", "For the minutes.", "", "Intended use: For the rules. → For the minutes."),
        ("intended_use", "For the\nrules.", "For the rules.", "", "Intended use: its lines are broken elsewhere"),
    ],
)  # fmt: skip
def test_what_changed_is_said_in_readable_units(key: str, old: object, new: object, unit: str, said: str) -> None:
    (change,) = changes.of_fields(*({key: FieldState(key, hand=Value(data, unit))} for data in (old, new)))
    assert change.what == said
