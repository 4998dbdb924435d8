"""Cards side by side in the window, costs that are typed there, and the ways to a card from the other panes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QDialog, QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards.compare_sheet import CompareSheet
from forge_desktop.ui.panes.cards.pane import CardsPane
from forge_desktop.ui.panes.cards.sheets_fill import FillSheet
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.promote_sheet import PromoteSheet
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import ElidedLabel
from tests.providers.teacher import Teacher
from tests.ui import lessons
from tests.ui.cards import fill_in, measure
from tests.ui.test_cards_sheets import SOON, fine, press, said, sheet
from tests.ui.versions import Versions


@pytest.fixture
def teacher(forge: Forge) -> Iterator[str]:
    """A teacher with prices; the uid of its endpoint."""
    with Teacher(price_in=3_000_000, price_out=15_000_000) as made:
        yield lessons.add_teacher(forge, made).uid


@pytest.fixture
def pane(forge: Forge, teacher: str, window: Shell) -> CardsPane:
    measure(forge, fill_in(forge), {"prompt_speed": ({"p50": 400.0, "p95": 390.0}, "tokens/s")})
    forge.jobs.wait(forge.cards.fill(teacher))
    made = window.visit("cards")
    assert isinstance(made, CardsPane)
    return made


@pytest.fixture
def compared(qtbot: QtBot, forge: Forge, pane: CardsPane) -> CompareSheet:
    """A model of this computer and a teacher, side by side."""
    pane.actions_of.compare()
    found: CompareSheet = sheet(qtbot, pane, CompareSheet)
    qtbot.waitUntil(lambda: found.found is not None, timeout=SOON)
    return found


def test_a_model_here_and_a_teacher_stand_side_by_side(qtbot: QtBot, compared: CompareSheet) -> None:
    words = said(compared)
    for title in (
        "Does it fit here?",
        "How fast is it?",
        "What does it cost?",
        "Local or API?",
        "What does each thing cost?",
    ):
        assert title in words
    assert "assumed" in words
    fine(qtbot, compared)
    columns = [
        part for part in compared.findChildren(QWidget) if part.accessibleName().startswith("Writing an answer, ")
    ]
    assert len(columns) == 2


def test_a_cost_that_is_typed_is_kept_and_changes_the_answer_at_once(
    qtbot: QtBot, forge: Forge, compared: CompareSheet
) -> None:
    before = compared.found
    assert before is not None
    price = compared.form.inputs["hardware"]
    price.editor.setFocus()
    price.editor.selectAll()
    qtbot.keyClicks(price.editor, "9000")
    qtbot.keyClick(price.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: forge.settings.values.cost_hardware == 9000, timeout=SOON)
    qtbot.waitUntil(lambda: compared.found is not before, timeout=SOON)
    now = compared.found
    assert now is not None
    assert now.answer is not None
    assert before.answer is not None
    assert now.answer.sentences != before.answer.sentences
    assert not price._mark.isVisible(), "it is no assumption any more"
    price.editor.selectAll()
    qtbot.keyClicks(price.editor, "dear")
    assert "Price of the computer" in price._problem.text()
    assert forge.settings.values.cost_hardware == 9000


def test_cards_are_put_beside_and_taken_away(qtbot: QtBot, forge: Forge, compared: CompareSheet) -> None:
    extra = forge.cards.new("teacher", "another")
    first, second = compared.chosen()
    name = compared._entries[second].name
    press(qtbot, compared, f"Take {name} away")
    assert compared.chosen() == [first]
    assert "Choose two cards at least." in said(compared)
    compared.add.setCurrentIndex(compared.add.findData(second))
    compared.add.activated.emit(compared.add.currentIndex())
    qtbot.waitUntil(lambda: compared.found is not None, timeout=SOON)
    assert compared.chosen() == [first, second]
    assert extra.uid not in compared.chosen()


def test_one_chosen_card_gets_another_beside_it(qtbot: QtBot, forge: Forge, pane: CardsPane, teacher: str) -> None:
    pane.actions_of.compare([forge.cards.get(teacher).uid])
    found = sheet(qtbot, pane, CompareSheet)
    qtbot.waitUntil(lambda: found.found is not None, timeout=SOON)
    assert found.chosen()[0] == forge.cards.get(teacher).uid
    assert len(found.chosen()) == 2


def test_what_can_be_used_and_is_known_best_stands_beside_one_card(
    qtbot: QtBot, forge: Forge, pane: CardsPane, teacher: str
) -> None:
    forge.cards.new("teacher", "A teacher of nobody")
    starter = next(entry.uid for entry in forge.cards.entries() if entry.kind == "student")
    pane.actions_of.compare([starter])
    found = sheet(qtbot, pane, CompareSheet)
    assert found.chosen() == [starter, forge.cards.get(teacher).uid]


def test_more_cards_than_fit_are_told_and_four_fit_a_small_window(
    qtbot: QtBot, forge: Forge, pane: CardsPane, window: Shell
) -> None:
    for number in range(4):
        forge.cards.new("teacher", f"A teacher with a rather long name {number}")
    window.resize(880, 560)
    chosen = [entry.uid for entry in forge.cards.entries()]
    pane.actions_of.compare(chosen)
    found = sheet(qtbot, pane, CompareSheet)
    assert found.chosen() == chosen[:4]
    assert "4 cards stand beside each other at most." in said(found.banner)
    assert f"{len(chosen) - 4} others" in said(found.banner)
    qtbot.waitUntil(lambda: found.found is not None, timeout=SOON)
    assert found.minimumSizeHint().width() <= found.width() <= window.width()
    assert "4 cards" in said(found.banner)


def shown(qtbot: QtBot, window: Shell, subject: str) -> CardsPane:
    """The Cards pane, with the card of this version or endpoint open."""
    qtbot.waitUntil(lambda: window.current_pane() == "cards", timeout=SOON)
    pane = window.visit("cards")
    assert isinstance(pane, CardsPane)
    qtbot.waitUntil(lambda: (card := pane.card()) is not None and card.subject == subject, timeout=SOON)
    return pane


def test_the_menu_leads_to_comparing(qtbot: QtBot, forge: Forge, window: Shell) -> None:
    action = next(action for action in window._menus._actions if action.text() == "C&ompare model cards…")
    action.trigger()
    found = sheet(qtbot, window.visit("cards"), CompareSheet)
    qtbot.waitUntil(lambda: "Choose two cards at least." in said(found), timeout=SOON)
    fine(qtbot, found)


def test_an_endpoint_leads_to_its_card(qtbot: QtBot, window: Shell, teacher: str) -> None:
    settings: Any = window.visit("settings")
    qtbot.waitUntil(lambda: teacher in settings.endpoints.rows(), timeout=SOON)
    press(qtbot, settings, "Card of Loopback")
    shown(qtbot, window, teacher)


def test_a_base_leads_to_its_card(qtbot: QtBot, forge: Forge, window: Shell) -> None:
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    pane.show_section("bases")
    press(qtbot, pane.bases, "Card")
    base = next(version for version in forge.students.registry.versions() if version.is_base)
    shown(qtbot, window, base.uid)


def test_a_promotion_says_what_the_card_lacks_and_leads_to_filling_it(
    qtbot: QtBot, forge: Forge, window: Shell, tmp_path: Path
) -> None:
    made = Versions(forge, tmp_path)
    version = made.add("handbook")
    made.gate(version)
    forge.cards.not_applicable(version.uid, "limitations", "")  # the gate's helper completes the card
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    pane.show_section("versions", version.uid)
    qtbot.waitUntil(lambda: (v := pane.versions.version()) is not None and v.uid == version.uid, timeout=SOON)
    press(qtbot, pane.versions, "Card")
    shown(qtbot, window, version.uid)
    window.visit("students")
    lacking: Callable[[], object] = lambda: forge.students.registry.card_of(version.uid)  # noqa: E731
    qtbot.waitUntil(lambda: bool(lacking()), timeout=SOON)
    press(qtbot, pane.versions, "Promote…")

    def asked() -> QDialog | None:
        return next((found for found in window.findChildren(PromoteSheet) if found.isVisible()), None)

    qtbot.waitUntil(lambda: asked() is not None, timeout=SOON)
    found = asked()
    assert isinstance(found, PromoteSheet)
    assert "It lacks: " in "\n".join(label.text() for label in found.findChildren(QLabel))
    assert any(label.text().startswith("Its model card is not complete: ") for label in found.findChildren(QLabel))
    area = found.findChildren(QScrollArea)[0]
    fill = next(button for button in found.findChildren(QAbstractButton) if button.text() == "Fill it in")
    assert area.viewport().rect().contains(fill.mapTo(area.viewport(), fill.rect().center())), "seen without scrolling"
    assert not found.promote.isEnabled(), "a reason is needed"
    press(qtbot, found, "Fill it in")
    cards = shown(qtbot, window, version.uid)
    filling = sheet(qtbot, cards, FillSheet)
    qtbot.waitUntil(lambda: "changed, in" in said(filling), timeout=SOON)


def test_a_long_name_never_widens_the_sheet(qtbot: QtBot, forge: Forge, pane: CardsPane, window: Shell) -> None:
    long = [forge.cards.new(kind, f"A name of {n} " + "and on " * 16 + "x" * 60).uid for n, kind in
            enumerate(("teacher", "student", "teacher", "adapter"))]  # fmt: skip
    window.resize(900, 620)
    pane.actions_of.compare(long)
    found = sheet(qtbot, pane, CompareSheet)
    qtbot.waitUntil(lambda: found.found is not None and "Local or API?" in said(found), timeout=SOON)
    qtbot.wait(50)
    assert found.minimumSizeHint().width() <= window.width() - 32
    assert found.width() <= window.width()
    fine(qtbot, found)


def test_four_cards_with_stale_values_fit_a_small_window(
    qtbot: QtBot, forge: Forge, pane: CardsPane, window: Shell
) -> None:
    kinds = ("student", "adapter", "adapter", "student")
    cards = [forge.cards.new(kind, f"Loopback {n}").uid for n, kind in enumerate(kinds)]
    for place, uid in enumerate(cards):
        measure(
            forge,
            uid,
            {"memory_ram": (10**8 + place, "B"), "generation_speed": ({"p50": 40.2 + place, "p95": 44.1}, "tokens/s")},
        )
    window.resize(880, 560)
    pane.actions_of.compare(cards)
    found = sheet(qtbot, pane, CompareSheet)
    qtbot.waitUntil(lambda: found.found is not None and "Local or API?" in said(found), timeout=SOON)
    told = found.found
    assert told is not None
    found._show(dataclasses.replace(told, cards=tuple(dataclasses.replace(card, stale=1) for card in told.cards)))
    qtbot.wait(50)
    assert found.minimumSizeHint().width() <= window.width() - 32
    assert found.width() <= window.width() - 32
    inside = found.area.widget()
    assert inside is not None
    assert inside.width() == found.area.viewport().width(), "no column is cut off"
    cells = [part for part in found.findChildren(QWidget) if part.accessibleName().startswith("Reading a prompt, ")]
    assert len({cell.width() for cell in cells}) == 1, "whichever is best, the columns are alike"
    names = [head for head in found._heads.itemAt(0).widget().findChildren(ElidedLabel) if "Loop" in head.whole_text()]
    assert len(names) == 4
    assert all(head.text().startswith("Loopback") for head in names), [head.text() for head in names]
    stale = [part for part in found.findChildren(QWidget) if part.accessibleName() == "1 value stale"]
    assert len(stale) == 4
    fine(qtbot, found)


def test_costs_say_what_they_take_in_words(compared: CompareSheet) -> None:
    price = compared.form.inputs["hardware"]
    for typed, told in (
        ("", "Price of the computer: type a number, 0 for nothing."),
        ("-1", "Price of the computer is a number from 0 to 1,000,000,000, and '-1' is none."),
    ):
        price.editor.setText(typed)
        price._on_edited()
        assert price._problem.text() == told
    missing = [figure.missing for row in compared.found.rows for figure in row.figures]  # type: ignore[union-attr]
    assert any("fill the card of" in words for words in missing)
    assert "forge-desktop" not in said(compared)
