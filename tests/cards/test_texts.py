"""The Markdown that a person types is taken in: only what it changes, and nothing that was typed is lost."""

from __future__ import annotations

import pytest

from forge_desktop.cards.markdown import read
from forge_desktop.cards.records import Value
from tests.cards.conftest import CardRoom


def swapped(text: str, old: str, new: str) -> str:
    """A text with one place of it changed."""
    assert text.count(old) == 1, (text.count(old), old, text)
    return text.replace(old, new)


@pytest.fixture
def card(room: CardRoom) -> str:
    """A teacher's card that says a few things; its uid."""
    uid = room.cards.new("teacher", "Oracle").uid
    room.cards.set(uid, "intended_use", "Answers questions.")
    room.cards.set(uid, "licence", "MIT")
    room.cards.set(uid, "contact", "ada@example.org")
    return uid


def test_text_and_form_say_the_same(room: CardRoom, card: str) -> None:
    text = room.cards.markdown(card)
    outcome = room.cards.set_text(card, text)
    assert (outcome.taken, outcome.problem, outcome.refused) == (True, None, ())
    before = room.cards.get(card).fields
    assert room.cards.markdown(card) == text
    typed = swapped(text, "Answers questions.", "Answers *hard* questions.")
    assert room.cards.set_text(card, typed).taken
    assert room.shown(card, "intended_use") == "Answers *hard* questions."
    assert room.cards.markdown(card) == typed
    room.cards.set(card, "intended_use", "Answers again.")
    assert "Answers again." in room.cards.markdown(card)
    room.cards.history.undo(card)
    assert room.cards.markdown(card) == typed
    room.cards.history.undo(card)
    assert room.cards.markdown(card) == text
    assert room.cards.get(card).fields == before


def test_what_is_no_text_is_named_and_what_is_not_typed_is_no_edit(room: CardRoom, card: str) -> None:
    text = room.cards.markdown(card)
    for bad, line, column in (("# A\nb\ud800c", 2, 2), (f"{text}\0", text.count("\n") + 1, 1)):
        outcome = room.cards.set_text(card, bad)
        assert not outcome.taken
        assert outcome.problem is not None
        assert (outcome.problem.line, outcome.problem.column) == (line, column)
    room.cards.history.undo(card)
    edits = room.cards.get(card)
    assert room.cards.set_text(card, text).taken
    assert room.cards.set_text(card, text, since=text).taken
    assert room.cards.get(card) == edits


def test_unknown_keys_and_sections_stay(room: CardRoom, card: str) -> None:
    text = swapped(room.cards.markdown(card), "---\n\n", "widget:\n- text: Hello  # mine\n---\n\n")
    text += "\n## Thanks\n\nTo *everybody*.\n"
    assert room.cards.set_text(card, text).taken
    room.cards.set(card, "safety", "It may be wrong.")
    made = room.again().markdown(card)
    assert "- text: Hello  # mine\n" in made
    assert made.endswith("## Thanks\n\nTo *everybody*.\n") or "## Thanks\n\nTo *everybody*." in made
    assert "It may be wrong." in made


def test_broken_text_is_kept_and_named_and_the_values_stay(room: CardRoom, card: str) -> None:
    text = room.cards.markdown(card)
    broken = swapped(text, "license: mit", "license: [mit")
    outcome = room.cards.set_text(card, broken)
    assert not outcome.taken
    assert outcome.problem is not None
    assert outcome.problem.line > 1
    assert outcome.problem.message.startswith(f"Line {outcome.problem.line}, column {outcome.problem.column}")
    kept = room.again().get(card)
    assert kept.broken == broken
    assert kept.problem == outcome.problem
    assert room.shown(card, "licence") == "MIT"
    entry = next(entry for entry in room.cards.entries() if entry.uid == card)
    assert entry.errors == 1
    assert not room.cards.check(card).ok
    room.cards.set(card, "safety", "Typed in the form meanwhile.")
    assert room.cards.get(card).broken == broken
    mended = broken.replace("[mit", "apache-2.0")
    assert room.cards.set_text(card, mended, since=text).taken
    assert room.cards.get(card).broken is None
    assert str(room.shown(card, "licence")).lower() == "apache-2.0"
    assert room.shown(card, "safety") == "Typed in the form meanwhile."
    room.cards.history.undo(card)
    assert room.cards.get(card).broken == broken


def test_what_was_filled_while_somebody_typed_is_not_undone_by_their_text(room: CardRoom, card: str) -> None:
    started_from = room.cards.markdown(card)
    room.measured(card, error_rate=Value(1.5, "%", "measured", "ledger"))
    room.cards.set(card, "contact", "bob@example.org")
    typed = swapped(started_from, "Answers questions.", "Answers all questions.")
    assert room.cards.set_text(card, typed, since=started_from).taken
    assert room.shown(card, "intended_use") == "Answers all questions."
    assert room.shown(card, "contact") == "bob@example.org"
    assert room.cards.get(card).fields["error_rate"].hand is None
    text = room.cards.markdown(card)
    assert "bob@example.org" in text
    assert "1.5" in text


def test_a_value_that_cannot_be_is_named_and_the_rest_is_taken(room: CardRoom, card: str) -> None:
    text = room.cards.markdown(card)
    typed = swapped(swapped(text, "ada@example.org", "nowhere"), "Answers questions.", "Answers.")
    outcome = room.cards.set_text(card, typed)
    assert not outcome.taken
    assert outcome.problem is not None
    assert (outcome.problem.field, outcome.problem.severity) == ("contact", "error")
    assert outcome.problem.line == typed[: typed.index("nowhere")].count("\n") + 1
    assert room.shown(card, "intended_use") == "Answers."
    assert room.shown(card, "contact") == "ada@example.org"
    kept = room.again().get(card)
    assert kept.broken == typed  # it waits to be mended
    assert kept.problem is not None
    assert kept.problem.field == "contact"
    room.cards.set(card, "safety", "Something else.")
    assert room.cards.get(card).broken == typed
    room.cards.set(card, "contact", "eve@example.org")  # mended in the form
    assert room.cards.get(card).broken is None
    assert "eve@example.org" in room.cards.markdown(card)


def test_a_hand_value_goes_from_the_text_and_a_measured_one_comes_back(room: CardRoom, card: str) -> None:
    text = room.cards.markdown(card)
    gone = text.replace("Answers questions.", "")
    assert room.cards.set_text(card, gone).taken
    assert room.shown(card, "intended_use") is None
    room.measured(card, licence=Value("MIT", "", "measured", "file"))
    room.cards.clear(card, "licence")
    text = room.cards.markdown(card)
    outcome = room.cards.set_text(card, "\n".join(line for line in text.split("\n") if "mit" not in line.lower()))
    assert outcome.taken
    assert [(problem.field, problem.severity) for problem in outcome.refused] == [("licence", "warning")]
    assert "is measured, so it comes back" in outcome.refused[0].message
    assert room.shown(card, "licence") == "MIT"
    assert "mit" in room.cards.markdown(card).lower()


def test_what_is_cleared_goes_from_every_heading_that_says_it(room: CardRoom) -> None:
    text = (
        "---\nlicense: mit\n---\n# A\n\nSum.\n\nMore.\n\n## Limitations\n\nfirst\n\n## Mine\n\nKept.\n\n"
        "## Limitations\n\nsecond\n\n## Bias, Risks, and Limitations\n\nthird\n"
    )
    uid = room.cards.new("student", "A").uid
    assert room.cards.set_text(uid, text).taken
    room.cards.clear(uid, "limitations")
    after = room.cards.markdown(uid)
    assert read(after, "student").values.keys() >= {"summary", "licence"}
    assert "limitations" not in read(after, "student").values
    assert all(word in after for word in ("Sum.\n\nMore.", "## Mine\n\nKept."))
    room.cards.history.undo(uid)
    assert room.cards.markdown(uid) == text
