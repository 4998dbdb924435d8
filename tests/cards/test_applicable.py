"""What does not apply is told with its reason wherever a card leaves and is compared, and nothing beneath it is."""

from __future__ import annotations

import pytest

from forge_desktop.cards.formats.reading import read_json
from forge_desktop.cards.formats.renderers import RENDERERS
from forge_desktop.cards.records import Value
from tests.cards.conftest import CardRoom

WHY = "We do not publish it."
ROWS = [{"metric": "grounded", "dataset": "contracts", "value": 0.98765, "unit": "share", "n": 220}]


@pytest.fixture
def silent(room: CardRoom) -> CardRoom:
    """A base whose latency (measured) and description of users (by hand) do not apply; its results neither."""
    room.measured(
        "v1",
        latency=Value({"p50": 812.75}, "ms", "measured", "measurement", {"n": 20}, {"build": "b1"}, 1.8e9),
        evaluation=Value(ROWS, "", "measured", "gate", {}, {}, 1.8e9),
    )
    room.cards.set("v1", "users", "Whoever asks.")
    for key in ("latency", "evaluation", "users"):
        room.cards.not_applicable("v1", key, WHY)
    return room


@pytest.mark.parametrize("form", RENDERERS)
def test_no_format_tells_what_stands_beneath(silent: CardRoom, form: str) -> None:
    told = silent.cards.exports.render("v1", form).decode()
    assert told.count(WHY) >= 3
    for beneath in ("812.75", "0.98765", "contracts", "Whoever asks"):
        assert beneath not in told, beneath
    if form in ("cyclonedx", "spdx", "json"):
        read = read_json(told.encode())
        assert {"latency", "evaluation", "users"} <= set(read.not_applicable)
        assert not {"latency", "evaluation", "users"} & set(read.values)


def test_the_text_in_the_window_tells_the_same_and_the_value_is_still_there(silent: CardRoom) -> None:
    text = silent.cards.markdown("v1")
    assert "Whoever asks" not in text
    assert silent.cards.set_text("v1", f"{text}\n\n## More\n\nWords.\n").taken
    silent.cards.not_applicable("v1", "users", "")
    silent.cards.not_applicable("v1", "latency", "")
    assert silent.shown("v1", "users") == "Whoever asks."
    assert silent.shown("v1", "latency") == {"p50": 812.75}


@pytest.mark.parametrize("has_parent", [True, False])
def test_what_changed_since_the_card_before_tells_it_neither(room: CardRoom, has_parent: bool) -> None:
    room.adapter(1)
    room.adapter(2)
    parent = room.cards.get("v3")
    took = Value({"p50": 812.75}, "ms", "measured", "measurement", {"n": 20}, {}, 1.8e9)
    room.measured("v4", latency=took, training_hardware=Value("A laptop", "", "measured", "run log"))
    assert any("812.75" in line for line in room.shown("v4", "changes"))  # type: ignore[union-attr]
    if not has_parent:
        with room.cards._store.db.write() as connection:
            room.cards._store.drop(connection, parent.uid)
    room.cards.not_applicable("v4", "latency", WHY)
    for form in RENDERERS:
        assert "812.75" not in room.cards.exports.render("v4", form).decode(), form
    assert "812.75" not in room.cards.markdown("v4")
    assert any("A laptop" in line for line in room.shown("v4", "changes"))  # type: ignore[union-attr]
    if has_parent:
        room.cards.history.undo("v4")
        assert any("812.75" in line for line in room.shown("v4", "changes"))  # type: ignore[union-attr]


def test_a_comparison_tells_the_reason_and_counts_as_stale_what_the_list_does(silent: CardRoom) -> None:
    silent.cards.new("student", "Other")
    silent.cards.set("Other", "latency", "900 / 950 ms")
    silent.cards.set("Other", "evaluation", ROWS)
    old = Value({"p50": 1.0}, "tokens/s", "measured", "measurement", {"n": 20}, {"file": "another"}, 1.8e9)
    silent.measured("v1", first_token=old)
    assert [one.stale for one in silent.cards.entries() if one.label == "v1"] == [1]
    silent.cards.not_applicable("v1", "first_token", WHY)
    found = silent.cards.comparisons.of(("v1", "Other"))
    rows = {row.key.partition(":")[0]: row.figures[0] for row in found.rows}
    for key in ("latency", "evaluation"):
        assert (rows[key].text, rows[key].amount, rows[key].how) == ("does not apply", None, WHY)
    (entry,) = [one for one in silent.cards.entries() if one.label == "v1"]
    assert found.cards[0].stale == entry.stale == 0
    assert not any("stale" in note for note in found.notes)
