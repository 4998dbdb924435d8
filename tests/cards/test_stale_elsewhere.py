"""What was stale where a card came from stays so here, in whatever form it comes, until somebody renews it."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import fields
from forge_desktop.cards.checking import is_there
from forge_desktop.cards.formats.file_check import checked_file
from forge_desktop.cards.records import BroughtIn, Value
from tests.cards.conftest import CardRoom

FORMS = {"markdown": "README.md", "json": "card.json", "cyclonedx": "card.cdx.json", "spdx": "card.spdx.json"}
SPEED = Value({"p50": 41.5, "p95": 46.0}, "tokens/s", "measured", "measurement", {"n": 20}, {"file": "0" * 64}, 1.7e9)
ROWS = [{"dataset": "s1", "metric": "f1", "value": 0.25, "n": 20}]
RESULTS = Value(ROWS, "", "measured", "gate", {"n": 1}, {"gate": "gate 7 (pass) #x"}, 1.7e9)
BENEATH = Value({"p50": 12.5}, "ms", "measured", "measurement", {}, {"file": "0" * 64}, 1.7e9)
STALE = {"generation_speed", "evaluation"}


def _left(room: CardRoom, form: str, card: str = "v1") -> Path:
    """A card that says something stale, as a file. What a person wrote over something stale is not stale."""
    if card == "v1":
        room.measured("v1", generation_speed=SPEED, evaluation=RESULTS, first_token=BENEATH)
        room.cards.set("v1", "first_token", {"p50": 11.0}, unit="ms")
    file = room.place / FORMS[form]
    file.write_bytes(room.cards.exports.render(card, form, revealed=True))
    return file


def _bring(room: CardRoom, path: Path, **how: str) -> BroughtIn:
    card = room.forge.jobs.wait(room.cards.bring_in(path, **how), timeout=60)
    assert isinstance(card, BroughtIn)
    return card


def _stale(room: CardRoom, card: str) -> dict[str, str]:
    return dict(room.cards.check(card).stale)


@pytest.mark.parametrize("form", FORMS)
def test_what_was_stale_where_it_came_from_stays_so_in_every_form(room: CardRoom, form: str) -> None:
    file = _left(room, form)
    before = room.cards.get("v1").fields["generation_speed"].measured
    assert before is not None
    assert set(dict(checked_file(file, None, lambda _: ()).stale)) == STALE
    card = _bring(room, file)
    found = _stale(room, card.uid)
    assert set(found) == STALE
    assert found["generation_speed"].startswith(f"Was stale where it came from: {before.stale}")
    assert any("Stale where" in one.message and one.severity == "warning" for one in card.refused)
    assert next(one.stale for one in room.cards.entries() if one.uid == card.uid) == len(STALE)
    again = _bring(room, _left(room, form, card.uid))
    assert _stale(room, again.uid) == found, "and leaves with the same words"
    assert room.cards.markdown(card.uid).count("**No longer true:** Was stale where it came from: ") == len(STALE)


def test_a_card_is_published_once_what_was_stale_was_renewed_written_anew_or_reviewed(room: CardRoom) -> None:
    card = _bring(room, _left(room, "json"))
    lacking = [one.key for one in fields.required(card.kind) if not is_there(card.fields.get(one.key))]
    room.cards.history.adopt(card.uid, {}, not_applicable=dict.fromkeys(lacking, "It is a test's."))
    with pytest.raises(ForgeError, match="is stale: Was stale where it came from"):
        room.cards.history.publish(card.uid)
    room.cards.set(card.uid, "evaluation", ROWS)
    assert set(_stale(room, card.uid)) == {"generation_speed"}
    room.cards.reviewed(card.uid, "generation_speed")
    assert _stale(room, card.uid) == {}
    assert "No longer true" not in room.cards.markdown(card.uid)
    room.cards.history.undo(card.uid)
    assert set(_stale(room, card.uid)) == {"generation_speed"}
    room.cards.reviewed(card.uid)
    assert room.cards.history.publish(card.uid).published


def test_what_is_measured_here_takes_the_place_of_what_was_stale_elsewhere(room: CardRoom, tmp_path: Path) -> None:
    file = tmp_path / "other.md"
    file.write_text(
        "# Other\n\n| What | Value | Source |\n|---|---|---|\n"
        "| Writing an answer | p50 9.0 tokens/s | measured 2026-01-01. **No longer true:** it changed. |\n",
        "utf-8",
    )
    _bring(room, file, subject=room.cards.get("v1").subject)
    assert _stale(room, "v1")["generation_speed"].startswith("Was stale where it came from: it changed.")
    now = Value({"p50": 50.0}, "tokens/s", "measured", "measurement", {}, {}, 1.8e9)
    room.measured("v1", generation_speed=now)
    state = room.cards.get("v1").fields["generation_speed"]
    assert (state.hand, state.shown) == (None, now)
