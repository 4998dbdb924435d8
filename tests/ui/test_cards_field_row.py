"""What stands under a field of a card, with the button that does something about it."""

from __future__ import annotations

import pytest

from forge_desktop.cards import told_stale
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import FieldState, Value
from forge_desktop.ui.panes.cards.field_row import lines_under


@pytest.mark.parametrize("locked", [False, True])
def test_what_was_stale_elsewhere_can_be_said_to_hold(locked: bool) -> None:
    value = told_stale.marked(Value(4096, "tokens", source="import"), "The file is another one now.")
    said = lines_under(BY_KEY["context"], "student", FieldState("context", hand=value), "", locked=locked)
    (line,) = [one for one in said if one.text.startswith("Stale: Was stale where it came from: The file is another")]
    assert line.act == ("" if locked else "reviewed")
