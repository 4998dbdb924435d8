"""What is done to training runs from the window: started, held, ended, gone on with, done again, exported, removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox, QWidget

from forge_desktop.archive.training_bundle import TrainingExport
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.students.records_training import TrainRun, TrainSource, TrainWish
from forge_desktop.students.training_sources import source_of
from forge_desktop.ui import theme
from forge_desktop.ui.panes.students.training_dialogs import ExportDialog, LogDialog
from forge_desktop.ui.panes.students.training_form import TrainWays, read_ways
from forge_desktop.ui.panes.students.training_sheet import TrainSheet
from forge_desktop.ui.panes.students.training_words import LIVE, run_name
from forge_desktop.ui.widgets.basics import Notice
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.ui.panes.students.training_section import TrainingSection

_LANE = "training act"  # a person's word to a run does not wait behind reads


class TrainingActions(QObject):
    """Asks where something should be asked, and does it off the window's thread."""

    def __init__(self, section: TrainingSection) -> None:
        super().__init__(section)
        self._section = section
        self._training = section.forge.students.training
        self._exports: set[int] = set()
        self._settling = QTimer(self, singleShot=True, interval=QApplication.doubleClickInterval())
        self.sheet: TrainSheet | None = None

    # starting

    def ask(self) -> None:
        """What shall be trained; it starts when the person says so."""
        if self.sheet is not None:
            self.sheet.raise_()
            return
        section = self._section
        section.banner.clear()

        def show(ways: TrainWays) -> None:
            if self.sheet is not None:
                return
            self.sheet = TrainSheet(section.forge, section.bridge, section.errands, ways, section.window())
            self.sheet.started.connect(self.start)
            self.sheet.export_asked.connect(self.export)
            self.sheet.finished.connect(self._on_closed)
            self.sheet.open()

        section.errands.run(lambda: read_ways(section.forge), show, section.trouble, key="ways to train")

    @Slot(object, str, object, str)
    def start(self, source: TrainSource, base: str, wish: TrainWish, name: str) -> None:
        """Begin a run, and show it."""
        self._run(lambda: self._training.start(source, base, wish, name=name), lambda _: self._section.show_newest())

    @Slot()
    def _on_closed(self) -> None:
        self.sheet = None

    # while it goes, and afterwards

    def pause(self, run: TrainRun) -> None:
        """Hold it, or let it go on."""
        act = self._training.go_on if run.state == "paused" else self._training.pause
        self._run(lambda: act(run.uid))

    def stop(self, run: TrainRun) -> None:
        """End it with the best so far."""
        self._run(lambda: self._training.stop(run.uid))

    def cancel(self, run: TrainRun) -> None:
        """Give it up; not by the second press of a double click on what stood there before."""
        if self._settling.isActive():
            return
        self._run(lambda: self._training.cancel(run.uid))

    def resume(self, run: TrainRun) -> None:
        """Go on from the checkpoint."""
        self.resume_named(run.uid)

    def resume_named(self, uid: str) -> None:
        """Go on with the run of this uid."""
        self._run(lambda: self._training.resume(uid))

    def again(self, run: TrainRun) -> None:
        """The same once more; the second press of a double click is not meant."""
        if self._settling.isActive():
            return
        self._settling.start()
        self._run(lambda: self._training.again(run.uid), lambda _: self._section.show_newest())

    def log(self, run: TrainRun) -> None:
        """Show everything that is known of it."""

        def read() -> str:
            return json.dumps(self._training.log(run.uid), indent=1, ensure_ascii=False)

        def show(text: str) -> None:
            LogDialog(f"Log of {run_name(run)}", text, self._section.window()).open()

        self._run(read, show)

    def more(self, run: TrainRun, button: QWidget) -> None:
        """Offer what is seldom needed."""
        menu = QMenu(self._section)
        live = run.state in LIVE
        menu.addAction(theme.icon("rotate-ccw"), "Run again", lambda: self.again(run)).setEnabled(not live)
        menu.addAction(theme.icon("file-text"), "Log…", lambda: self.log(run))
        source = source_of(run.data)
        export = menu.addAction(theme.icon("upload"), "Export for a trainer elsewhere…")
        export.setEnabled(source is not None)
        export.triggered.connect(lambda: source and self.export(source, run.base_sha256, run.wish))
        menu.addSeparator()
        menu.addAction(theme.icon("trash-2"), "Remove…", lambda: self.remove(run)).setEnabled(not live)
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    # away

    def remove(self, run: TrainRun) -> None:
        """Ask, then remove it with its files."""
        box = QMessageBox(QMessageBox.Icon.Question, "Remove a training run", "", parent=self._section.window())
        box.setTextFormat(Qt.TextFormat.PlainText)  # names come from others
        box.setText(f"Remove {run_name(run)} with its checkpoint and its log?")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setInformativeText("A version that came of it stays, but the run can be neither resumed nor done again.")
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton("Keep", QMessageBox.ButtonRole.RejectRole))
        remove.clicked.connect(lambda: self._remove(run))
        box.open()

    def _remove(self, run: TrainRun) -> None:
        self._run(
            lambda: self._training.remove(run.uid),
            lambda _: self._section.notice.emit(Notice(f"{run_name(run)} is removed", icon="trash-2")),
        )

    # elsewhere

    @Slot(object, str, object)
    def export(self, source: TrainSource, base: str, wish: TrainWish) -> None:
        """Ask where to, then write what a run would learn from."""
        dialog = ExportDialog(self._section.window())
        dialog.agreed.connect(
            lambda target, model, everything: self.write(source, base, wish, Path(target), model, everything)
        )
        dialog.open()

    def write(
        self, source: TrainSource, base: str, wish: TrainWish, target: Path, model: str = "", everything: bool = False
    ) -> None:
        """Write it."""
        files = self._section.forge.archive.student_files
        self._run(
            lambda: files.export_training(source, base, wish, target, base_model=model, with_never_sent=everything),
            self._exports.add,
        )

    def job_changed(self, event: JobChanged) -> None:
        """Say what an export brought."""
        if event.job_id not in self._exports or event.state not in ("done", "failed", "cancelled"):
            return
        self._exports.discard(event.job_id)
        if isinstance(event.error, ForgeError):
            self._section.trouble(event.error)
        elif isinstance(event.result, TrainingExport):
            made = event.result
            words = f"{count_words(made.train, 'lesson')} and {made.validation:,} for validation, in {made.target}"
            self._section.banner.show_message(
                "Exported for a trainer elsewhere", " ".join((words, *made.notes)), kind="ok"
            )

    def _run(self, work: Callable[[], object], then: Callable[..., None] = lambda _: None) -> None:
        self._section.banner.clear()
        self._section.errands.run(work, then, self._section.trouble, lane=_LANE)
