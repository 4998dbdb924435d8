"""Gates in the window, as a person meets them: the sheet, a run, the report, both answers beside each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.gate_sheet import GateSheet
from forge_desktop.ui.panes.students.gates_section import GatesSection
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.pair_chart import PairChart
from tests.ui.test_students_sections import cut, nameless
from tests.ui.test_students_versions import SOON, press, said, toast
from tests.ui.versions import ITEMS, Versions


@pytest.fixture
def made(forge: Forge, tmp_path: Path) -> Versions:
    return Versions(forge, tmp_path)


@pytest.fixture
def pane(made: Versions, window: Shell) -> StudentsPane:
    found = window.visit("students")
    assert isinstance(found, StudentsPane)
    found.show_section("gates")
    return found


@pytest.fixture
def section(pane: StudentsPane) -> GatesSection:
    return pane.gates


def rows(section: GatesSection) -> list[str]:
    model = section.list.model()
    role = Qt.ItemDataRole.AccessibleTextRole
    return [model.index(row, 0).data(role) for row in range(model.rowCount())]


def charts(section: GatesSection) -> list[PairChart]:
    return [found for found in section.report.findChildren(PairChart) if not found.isHidden()]


def asked(qtbot: QtBot, section: GatesSection) -> GateSheet:
    qtbot.waitUntil(lambda: section.window().findChild(GateSheet) is not None, timeout=SOON)
    found: GateSheet = section.window().findChild(GateSheet)
    qtbot.waitExposed(found)
    return found


def test_without_a_gate_the_pane_says_what_one_is(qtbot: QtBot, section: GatesSection) -> None:
    qtbot.waitUntil(section.empty.isVisible, timeout=SOON)
    press(qtbot, section.empty, "Run gate…")
    sheet = asked(qtbot, section)
    assert not sheet.start.isEnabled()
    assert "no version with an adapter" in sheet.why.text()
    wanted: list[str] = []
    section.wants_pane.connect(wanted.append)
    press(qtbot, sheet, "Open suites in Distill")
    assert wanted == ["distill:dataset"]


def test_a_report_says_the_verdict_and_why_with_both_sides_in_bars(
    qtbot: QtBot, section: GatesSection, made: Versions, window: Shell
) -> None:
    made.gate(made.add("handbook"))
    qtbot.waitUntil(lambda: len(charts(section)) == 2, timeout=SOON)
    assert rows(section)[0].startswith("v3 against v1, Passes, Gate 1")
    words = said(section.report)
    for fact in ("v3 passes", "Exact match on library rises", "30 questions · must gain", "regression", "95%"):
        assert fact in words
    spoken = charts(section)[0].accessibleDescription()
    assert "Exact match: 64% before, 77% after; difference +13, by its interval +4 to +22 points" in spoken
    assert "NLL of the reference: 1.62 before, 1.44 after" in spoken
    assert not charts(section)[0].grab().isNull()
    assert not nameless(section)
    for size in ((1360, 860), (880, 560)):
        window.resize(*size)
        qtbot.waitUntil(lambda: not cut(section), timeout=SOON)
        view = section.report
        assert view.widget().width() <= view.viewport().width(), "nothing is cut off at the side"


def test_questions_are_filtered_and_both_answers_stand_beside_each_other(
    qtbot: QtBot, section: GatesSection, made: Versions
) -> None:
    made.gate(made.add("handbook"), "failed")
    qtbot.waitUntil(lambda: bool(charts(section)), timeout=SOON)
    press(qtbot, section, "Questions")
    table = section.items.table
    qtbot.waitUntil(lambda: table.rows.rowCount() == ITEMS, timeout=SOON)
    press(qtbot, section.items, "Better")
    better = sum(n % 3 == 0 and n % 5 != 0 for n in range(ITEMS))
    qtbot.waitUntil(lambda: table.rows.rowCount() == better, timeout=SOON)
    item = section.items.item
    qtbot.waitUntil(item.isVisible, timeout=SOON)
    assert item.question.text() == "How long may tool number 3 be kept?"
    assert [side.text.toPlainText() for side in item.sides] == ["I do not know.", "It is lent for 14 days [1]."]
    words = said(item)
    for fact in ("14 days", "Correct 0% · NLL 1.2", "Correct 100% (+100)", "v1", "v3"):
        assert fact in words
    assert item.passages.heading() == "1 passage that both were given"
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: item.question.text() == "How long may tool number 6 be kept?", timeout=SOON)
    press(qtbot, section.items, "Worse")
    worse = sum(n % 3 != 0 and n % 5 == 0 for n in range(ITEMS))
    qtbot.waitUntil(lambda: table.rows.rowCount() == worse, timeout=SOON)
    assert not nameless(section)


def test_a_gate_that_was_broken_off_is_offered_to_go_on(qtbot: QtBot, section: GatesSection, made: Versions) -> None:
    version = made.add("handbook")
    made.gate(version, "", state="interrupted")
    qtbot.waitUntil(lambda: ["Interrupted" in words for words in rows(section)] == [True], timeout=SOON)
    qtbot.waitUntil(section.resume.isVisible, timeout=SOON)
    assert "What was measured is kept" in said(section.report)
    press(qtbot, section, "Resume")
    qtbot.waitUntil(section.banner.isVisible, timeout=SOON)
    assert "library" in section.banner.accessibleName(), "its suite is gone"


def test_a_gate_is_run_from_its_sheet_to_its_report(
    qtbot: QtBot, pane: StudentsPane, section: GatesSection, made: Versions, tmp_path: Path
) -> None:
    file = tmp_path / "bridges.jsonl"
    lines = [{"question": f"What is bridge {n} called?", "answer": "aaaa"} for n in range(8)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    made.forge.jobs.wait(
        made.forge.distill.suites.bring_in(file, f"bridges {'of a very long name ' * 8}", "recall"), timeout=60
    )
    made.registry.promote("v2")
    made.add("handbook")
    pane.show_section("gates", "new")
    sheet = asked(qtbot, section)
    assert sheet.version.currentText() == "v3 · handbook"
    assert sheet.baseline.currentText() == "v2 · Tiny-Chat F32, in use"
    assert not nameless(sheet)
    for scales in ("0", "1e-9", "9"):
        sheet.scales.setText(scales)
        assert "A scale is a number from 0.01 to 8" in sheet.why.text()
    sheet.scales.setText("1,1,1")
    assert "name it once" in sheet.why.text()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert sheet.isVisible()
    assert "Leave without keeping" in said(sheet.banner)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    sheet.scales.setText("1")
    for margin in ("inf", "1e9", "1000", "-1"):
        sheet.margins["exact_match"].setText(margin)
        sheet.margins["exact_match"].changed.emit()
        assert "0 to 100 points" in sheet.why.text()
    sheet.margins["exact_match"].setText("2")
    sheet.margins["exact_match"].changed.emit()
    area = sheet.findChild(QScrollArea)
    assert area is not None
    assert area.widget().width() <= area.viewport().width(), "a long name pushes nothing out"
    for box in sheet.own.values():
        box.setChecked(False)
    assert sheet.start.isEnabled(), sheet.why.text()
    assert "cannot pass" in sheet.why.text()
    wish = sheet.wish()
    assert (wish.primary, wish.scales, wish.regression, wish.items) == ("exact_match", (1.0,), False, 0)
    press(qtbot, sheet, "Run gate")
    qtbot.waitUntil(lambda: section.progress.isVisible() or bool(rows(section)), timeout=SOON)
    qtbot.waitUntil(lambda: bool(charts(section)), timeout=120_000)
    qtbot.waitUntil(lambda: section.progress.isHidden(), timeout=SOON)
    assert rows(section)[0].startswith("v3 against v2")
    assert toast(section).accessibleName().startswith("v3 against v2: ")  # type: ignore[arg-type]
    assert made.registry.version("v3").verdict != ""
