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
from forge_desktop.ui.gate_words import version_choices, version_name
from forge_desktop.ui.panes.distill import DistillPane
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.bring_dialog import BringDialog
from forge_desktop.ui.panes.students.bundle_sheet import BundleSheet
from forge_desktop.ui.panes.students.compare_dialog import CompareDialog
from forge_desktop.ui.panes.students.gate_sheet import GateSheet
from forge_desktop.ui.panes.students.promote_sheet import PromoteSheet
from forge_desktop.ui.panes.students.versions_section import VersionsSection
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Toast
from tests.students.gate_rooms import adapter
from tests.ui.test_students_library import drop
from tests.ui.test_students_sections import cut
from tests.ui.test_students_versions import SOON, WHY, choose, press, rows, said, sheet, toast
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


def test_only_what_a_reason_outweighs_asks_for_one(qtbot: QtBot, section: VersionsSection, made: Versions) -> None:
    version = made.add("handbook")
    made.gate(version)
    choose(qtbot, section, "v3")
    press(qtbot, section, "Promote…")
    asked = sheet(qtbot, section, PromoteSheet)
    assert isinstance(asked, PromoteSheet)
    Path(made.registry.adapters()[0].path).unlink()
    press(qtbot, asked, "Promote v3")
    qtbot.waitUntil(asked.banner.isVisible, timeout=SOON)
    asked.reason.setPlainText(WHY)
    assert not asked.promote.isEnabled()
    assert asked.reason.accessibleName() == "Why"
    asked.reject()


def test_a_card_that_lacks_something_takes_a_reason(qtbot: QtBot, section: VersionsSection, made: Versions) -> None:
    version = made.add("handbook")
    made.gate(version)
    made.forge.cards.clear(version.uid, "licence")
    choose(qtbot, section, "v3")
    press(qtbot, section, "Promote…")
    asked = sheet(qtbot, section, PromoteSheet)
    assert isinstance(asked, PromoteSheet)
    assert "It lacks: Licence." in said(asked)
    assert not asked.promote.isEnabled()
    asked.reason.setPlainText(WHY)
    press(qtbot, asked, "Promote v3")
    qtbot.waitUntil(lambda: made.registry.version("v3").state == "active", timeout=SOON)


def test_a_bundle_that_is_here_already_is_said_to_be(
    qtbot: QtBot, section: VersionsSection, made: Versions, tmp_path: Path
) -> None:
    version = made.add("handbook")
    choose(qtbot, section, "v3")
    section.files.export_to(version, tmp_path / "handbook.forgeversion")
    qtbot.waitUntil(lambda: "v3 is exported" in toast(section).accessibleName(), timeout=SOON)
    section.files.offer_bundle(tmp_path / "handbook.forgeversion")
    asked = sheet(qtbot, section, BundleSheet)
    section.banner.show_message("An earlier failure")
    asked.start.click()
    here = "v3 · handbook is here already; nothing has changed"
    qtbot.waitUntil(lambda: toast(section).accessibleName() == here, timeout=SOON)
    assert not section.banner.isVisible()


def test_a_version_that_a_gate_is_at_stays_and_a_removed_one_keeps_its_label(made: Versions) -> None:
    version = made.add("handbook")
    uid = made.gate(version)
    with made.registry.kept_for((version.uid,), "Gate 1"), pytest.raises(ForgeError, match="Gate 1 is at it"):
        made.registry.remove("v3")
    made.registry.remove("v3")
    gate = made.forge.students.gates.get(uid)
    assert (gate.label, gate.baseline_label) == ("v3", "v1")


def test_long_words_and_names_of_another_direction(
    qtbot: QtBot, section: VersionsSection, made: Versions, window: Shell
) -> None:
    word = "W" * 300
    made.add(word, note=f"{word} {'ש' * 90}")
    made.registry.retire("v3", why=word, who=f"command line {word}")
    choose(qtbot, section, "v3")
    inside = section.details.widget()
    for size in ((1360, 860), (880, 560)):
        window.resize(*size)
        qtbot.waitUntil(lambda: inside.width() <= section.details.viewport().width(), timeout=SOON)
        qtbot.waitUntil(lambda: not cut(section), timeout=SOON)
    section.acting.promote(made.registry.version("v3"))
    asked = sheet(qtbot, section, PromoteSheet)
    assert asked.width() <= window.width()
    asked.reject()
    hebrew = made.add("שלום", seed=2)
    assert version_name(hebrew) == "v4 · \u2068שלום\u2069"
    half = made.registry.derive("v4", scale=0.5)
    named = version_choices([hebrew, half, made.registry.version("v3")])
    assert named[half.uid].endswith("· scale 0.5")
    assert "scale" not in list(named.values())[-1]


def test_bundles_and_adapters_are_dropped_and_a_bundle_is_replaced(
    qtbot: QtBot, section: VersionsSection, made: Versions, window: Shell, tmp_path: Path
) -> None:
    version = made.add("handbook")
    choose(qtbot, section, "v3")
    bundle = tmp_path / "handbook.forgeversion"
    bundle.write_text("what was there before")
    section.files.export_to(version, bundle, replace=True)
    qtbot.waitUntil(lambda: "v3 is exported" in toast(section).accessibleName(), timeout=SOON)
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    pane.show_section("bases")
    assert drop(pane, bundle)
    sheet(qtbot, section, BundleSheet).start.click()
    qtbot.waitUntil(lambda: "is here already" in toast(section).accessibleName(), timeout=SOON)
    assert pane.section() == "versions"
    assert drop(pane, adapter(tmp_path / "foreign.gguf", made.file, strength=0.5, seed=5))
    asked = sheet(qtbot, section, BringDialog)
    assert isinstance(asked, BringDialog)
    assert asked.base.value() == made.base.base_sha256, "the one it was made for"
    asked.reject()
