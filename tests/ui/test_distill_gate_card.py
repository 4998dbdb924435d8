"""The newest gate beside the money in Distill: bars, publishing what passed, rolling back, and the way to training."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.distill.records import NewTask
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards import CardsPane
from forge_desktop.ui.panes.distill import DistillPane
from forge_desktop.ui.panes.distill.gate_card import GateCard
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.promote_sheet import PromoteSheet
from forge_desktop.ui.shell import Shell
from tests.ui.test_students_sections import cut, nameless
from tests.ui.test_students_versions import SOON, press, said
from tests.ui.versions import Versions


@pytest.fixture
def made(forge: Forge, tmp_path: Path) -> Versions:
    forge.distill.tasks.add([NewTask("Who pays?")])
    return Versions(forge, tmp_path)


@pytest.fixture
def card(made: Versions, window: Shell, qtbot: QtBot) -> GateCard:
    pane = window.visit("distill")
    assert isinstance(pane, DistillPane)
    qtbot.waitUntil(pane.page.figures.isVisible, timeout=SOON)
    return pane.page.gate


def students(window: Shell) -> StudentsPane:
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    return pane


def test_the_card_comes_with_the_first_adapter(
    qtbot: QtBot, window: Shell, card: GateCard, made: Versions, forge: Forge
) -> None:
    assert not card.isVisible()
    made.add("handbook")
    qtbot.waitUntil(card.isVisible, timeout=SOON)
    assert "decides whether it may take over" in said(card)
    press(qtbot, card, "Run a gate…")
    assert window.current_pane() == "students"
    assert students(window).section() == "gates"


def test_the_newest_gate_is_shown_and_what_passed_is_published(
    qtbot: QtBot, window: Shell, card: GateCard, made: Versions
) -> None:
    made.gate(made.add("handbook"))
    qtbot.waitUntil(card.promote.isVisible, timeout=SOON)
    assert card.pill.text() == "Passes"
    spoken = card.chart.accessibleDescription()
    assert spoken.startswith("Exact match: 64% before, 77% after")
    assert "Refuses when it should: 88% before, 86% after; difference −2" in spoken
    assert not card.rollback.isVisible(), "a base answers"
    assert not nameless(card)
    for width in (1360, 1120):
        window.resize(width, 860)
        qtbot.waitUntil(lambda: not cut(card), timeout=SOON)
    press(qtbot, card, "Publish v3")
    qtbot.waitUntil(lambda: window.findChild(PromoteSheet) is not None, timeout=SOON)
    assert students(window).section() == "versions"
    sheet: PromoteSheet = window.findChild(PromoteSheet)
    qtbot.waitExposed(sheet)
    press(qtbot, sheet, "Promote v3")
    qtbot.waitUntil(lambda: made.registry.version("v3").state == "active", timeout=SOON)
    window.visit("distill")
    qtbot.waitUntil(card.rollback.isVisible, timeout=SOON)
    qtbot.waitUntil(lambda: not card.promote.isVisible(), timeout=SOON)
    press(qtbot, card, "Roll back")
    qtbot.waitUntil(lambda: made.registry.version("v1").state == "active", timeout=SOON)
    qtbot.waitUntil(card.promote.isVisible, timeout=SOON)


def test_what_failed_is_not_offered(qtbot: QtBot, window: Shell, card: GateCard, made: Versions) -> None:
    made.gate(made.add("handbook"), "failed")
    qtbot.waitUntil(lambda: card.isVisible() and card.pill.text() == "Fails", timeout=SOON)
    assert not card.promote.isVisible()
    made.gate(made.add("newer", seed=2))
    made.gate(made.add("newest", seed=3), "failed")
    qtbot.waitUntil(lambda: card._gate is not None and card._gate.number == 3, timeout=SOON)
    shown = card._gate
    assert shown is not None
    press(qtbot, card, "See the gate")
    section = students(window).gates
    assert students(window).section() == "gates"
    qtbot.waitUntil(lambda: section._gate is not None and section._gate.uid == shown.uid, timeout=SOON)


def test_without_room_for_the_card_a_line_leads_on(
    qtbot: QtBot, window: Shell, card: GateCard, made: Versions, forge: Forge
) -> None:
    version = made.add("handbook")
    made.gate(version)
    qtbot.waitUntil(card.isVisible, timeout=SOON)
    pane = window.visit("distill")
    assert isinstance(pane, DistillPane)
    assert pane._train.isEnabled(), "training takes a file too"
    line = pane.page.gate_line
    assert card.chart._arms.before == "v1 (now)"
    assert not line.isVisible()
    for size in ((1280, 720), (1120, 700), (880, 560)):
        window.resize(*size)
        qtbot.waitUntil(lambda: line.isVisible() != card.isVisible(), timeout=SOON)
        if line.isVisible():
            assert line.promote.isVisible()
            assert line.pill.text() == "Passes"
            assert not cut(line)
    assert line.isVisible()
    assert not nameless(line)
    forge.distill.tasks.remove([1])
    window.resize(1360, 860)
    qtbot.waitUntil(lambda: line.isVisible() and pane.page.start.isVisible(), timeout=SOON)
    press(qtbot, line, "Publish v3")
    qtbot.waitUntil(lambda: window.findChild(PromoteSheet) is not None, timeout=SOON)


def test_training_is_reached_from_the_pairs(qtbot: QtBot, window: Shell, card: GateCard) -> None:
    pane = window.visit("distill")
    QApplication.processEvents()
    pane.wants_pane.emit("students:train")
    assert students(window).section() == "training"


def test_the_gate_leads_to_the_card_of_its_version(qtbot: QtBot, window: Shell, card: GateCard, made: Versions) -> None:
    version = made.add("handbook")
    made.gate(version)
    qtbot.waitUntil(card.promote.isVisible, timeout=SOON)
    press(qtbot, card, "Card")
    pane = window.visit("cards")
    assert isinstance(pane, CardsPane)
    qtbot.waitUntil(lambda: (shown := pane.card()) is not None and shown.subject == version.uid, timeout=SOON)
