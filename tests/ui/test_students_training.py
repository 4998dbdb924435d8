"""Training in the window, as a person meets it: set up, planned, trained, held, stopped, resumed, done again."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox
from pytestqt.qtbot import QtBot

from forge_desktop.base.events import JobChanged
from forge_desktop.forge import Forge
from forge_desktop.students import run_log
from forge_desktop.students.records_training import TrainProgress, TrainRun, TrainSource
from forge_desktop.ui import theme
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.training_dialogs import ExportDialog, LogDialog
from forge_desktop.ui.panes.students.training_section import TrainingSection
from forge_desktop.ui.panes.students.training_sheet import TrainSheet
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Button
from forge_desktop.ui.widgets.fold import Fold
from tests.data import tiny_gguf
from tests.students import test_training_environment
from tests.students.trainer_python import trainer_python
from tests.students.training_rooms import BASE, WISH, pairs_file
from tests.ui import runs
from tests.ui.test_students_sections import cut, nameless
from tests.ui.test_students_versions import SOON, press, said

LATER = 90_000
index = test_training_environment.index  # a fixture: packages in a folder
LONG = dataclasses.replace(WISH, epochs=200, patience=0, validation=0.0)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return pairs_file(tmp_path / "facts.jsonl")


@pytest.fixture
def tiny(forge: Forge, tmp_path: Path) -> str:
    """The tiny student, imported; its sha256."""
    forge.settings.override(threads=1)
    forge.jobs.wait(forge.students.import_gguf(tiny_gguf.write(tmp_path / "Tiny.F32.gguf", context=1024)), timeout=60)
    return next(student.sha256 for student in forge.students.list() if student.name == BASE)


@pytest.fixture
def pane(tiny: str, window: Shell) -> StudentsPane:
    found = window.visit("students")
    assert isinstance(found, StudentsPane)
    return found


@pytest.fixture
def section(qtbot: QtBot, pane: StudentsPane) -> TrainingSection:
    pane.show_section("training")
    return pane.training


@pytest.fixture
def trains(forge: Forge) -> None:
    """The trainer's Python is chosen."""
    forge.students.training.choose(str(trainer_python()))


def asked(qtbot: QtBot, section: TrainingSection) -> TrainSheet:
    qtbot.waitUntil(lambda: section.acts.sheet is not None, timeout=SOON)
    sheet = section.acts.sheet
    assert sheet is not None
    qtbot.waitExposed(sheet)
    return sheet


def fill(sheet: TrainSheet, pairs: Path, tiny: str) -> None:
    """What a person sets: the file, the base, and settings that are quick."""
    form = sheet.form
    form.source.show_value("file")
    form.file.setText(str(pairs))
    form.base.show_value(tiny)
    form.advanced.show_wish(WISH)
    form.advanced.changed.emit()


def shown(section: TrainingSection) -> TrainRun:
    run = section.run()
    assert run is not None
    return run


def becomes(qtbot: QtBot, section: TrainingSection, state: str) -> TrainRun:
    qtbot.waitUntil(lambda: (run := section.run()) is not None and run.state == state, timeout=LATER)
    return shown(section)


def begun(qtbot: QtBot, section: TrainingSection, pairs: Path, tiny: str) -> TrainRun:
    """A long run that is under way and shown."""
    before = section.run()
    section.acts.start(TrainSource(file=str(pairs)), tiny, LONG, "Long")
    qtbot.waitUntil(
        lambda: (run := section.run()) is not None and (before is None or run.uid != before.uid), timeout=SOON
    )
    qtbot.waitUntil(lambda: section.run() is not None and len(section.view.chart.curves().training) >= 2, timeout=LATER)
    return becomes(qtbot, section, "running")


def menu(qtbot: QtBot, section: TrainingSection, words: str) -> None:
    """Choose from the menu of the run."""
    qtbot.mouseClick(section.more, Qt.MouseButton.LeftButton)

    def found() -> QMenu | None:
        popup = QApplication.activePopupWidget()
        return popup if isinstance(popup, QMenu) else None

    qtbot.waitUntil(lambda: found() is not None, timeout=SOON)
    popup = found()
    assert popup is not None
    action = next(each for each in popup.actions() if each.text() == words)
    assert action.isEnabled(), words
    qtbot.mouseClick(popup, Qt.MouseButton.LeftButton, pos=popup.actionGeometry(action).center())


@pytest.mark.usefixtures("trains")
def test_an_adapter_is_trained_from_the_empty_state_to_its_version(
    qtbot: QtBot, pane: StudentsPane, section: TrainingSection, window: Shell, pairs: Path, tiny: str, tmp_path: Path
) -> None:
    qtbot.waitUntil(section.empty.isVisible, timeout=SOON)
    press(qtbot, section.empty, "Train adapter…")
    sheet = asked(qtbot, section)
    assert sheet.page() == "form"
    qtbot.waitUntil(lambda: "torch" in said(sheet), timeout=SOON)
    assert "Choose a file of pairs" in sheet.why.text()
    fill(sheet, pairs, tiny)
    assert sheet.form.epochs.currentText() == "As usual (4 epochs)"
    assert sheet.form.rate.currentText() == "As set below"
    press(qtbot, sheet, "Advanced settings: show")
    qtbot.waitUntil(lambda: not sheet.form.advanced.numbers["epochs"].visibleRegion().isEmpty(), timeout=SOON)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert sheet.isVisible()
    assert "Leave without keeping" in said(sheet.banner)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not nameless(sheet)
    sheet.form.advanced.numbers["rank"].setText("0")
    sheet.form.advanced.changed.emit()
    assert sheet.why.text() == "Rank is a whole number from 1 to 1,024."
    assert not sheet.look.isEnabled()
    sheet.form.advanced.numbers["rank"].setText("8")
    sheet.form.advanced.changed.emit()
    sheet.form.name.setText("Facts")
    press(qtbot, sheet, "See what it takes")
    qtbot.waitUntil(lambda: sheet.page() == "plan", timeout=LATER)
    words = said(sheet.plan)
    for fact in ("It fits, and takes about", "5 to learn, 1 to validate", "free", "f32"):
        assert fact in words
    assert not nameless(sheet)
    press(qtbot, sheet, "Start training")
    run = becomes(qtbot, section, "done")
    assert run.name == "Facts"
    qtbot.waitUntil(lambda: len(section.view.chart.curves().training) == run.steps, timeout=SOON)
    assert section.view.chart.curves().validation
    assert f"at step {run.steps} of {run.steps}" in section.view.chart.accessibleDescription()
    words = said(section.view)
    for fact in ("What it made is v3; a gate has to pass it", "facts.jsonl: 5 pairs to learn", "rank 8"):
        assert fact in words
    assert section.view.figures["step"].text() == f"{run.steps} of {run.steps}"
    assert section.list.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole).startswith("Facts, Done")
    assert not section.view.chart.grab().isNull()
    for size in ((1360, 860), (880, 560)):
        window.resize(*size)
        qtbot.waitUntil(lambda: not cut(section), timeout=SOON)
        qtbot.waitUntil(lambda: section.view.widget().width() <= section.view.viewport().width(), timeout=SOON)
    assert not nameless(section)
    _looked_at_and_done_again(qtbot, section, run, tmp_path)
    press(qtbot, section, "See v3")
    assert pane.section() == "versions"
    qtbot.waitUntil(lambda: (v := pane.versions.version()) is not None and v.run == run.uid, timeout=SOON)


def _looked_at_and_done_again(qtbot: QtBot, section: TrainingSection, run: TrainRun, tmp_path: Path) -> None:
    window = section.window()
    again = next(b for b in section.findChildren(Button) if b.text() == "Run again" and b.isVisible())
    qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(again, Qt.MouseButton.LeftButton)  # as a double click
    qtbot.waitUntil(lambda: shown(section).again_of == run.uid, timeout=LATER)
    assert sum(one.again_of == run.uid for one in section._runs.values()) == 1
    becomes(qtbot, section, "done")
    qtbot.waitUntil(lambda: "the same adapter, to the byte" in said(section.view), timeout=SOON)

    menu(qtbot, section, "Log…")
    qtbot.waitUntil(lambda: window.findChild(LogDialog) is not None, timeout=SOON)
    log = window.findChild(LogDialog)
    assert log is not None
    press(qtbot, log, "Copy")
    assert '"same_bytes": true' in QApplication.clipboard().text()
    log.accept()

    menu(qtbot, section, "Export for a trainer elsewhere…")
    qtbot.waitUntil(lambda: window.findChild(ExportDialog) is not None, timeout=SOON)
    export = window.findChild(ExportDialog)
    assert export is not None
    export.agree(str(tmp_path / "out.zip"))
    qtbot.waitUntil(lambda: "Exported for a trainer elsewhere" in said(section.banner), timeout=LATER)
    assert (tmp_path / "out.zip").stat().st_size > 1000


@pytest.mark.usefixtures("trains")
def test_a_run_is_held_stopped_cancelled_and_gone_on_with_after_a_kill(
    qtbot: QtBot,
    pane: StudentsPane,
    section: TrainingSection,
    window: Shell,
    pairs: Path,
    tiny: str,
    forge: Forge,
) -> None:
    run = begun(qtbot, section, pairs, tiny)
    qtbot.waitUntil(lambda: section.view.figures["left"].text() != "—", timeout=SOON)
    press(qtbot, section, "Pause")
    becomes(qtbot, section, "paused")
    assert section.view.meter.isVisible()
    press(qtbot, section, "Go on")
    becomes(qtbot, section, "running")
    folder = Path(shown(section).folder)
    os.kill(next(frame["pid"] for frame in run_log.events(folder) if frame["event"] == "loading"), signal.SIGKILL)
    becomes(qtbot, section, "interrupted")
    qtbot.waitUntil(lambda: "killed" in said(section.view), timeout=SOON)
    assert "Its checkpoint is kept" in said(section.view)
    press(qtbot, section, "Resume")
    becomes(qtbot, section, "running")
    press(qtbot, section, "Stop and keep the best")
    run = becomes(qtbot, section, "stopped")
    assert run.step < run.steps
    assert "the best so far is kept" in said(section.view)
    led: list[str] = []
    section.leads.connect(led.append)
    press(qtbot, section, "Run gate…")
    assert led == [f"gates:new:{run.version}"]
    assert pane.section() == "gates"
    pane.show_section("training")

    begun(qtbot, section, pairs, tiny)
    press(qtbot, section, "Cancel")
    run = becomes(qtbot, section, "cancelled")
    assert run.version == ""
    menu(qtbot, section, "Remove…")
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is not None, timeout=SOON)
    press(qtbot, window.findChild(QMessageBox), "Remove")
    qtbot.waitUntil(lambda: section.run() is not None and shown(section).uid != run.uid, timeout=SOON)
    assert len(forge.students.training.runs()) == 1


def test_without_a_python_that_trains_the_sheet_begins_with_one(
    qtbot: QtBot, pane: StudentsPane, section: TrainingSection, forge: Forge, pairs: Path, tiny: str
) -> None:
    forge.settings.change(offline=True)
    pane.show_section("training", "new")
    sheet = asked(qtbot, section)
    assert sheet.page() == "setup"
    assert "Forge is offline" in said(sheet.setup)
    press(qtbot, sheet, "Set up training")
    qtbot.waitUntil(lambda: "was not asked" in said(sheet.setup.banner), timeout=SOON)
    assert not nameless(sheet)
    sheet.setup.python.setText("/nowhere/python")
    press(qtbot, sheet, "Use it")
    qtbot.waitUntil(lambda: "There is no Python at /nowhere/python" in said(sheet.setup.banner), timeout=SOON)
    sheet.setup.python.setText(str(trainer_python()))
    press(qtbot, sheet, "Use it")
    qtbot.waitUntil(lambda: sheet.page() == "form", timeout=LATER)
    qtbot.waitUntil(lambda: "torch" in sheet._trainer.text(), timeout=SOON)
    assert forge.students.training.interpreter() == str(trainer_python())
    press(qtbot, sheet, "Change the Python that trains")
    assert sheet.page() == "setup"
    press(qtbot, sheet, "Back")
    press(qtbot, sheet, "Cancel")
    qtbot.waitUntil(lambda: section.acts.sheet is None, timeout=SOON)


def test_what_a_set_up_would_bring_is_told_before_anything_is_fetched(
    qtbot: QtBot, section: TrainingSection, index: Callable[..., str]
) -> None:
    section.acts.ask()
    sheet = asked(qtbot, section)
    sheet.setup.index.setText(index("nvidia-cublas"))
    press(qtbot, sheet, "See what would come")
    qtbot.waitUntil(lambda: "4 packages" in sheet.setup.delivery.text(), timeout=LATER)
    assert "to fetch" in sheet.setup.delivery.text()
    assert "It is a build for GPUs" in sheet.setup.delivery.text()
    assert "nvidia-cublas 13.0" in sheet.setup.packages.text()
    assert sheet.page() == "setup"
    press(qtbot, sheet, "Set up training")
    qtbot.waitUntil(lambda: sheet.setup.banner.isVisible() and sheet.setup.make.isEnabled(), timeout=LATER)
    assert "GPU" in said(sheet.setup.banner)
    sheet.reject()


def test_what_was_interrupted_is_said_when_the_pane_opens_again(
    qtbot: QtBot, tiny: str, forge: Forge, window: Shell, tmp_path: Path
) -> None:
    uid = runs.add(forge, "handbook", "interrupted", step=0, steps=0, problem="Forge Desktop ended.")
    store = forge.students.training._store
    store.change(uid, data={"kind": "file", "name": "gone.jsonl", "path": str(tmp_path / "gone.jsonl")})
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    qtbot.waitUntil(pane.interrupted.isVisible, timeout=SOON)
    assert "handbook was interrupted" in said(pane.interrupted)
    press(qtbot, pane.interrupted, "Resume")
    assert pane.section() == "training"
    qtbot.waitUntil(pane.training.banner.isVisible, timeout=LATER)  # that nothing here can train yet
    assert forge.students.training.run(uid).state == "interrupted"  # and it can be resumed when something can


def test_each_state_of_a_run_says_what_can_be_done(
    qtbot: QtBot, qapp: QApplication, section: TrainingSection, forge: Forge, window: Shell
) -> None:
    runs.add(forge, "opening hours", "diverged", step=31, steps=320, problem="The loss left its beginning far behind.")
    runs.add(forge, "handbook", "running", step=233, steps=408)
    qtbot.waitUntil(lambda: len(section.view.chart.curves().training) == 233, timeout=SOON)
    for button in (section.pause, section.stop, section.cancel):
        assert button.isVisible()
    assert section.gate.isHidden()
    now = TrainProgress(shown(section).uid, "running", 240, 408, 0.7311, 1.0416, 174.1, 507.0)
    section.view.show_progress(JobChanged(0, "train", "running", 240, 408, "", detail=now))
    assert [section.view.figures[key].text() for key in ("step", "left", "rate")] == ["240 of 408", "8 min", "174"]
    fold = section.view.findChild(Fold)
    assert fold is not None
    assert fold.heading() == "2 pairs left out"
    assert "the suite library holds it" in fold.text()
    qtbot.keyClick(section.list, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: shown(section).name == "opening hours", timeout=SOON)
    assert "The loss left its beginning far behind." in said(section.view)
    assert section.pause.isHidden()
    assert section.gate.isHidden()
    assert section.again.isVisible()
    for size in ((1360, 860), (880, 560)):
        window.resize(*size)
        qtbot.waitUntil(lambda: not cut(section), timeout=SOON)
    for theme_name in ("dark", "contrast"):
        theme.apply(qapp, theme_name)
        assert not section.view.chart.grab().isNull()


@pytest.mark.usefixtures("trains")
def test_what_cannot_be_trained_is_said_in_the_sheet_with_what_would(
    qtbot: QtBot, section: TrainingSection, pairs: Path, tiny: str, monkeypatch: pytest.MonkeyPatch, forge: Forge
) -> None:
    import psutil

    forge.jobs.wait(forge.distill.bring_in(pairs), timeout=60)
    section.acts.ask()
    sheet = asked(qtbot, section)
    assert sheet.form.source.currentText() == "Freeze the 6 accepted pairs now"
    fill(sheet, pairs.with_name("nothing.jsonl"), tiny)
    press(qtbot, sheet, "See what it takes")
    qtbot.waitUntil(sheet.banner.isVisible, timeout=LATER)
    assert "nothing.jsonl" in said(sheet.banner)

    real = psutil.virtual_memory
    monkeypatch.setattr(psutil, "virtual_memory", lambda: real()._replace(available=100_000_000))
    sheet.form.source.show_value("freeze")
    sheet.form.source.changed.emit()
    sheet.form.frozen_name.setText("handbook")
    press(qtbot, sheet, "See what it takes")
    qtbot.waitUntil(lambda: sheet.page() == "plan", timeout=LATER)
    frozen = forge.distill.datasets.get("handbook")
    words = said(sheet.plan)
    for fact in ("It does not fit on this computer", "of memory", "Export the data and train it on another computer"):
        assert fact in words
    assert not sheet.start.isEnabled()
    press(qtbot, sheet, "Back")
    assert sheet.form.source_chosen() == TrainSource(dataset=frozen.uid)

    base = sheet.form.chosen_base()
    assert base is not None
    foreign = dataclasses.replace(base, architecture="mamba")
    sheet.form._ways = dataclasses.replace(sheet.form._ways, bases=(foreign,))
    sheet.form.base.changed.emit()
    assert "Students of the architecture mamba cannot be trained here" in said(sheet.form)
    assert not sheet.look.isEnabled()
    assert sheet.export.isEnabled()
    sheet.reject()
