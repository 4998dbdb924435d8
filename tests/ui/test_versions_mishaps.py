"""Versions in the window when hands are fast and names are foul: one step a click, plain words, the right names."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records import NewTask
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.distill import DistillPane
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.compare_dialog import CompareDialog
from forge_desktop.ui.panes.students.gate_sheet import GateSheet
from forge_desktop.ui.panes.students.promote_sheet import PromoteSheet
from forge_desktop.ui.panes.students.versions_section import VersionsSection
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Toast
from tests.ui.test_students_versions import SOON, WHY, choose, press, rows, sheet, toast
from tests.ui.versions import Versions

BOLD = "<b>x</b><img src=/etc/hostname>"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def made(forge: Forge, tmp_path: Path) -> Versions:
    return Versions(forge, tmp_path)


@pytest.fixture
def section(made: Versions, window: Shell) -> VersionsSection:
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    return pane.versions


def three_in_a_row(made: Versions) -> None:
    """v1, then v2, then v3 were active."""
    made.add("handbook")
    made.registry.promote("v2")
    made.registry.promote("v3", override=WHY)


def test_a_rollback_says_from_where_and_refuses_when_another_is_active(made: Versions) -> None:
    three_in_a_row(made)
    third = made.registry.version("v3").uid
    assert made.registry.rollback(from_version=third).version.label == "v2"
    with pytest.raises(ForgeError, match="v2 answers now, not v3"):
        made.registry.rollback(from_version=third)
    assert made.registry.version("v2").state == "active"


def test_two_clicks_on_roll_back_go_back_once(qtbot: QtBot, section: VersionsSection, made: Versions) -> None:
    three_in_a_row(made)
    choose(qtbot, section, "v3")
    button = section.details.rollback
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=SOON)
    qtbot.mouseClick(button, LEFT)
    assert not button.isEnabled()
    qtbot.mouseClick(button, LEFT)
    section.acting.rollback(made.registry.version("v3"))  # as a second click that came through
    qtbot.waitUntil(lambda: "answers again" in toast(section).accessibleName(), timeout=SOON)
    qtbot.waitUntil(lambda: (v := section.version()) is not None and v.label == "v2", timeout=SOON)
    qtbot.mouseClick(button, LEFT)  # a double click's second half, on what is shown since
    assert made.registry.version("v2").state == "active"
    assert toast(section).accessibleName() == "v2 · Tiny-Chat F32 answers again"
    qtbot.waitUntil(button.isEnabled, timeout=SOON)


def test_two_clicks_on_the_card_in_distill_go_back_once(qtbot: QtBot, made: Versions, window: Shell) -> None:
    three_in_a_row(made)
    made.forge.distill.tasks.add([NewTask("Who pays?")])
    pane = window.visit("distill")
    assert isinstance(pane, DistillPane)
    button = pane.page.gate.rollback
    qtbot.waitUntil(button.isVisible, timeout=SOON)
    qtbot.mouseClick(button, LEFT)
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: "answers again" in window.findChild(Toast).accessibleName(), timeout=SOON)
    qtbot.mouseClick(button, LEFT)
    assert made.registry.version("v2").state == "active"


def test_markup_in_a_name_stays_words(qtbot: QtBot, section: VersionsSection, made: Versions) -> None:
    version = made.add(BOLD, note=BOLD)
    choose(qtbot, section, "v3")
    section.acting.remove(version)
    box = sheet(qtbot, section, QMessageBox)
    assert isinstance(box, QMessageBox)
    assert box.textFormat() == Qt.TextFormat.PlainText
    assert BOLD in box.text()
    press(qtbot, box, "Keep")
    tip = section.timeline.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in tip
    assert "&lt;b&gt;" in tip


def test_one_sheet_at_a_time(qtbot: QtBot, section: VersionsSection, made: Versions, window: Shell) -> None:
    version = made.add("handbook")
    choose(qtbot, section, "v3")
    for _ in range(2):
        section.acting.promote(version)
    asked = sheet(qtbot, section, PromoteSheet)
    section.acting.promote(version)
    qtbot.waitUntil(lambda: not made.forge.jobs.running(), timeout=SOON)
    assert len(window.findChildren(PromoteSheet)) == 1
    asked.reject()
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    for _ in range(2):
        pane.gates.ask(version.uid)
    gate = sheet(qtbot, section, GateSheet)
    pane.gates.ask(version.uid)
    qtbot.waitUntil(lambda: not made.forge.jobs.running(), timeout=SOON)
    assert len(window.findChildren(GateSheet)) == 1
    gate.reject()


def test_answers_keep_the_names_of_who_gave_them(qtbot: QtBot, section: VersionsSection, made: Versions) -> None:
    made.add("handbook")
    made.registry.promote("v2")
    choose(qtbot, section, "v3")
    press(qtbot, section, "Compare…")
    asked = sheet(qtbot, section, CompareDialog)
    assert isinstance(asked, CompareDialog)
    first, second = (field.value() for field in asked.which)
    asked.question.setText("How long?")
    press(qtbot, asked, "Ask both")
    assert not any(field.isEnabled() for field in asked.which), "nobody is exchanged while they answer"
    qtbot.waitUntil(lambda: all(side.facts.whole_text() for side in asked.sides), timeout=60_000)
    assert [side.of.whole_text() for side in asked.sides] == ["v2 · Tiny-Chat F32", "v3 · handbook"]
    asked.choose(str(second), str(first))
    assert not any(side.text.toPlainText() or side.facts.whole_text() for side in asked.sides)
    Path(made.registry.adapters()[0].path).unlink()
    press(qtbot, asked, "Ask both")
    qtbot.waitUntil(asked.ask.isEnabled, timeout=60_000)
    problem = asked.sides[0].text.toPlainText()
    assert problem
    assert asked.sides[0].facts.whole_text() != problem
    asked.reject()


def test_rows_that_change_stay_in_their_place(qtbot: QtBot, section: VersionsSection, made: Versions) -> None:
    made.add("handbook")
    qtbot.waitUntil(lambda: len(rows(section)) == 3, timeout=SOON)
    resets: list[None] = []
    section.timeline.rows.modelReset.connect(lambda: resets.append(None))
    made.registry.retire("v3")
    qtbot.waitUntil(lambda: "Retired" in rows(section)[0], timeout=SOON)
    made.registry.derive("v3", scale=0.5)
    qtbot.waitUntil(lambda: len(rows(section)) == 4, timeout=SOON)
    made.registry.remove("v4")
    qtbot.waitUntil(lambda: len(rows(section)) == 3, timeout=SOON)
    assert not resets
