"""The main walk of distillation through the real window: a file of questions, a quote, a run, a review, an export."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QInputDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.distill.quote_prompts import ABOUT_UNWRITTEN, UNWRITTEN
from forge_desktop.distill.records_runs import RunSummary
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.distill import DistillPane
from forge_desktop.ui.panes.distill.before_run import BeforeRunDialog
from forge_desktop.ui.panes.distill.caps_dialog import CapsDialog
from forge_desktop.ui.panes.distill.export_dialog import ExportDialog
from forge_desktop.ui.panes.distill.import_dialog import ImportDialog
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import ElidedLabel
from tests.providers.teacher import Fault, Teacher
from tests.ui import lessons
from tests.ui.test_accessibility import NAMED, walk

SOON = 15_000
CAP = 50_000  # micro-dollars


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    with Teacher(answer=lessons.answer) as made:
        yield made


def sheet(qtbot: QtBot, kind: type[QWidget]) -> QWidget:
    def shown() -> QWidget | None:
        return next((w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()), None)

    qtbot.waitUntil(lambda: shown() is not None, timeout=SOON)
    found = shown()
    assert found is not None
    return found


@pytest.fixture
def pane(
    qtbot: QtBot, window: Shell, forge: Forge, teacher: Teacher, sample_dir: Path, tmp_path: Path
) -> Iterator[DistillPane]:
    """The pane in the window, with documents and a teacher on loopback, in front."""
    lessons.index(forge, sample_dir, tmp_path)
    lessons.add_teacher(forge, teacher)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keySequence(window, QKeySequence("Ctrl+3"))
    found = window.visit("distill")
    assert isinstance(found, DistillPane)
    yield found
    spent = sum(attempt.cost for attempt in forge.providers.ledger.attempts(limit=1_000))
    assert teacher.bill <= spent


def bring_in(qtbot: QtBot, pane: DistillPane, tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    file.write_text("question\n" + "\n".join(f'"{question}"' for question in lessons.QUESTIONS) + "\n", "utf-8")
    pane.import_file(file)
    shown = sheet(qtbot, ImportDialog)
    assert isinstance(shown, ImportDialog)
    qtbot.waitUntil(shown.start.isEnabled, timeout=SOON)
    qtbot.mouseClick(shown.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pane.page.queue.table.rows.rowCount() == 3, timeout=SOON)
    qtbot.waitUntil(pane._start.isEnabled, timeout=SOON)


def open_sheet(qtbot: QtBot, pane: DistillPane) -> BeforeRunDialog:
    """The sheet before a run, with its first quote."""
    qtbot.mouseClick(pane._start, Qt.MouseButton.LeftButton)
    shown = sheet(qtbot, BeforeRunDialog)
    assert isinstance(shown, BeforeRunDialog)
    qtbot.waitUntil(lambda: shown._quote is not None, timeout=SOON)
    return shown


def start(qtbot: QtBot, pane: DistillPane, cap: str) -> None:
    """Every pair for a person, no draft, under this cap."""
    shown = open_sheet(qtbot, pane)
    assert shown.form.cap.empty
    assert not shown.start.isEnabled()
    assert shown.why.text() == "Type the most that this run may spend."
    QTest.keyClicks(shown.form.cap.line, cap)
    shown.form.draft.setChecked(False)
    shown.form.review.show_value("all")
    shown.form.review.changed.emit()
    assert not shown.start.isEnabled(), "the quote shown is for other settings"
    qtbot.waitUntil(shown.start.isEnabled, timeout=SOON)
    qtbot.mouseClick(shown.start, Qt.MouseButton.LeftButton)


def test_from_a_file_of_questions_to_exported_lessons(
    qtbot: QtBot, window: Shell, pane: DistillPane, forge: Forge, teacher: Teacher, tmp_path: Path
) -> None:
    bring_in(qtbot, pane, tmp_path)
    assert not teacher.bodies, "nothing is sent before a run starts"
    start(qtbot, pane, "0.05")
    qtbot.waitUntil(lambda: pane._seen.run is not None and pane._seen.run.stopped_by == "done", timeout=30_000)
    assert pane._seen.run is not None
    assert pane._seen.run.review == 3
    assert isinstance(pane._seen.run.quoted.get("likely"), int)
    qtbot.waitUntil(lambda: "quoted" in pane.page.outcome.accessibleName(), timeout=SOON)
    assert teacher.bill <= pane._seen.run.settled <= CAP

    page = pane.page
    page.outcome.acted.emit()
    qtbot.waitUntil(lambda: page.item.isVisible() and page.bar.accept.isEnabled(), timeout=SOON)
    assert page.item.view is not None
    first = page.item.view.task.id
    window.activateWindow()  # offscreen nobody gives it back after a sheet
    qtbot.waitUntil(window.isActiveWindow)
    page.queue.table.setFocus()
    QTest.keyClick(page.queue.table, Qt.Key.Key_E)
    qtbot.waitUntil(page.item.answer.field.isVisible)
    field = page.item.answer.field
    field.setPlainText(field.toPlainText().replace(" [1].", " [1]"))
    QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: forge.distill.tasks.get(first).state == "kept", timeout=SOON)
    qtbot.waitUntil(lambda: page.item.view is not None and page.item.view.task.id != first, timeout=SOON)
    qtbot.waitUntil(page.bar.accept.isEnabled, timeout=SOON)
    page.queue.table.setFocus()
    QTest.keyClick(page.queue.table, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: forge.distill.tasks.counts().get("kept") == 2, timeout=SOON)

    pane.show_page("dataset")
    run = pane._seen.run.uid
    pane.dataset.runs.replay_asked.emit(run)
    qtbot.waitUntil(lambda: page.outcome.accessibleName().startswith("The replay gave"), timeout=SOON)
    assert "the same bytes" in page.outcome.accessibleName()
    assert "changed by a person afterwards" in page.outcome.accessibleName()
    pane.dataset.freeze("handbook")
    qtbot.waitUntil(lambda: len(forge.distill.datasets.all()) == 1, timeout=SOON)
    version = forge.distill.datasets.all()[0]
    assert version.pairs == 2
    pane.export(version.uid)
    shown = sheet(qtbot, ExportDialog)
    assert isinstance(shown, ExportDialog)
    qtbot.waitUntil(lambda: shown.what.currentData() == version.uid, timeout=SOON)
    shown.forms["alpaca"].setChecked(True)
    shown.export(tmp_path)
    qtbot.waitUntil(lambda: page.outcome.accessibleName().startswith("Exported to"), timeout=SOON)
    folder = next(tmp_path.glob("lessons-*"))
    assert (folder / "pairs.jsonl").read_bytes() == forge.distill.datasets.lines(version.uid)
    assert len([json.loads(line) for line in (folder / "alpaca.jsonl").open(encoding="utf-8")]) == 2


def test_the_sheet_shows_the_prompts_that_are_sent_and_to_whom(
    qtbot: QtBot, pane: DistillPane, forge: Forge, teacher: Teacher, tmp_path: Path
) -> None:
    bring_in(qtbot, pane, tmp_path)
    shown = open_sheet(qtbot, pane)
    quote = shown._quote
    assert quote is not None
    assert quote.tasks == 3
    assert quote.worst >= quote.likely >= quote.low > 0
    shown.quote.segments.choose("prompts")
    shown.quote._on_page("prompts")
    texts = [view.toPlainText() for view in shown.quote.findChildren(QWidget) if hasattr(view, "toPlainText")]
    assert any(lessons.QUESTIONS[0] in text for text in texts)
    assert {teacher for teacher, _ in quote.prompts} == {"Loopback"}
    assert any(UNWRITTEN in text for text in texts)
    words = [line.text() for line in shown.quote.findChildren(QLabel)]
    assert ABOUT_UNWRITTEN in words
    before = shown._asked
    shown.form.passages.setValue(1)
    qtbot.waitUntil(lambda: shown._quote is not None and shown._asked != before, timeout=SOON)
    assert shown._quote is not None
    assert shown._quote.evidence_tokens < quote.evidence_tokens
    assert not teacher.bodies
    QTest.keyClicks(shown.form.cap.line, "0.000010")
    qtbot.waitUntil(lambda: "nothing would be asked" in " ".join(_said(shown)), timeout=SOON)
    assert not shown.start.isEnabled()
    assert any(said.startswith("From a task's second call on") for said in _said(shown))
    assert any("on this computer" in said for said in _said(shown))
    forge.settings.change(offline=True)
    shown.form.cap.line.setText("0.05")
    qtbot.waitUntil(lambda: "offline switch" in " ".join(_said(shown)), timeout=SOON)
    assert not shown.start.isEnabled()
    shown.reject()


def _said(shown: BeforeRunDialog) -> list[str]:
    return [line.text() for line in shown.quote.findChildren(QLabel)]


def test_a_run_is_paused_resumed_and_cancelled(
    qtbot: QtBot, pane: DistillPane, forge: Forge, teacher: Teacher, tmp_path: Path
) -> None:
    bring_in(qtbot, pane, tmp_path)
    teacher.always = Fault(seconds=0.3)
    start(qtbot, pane, "0.05")
    strip = pane.page.strip
    qtbot.waitUntil(strip.isVisible, timeout=SOON)
    assert pane._start.text() == "Pause run"
    qtbot.mouseClick(pane._start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: strip.paused, timeout=SOON)
    assert strip.words().startswith("Paused: ")
    assert pane._start.text() == "Resume run"
    qtbot.mouseClick(strip.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not strip.paused, timeout=SOON)
    qtbot.mouseClick(strip.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(strip.isHidden, timeout=SOON)
    qtbot.waitUntil(lambda: not forge.jobs.running("distil"), timeout=SOON)
    outcome = pane.page.outcome
    qtbot.waitUntil(lambda: outcome.accessibleName().startswith("The run was cancelled"), timeout=SOON)
    assert "spent" in outcome.accessibleName()


def test_a_run_that_was_broken_off_is_spoken_of_at_the_next_start(
    qtbot: QtBot, pane: DistillPane, forge: Forge, teacher: Teacher, tmp_path: Path
) -> None:
    bring_in(qtbot, pane, tmp_path)
    teacher.always = Fault(seconds=0.5)
    job = forge.distill.run(dataclasses.replace(lessons.WISH, concurrency=1))
    qtbot.waitUntil(lambda: bool(teacher.bodies), timeout=SOON)
    forge.jobs.cancel(job)
    qtbot.waitUntil(lambda: not forge.jobs.running("distil"), timeout=SOON)
    again = DistillPane(forge, pane.bridge)
    qtbot.addWidget(again)
    outcome = again.page.outcome
    qtbot.waitUntil(lambda: not outcome.isHidden(), timeout=SOON)
    assert outcome.accessibleName().startswith("The last run did not come to its end")
    assert "in the queue" in outcome.accessibleName()
    assert outcome.action() == "Go on…"


def test_a_cap_that_is_reached_is_said_with_the_way_on(
    qtbot: QtBot, pane: DistillPane, forge: Forge, teacher: Teacher, tmp_path: Path
) -> None:
    bring_in(qtbot, pane, tmp_path)
    forge.distill.run(dataclasses.replace(lessons.WISH, cap=10))
    qtbot.waitUntil(lambda: bool(pane._seen.run and pane._seen.run.stopped_by), timeout=SOON)
    run = pane._seen.run
    assert isinstance(run, RunSummary)
    assert run.stopped_by == "cap"
    outcome = pane.page.outcome
    qtbot.waitUntil(lambda: outcome.accessibleName().startswith("The run stopped at its cap"), timeout=SOON)
    assert outcome.action() == "Go on with a new cap…"
    assert not teacher.bodies
    outcome.acted.emit()
    shown = sheet(qtbot, BeforeRunDialog)
    assert isinstance(shown, BeforeRunDialog)
    assert shown.form.cap.amount == 10, "the last cap, to be typed over"
    assert shown.form.cap.line.selectedText()
    shown.reject()


def test_a_cap_of_the_day_that_is_reached_can_be_raised(
    qtbot: QtBot, pane: DistillPane, forge: Forge, teacher: Teacher, tmp_path: Path
) -> None:
    bring_in(qtbot, pane, tmp_path)
    forge.providers.ledger.set_cap("day", 10)
    forge.distill.run(lessons.WISH)
    outcome = pane.page.outcome
    qtbot.waitUntil(lambda: outcome.action() == "Raise the cap…", timeout=SOON)
    outcome.acted.emit()
    shown = sheet(qtbot, CapsDialog)
    assert isinstance(shown, CapsDialog)
    assert shown.which.currentData() == "day"
    shown.reject()


def test_a_call_that_cost_too_much_stops_everything_until_somebody_looked(
    qtbot: QtBot, window: Shell, pane: DistillPane, forge: Forge, teacher: Teacher, tmp_path: Path
) -> None:
    bring_in(qtbot, pane, tmp_path)
    teacher.next(Fault(usage={"prompt_tokens": 40_000, "completion_tokens": 2_000, "total_tokens": 42_000}))
    start(qtbot, pane, "0.05")
    qtbot.waitUntil(lambda: bool(forge.providers.ledger.stopped), timeout=SOON)
    stopped = pane.page.stopped
    qtbot.waitUntil(stopped.isVisible, timeout=SOON)
    assert stopped.action() == "Look and go on…"
    qtbot.waitUntil(lambda: not forge.jobs.running("distil"), timeout=SOON)
    stopped.acted.emit()
    shown = sheet(qtbot, QInputDialog)
    assert isinstance(shown, QInputDialog)
    confirm = shown.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    assert not confirm.isEnabled()
    shown.setTextValue("The vendor counts otherwise; looked at the invoice.")
    shown.accept()
    qtbot.waitUntil(lambda: not forge.providers.ledger.stopped, timeout=SOON)
    qtbot.waitUntil(stopped.isHidden, timeout=SOON)


def test_every_part_has_a_name_and_room_once_there_is_something(
    qtbot: QtBot, window: Shell, pane: DistillPane, forge: Forge, tmp_path: Path
) -> None:
    bring_in(qtbot, pane, tmp_path)
    forge.jobs.wait(forge.distill.run(lessons.WISH), 60)
    window.resize(880, 560)
    pane.review()
    qtbot.waitUntil(pane.page.item.isVisible, timeout=SOON)
    for page in ("queue", "dataset", "blocked"):
        pane.show_page(page)
        QApplication.processEvents()
        qtbot.waitUntil(lambda: not unnamed(window) and not cut(window), timeout=SOON)


def unnamed(window: Shell) -> list[str]:
    """What takes the keyboard or is a control and has no name."""
    root = QAccessible.queryAccessibleInterface(window)
    assert root is not None
    return [
        str(node.role())
        for node in walk(root)
        if not node.state().invisible and node.role() in NAMED and not node.text(QAccessible.Text.Name).strip()
    ]


def cut(window: Shell) -> list[str]:
    """Words that have too little room."""
    labels = [
        found for found in window.findChildren(QLabel) if found.isVisible() and not isinstance(found, ElidedLabel)
    ]
    lines = [found.text() for found in labels if not found.wordWrap() and found.sizeHint().width() > found.width() + 1]
    folds = [
        found.text()
        for found in labels
        if found.wordWrap() and found.heightForWidth(found.width()) > found.height() + 1
    ]
    return lines + folds
