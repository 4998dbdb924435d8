"""Cards side by side in the whole application: whether they fit is asked of the engine, costs are reckoned again."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.comparing.records import CardComparison
from forge_desktop.providers.records import Rates
from tests.cards.conftest import CardRoom
from tests.distill.rooms import Application, answered
from tests.providers.teacher import Teacher


@pytest.fixture
def filled(room: CardRoom) -> CardRoom:
    """A student with speeds, an adapter, a teacher with a price, and cards of what is not here."""
    room.adapter()
    endpoints = room.forge.providers.endpoints
    made = endpoints.add(endpoints.draft("Prof", url="https://teacher.example/v1", model="m"), None)
    room.forge.providers.prices.set(made, Rates(2_000_000, 8_000_000))
    for name, size in (("Huge", "900 GB"), ("Small", "300 MB"), ("Nothing", "")):
        room.cards.new("student", name)
        if size:
            room.cards.set(name, "file_bytes", size)
    room.cards.set("v1", "prompt_speed", "1000 / 1100")
    room.cards.set("v1", "generation_speed", "100 / 110")
    room.cards.set("Prof", "price_input", "2")
    room.cards.set("Prof", "price_output", "8")
    return room


def test_fit_is_asked_of_the_engine_and_told_by_size_where_a_model_is_not_here(filled: CardRoom) -> None:
    names = ("v1", "v3", "Prof", "Huge", "Small", "Nothing")
    found = filled.forge.jobs.wait(filled.cards.comparisons.start(names), timeout=120)
    assert isinstance(found, CardComparison)
    assert [card.local for card in found.cards] == [True, True, False, False, False, False]
    fit = found.rows[0]
    assert [figure.text for figure in fit.figures[:4]] == ["fits", "fits", "computes elsewhere", "does not fit"]
    assert fit.figures[4].text in ("fits", "fits tightly")
    assert fit.figures[5].text == "not known"
    assert "tokens of context" in fit.figures[0].how
    assert "of it the adapter" in fit.figures[1].how
    assert "teacher.example" in fit.figures[2].how
    assert "By its size, since it is not here" in fit.figures[3].how
    assert [(one.local_card, one.cheaper != "") for one in found.answers] == [
        (filled.cards.get(name).uid, name == "v1") for name in ("v1", "v3", "Huge", "Small", "Nothing")
    ]
    assert found.answer is not None
    assert found.answer.local_card == filled.cards.get("v1").uid
    notes = " ".join(found.notes)
    assert "how good they are beside each other is open" in notes
    assert "Huge is not on this computer" in notes
    assert "v1 is not" not in notes


def test_other_inputs_are_reckoned_at_once_and_settings_are_the_rest(filled: CardRoom) -> None:
    comparisons = filled.cards.comparisons
    found = comparisons.of(["v1", "Prof"])
    assert dict(found.assumptions).keys() >= {"hardware", "watts", "tokens"}
    assert found.answer is not None
    filled.forge.settings.change(cost_hardware=0.0, cost_currency="EUR", cost_rate=0.5)
    after = comparisons.again(found)
    assert after.answer is not None
    assert (after.answer.local or 0) < (found.answer.local or 0)
    assert "EUR" in after.answer.sentences[0]
    assert "hardware" not in dict(after.assumptions)
    free = comparisons.again(found, dataclasses.replace(found.inputs, hardware=0, electricity=0))
    assert free.answer is not None
    assert (free.answer.local, free.answer.break_even, free.answer.cheaper) == (0, 0, "local")
    assert after.cards == found.cards


def test_a_comparison_needs_two_different_cards_that_are_there(room: CardRoom) -> None:
    for names, said in (
        (["v1"], "two cards or more"),
        (["v1", "v1"], "named twice"),
        (["v1", "no"], "No card is called"),
    ):
        with pytest.raises(ForgeError, match=said):
            room.cards.comparisons.of(names)


def test_costs_rest_on_what_was_indexed_searched_and_paid(data_dir: Path, tmp_path: Path) -> None:
    with Teacher(answered) as teacher:
        app = Application(data_dir, teacher)
        try:
            app.index(tmp_path / "documents")
            app.ask(4)
            run = app.run()
            shelf = tmp_path / "shelf"
            shelf.mkdir()
            for number in range(100):
                (shelf / f"{number}.txt").write_text(f"The tool number {number} hangs on hook {number * 7}.\n")
            app.forge.jobs.wait(app.forge.corpus.index([shelf]), timeout=60)
            app.forge.jobs.wait(app.forge.cards.fill("loopback"), timeout=60)
            found = app.forge.cards.comparisons.of(["v1", "loopback"])
        finally:
            app.close()
        table = {(one.key, one.label): one for one in found.capabilities}
        assert run.settled >= teacher.bill > 0
        assert table["run", ""].exact == run.settled
        assert table["pair", ""].exact == Fraction(run.settled, 4)
        paid = table["paid", "loopback"]
        assert paid.amount is not None
        assert "from what was paid on 20" in paid.rests_on[0]
        index, search = table["index", ""], table["search", ""]
        assert "100 passages took" in index.how
        assert "7 searches among 112 passages" in search.rests_on[0]
        assert index.exact is not None
        assert search.exact is not None
        assert index.exact > 0
        assert search.exact > 0
        assert table["read", "loopback"].amount == teacher.price_in // 1000
        assert [card.local for card in found.cards] == [True, True]  # the loopback teacher is on this computer
        rows = {row.key: row for row in found.rows}
        assert "A server on this computer (127.0.0.1)" in rows["fit"].figures[1].how
        assert rows["cost_per_1k"].figures[0].text == "paid to nobody"
