"""What stands under a field of a card, with the button that does something about it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from forge_desktop.cards import told_stale
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import FieldState, Value
from forge_desktop.cards.remedies import remedy
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards.field_row import lines_under


@pytest.mark.parametrize("locked", [False, True])
def test_what_was_stale_elsewhere_can_be_said_to_hold(locked: bool) -> None:
    value = told_stale.marked(Value(4096, "tokens", source="import"), "The file is another one now.")
    said = lines_under(BY_KEY["context"], "student", FieldState("context", hand=value), "", locked=locked)
    (line,) = [one for one in said if one.text.startswith("Was stale where it came from: The file is another")]
    assert line.act == ("" if locked else "reviewed")


@pytest.mark.parametrize(
    ("source", "said", "act"),
    [
        ("gate", "Stale: The suite changed. Run a gate against base again.", ("", "")),
        ("measurement", "Stale: The suite changed.", ("fill", "Measure again…")),
        ("price table", "Stale: The suite changed.", ("fill", "Fill in again")),
    ],
)
def test_what_is_stale_says_what_makes_it_true_again(
    forge: Forge, source: str, said: str, act: tuple[str, str]
) -> None:
    card = replace(forge.cards.new("student", "A card"), label="base")
    value = Value(1, "tokens", "measured", source, stale="The suite changed.")  # type: ignore[arg-type]
    state, mend = FieldState("context", value), partial(remedy, card)
    line = lines_under(BY_KEY["context"], "student", state, "", locked=False, mend=mend)[0]
    assert (line.text, (line.act, line.words)) == (said, act)
    (beside,) = [
        one
        for one in lines_under(BY_KEY["context"], "student", replace(state, hand=Value(2)), "", locked=False, mend=mend)
        if "and stale" in one.text
    ]
    assert (beside.act, beside.words) == act
