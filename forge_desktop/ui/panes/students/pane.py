"""The pane itself: its sections, and what each of them shows in the head."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.students.recognising import Laid, sort_out
from forge_desktop.students.records_training import TrainRun
from forge_desktop.students.records_versions import ToCompare
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes import Pane
from forge_desktop.ui.panes.students.bases_section import BasesSection
from forge_desktop.ui.panes.students.gates_section import GatesSection
from forge_desktop.ui.panes.students.library import dropped
from forge_desktop.ui.panes.students.section import Section
from forge_desktop.ui.panes.students.training_section import TrainingSection
from forge_desktop.ui.panes.students.training_words import run_name
from forge_desktop.ui.panes.students.versions_section import VersionsSection
from forge_desktop.ui.widgets.basics import Banner, Button, ElidedLabel, column, page_head, row
from forge_desktop.ui.widgets.inset import Inset
from forge_desktop.ui.widgets.segments import Segments

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_SECTIONS = (("versions", "Versions"), ("bases", "Bases"), ("training", "Training"), ("gates", "Gates"))
_NARROW = 900  # pixels: below them the buttons of the head lose their words


class StudentsPane(Pane):
    """Versions of the student, the bases they rest on, how they were trained, and the gates that decided."""

    key, title, icon = "students", "Students", "graduation-cap"

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(forge, bridge, parent)
        self._errands = errands = Errands(forge.jobs, bridge, self)
        self.versions = VersionsSection(forge, bridge, errands)
        self.bases = BasesSection(forge, bridge, errands)
        self.training = TrainingSection(forge, bridge, errands)
        self.gates = GatesSection(forge, bridge, errands)
        self._sections: dict[str, Section] = {
            "versions": self.versions,
            "bases": self.bases,
            "training": self.training,
            "gates": self.gates,
        }
        self.setAcceptDrops(True)
        self._build()
        bridge.job_changed.connect(self._on_job_changed)
        bridge.data_changed.connect(self._on_data_changed)
        self.show_section("versions")
        training = forge.students.training
        errands.run(lambda: [run for run in training.runs() if run.can_resume], self._say_interrupted)

    def shown(self) -> None:
        self._front().shown()

    def commands(self) -> dict[str, Callable[[], None]]:
        """Besides the sections by name: "import" a base, "train" an adapter, "gate" a version, "promote" the one that
        the newest gate was about.
        """
        return {
            **{key: partial(self.show_section, key) for key in self._sections},
            "import": self.choose_file,
            "train": partial(self.show_section, "training", "new"),
            "gate": partial(self.show_section, "gates", "new"),
            "promote": partial(self.show_section, "versions", "promote"),
        }

    def receive(self, command: str, value: object) -> None:
        if command == "compare" and isinstance(value, ToCompare):
            self.show_section("versions")
            self.versions.acting.compare_on(value)

    def show_section(self, key: str, place: str = "") -> None:
        """Go to a section, and there to a version, a gate, a run, or to what makes a new one."""
        self._segments.choose(key)
        self._on_section(key)
        if place:
            self._sections[key].show_place(place)

    def go_to(self, part: str, place: str) -> None:
        self.show_section(part, place)

    def section(self) -> str:
        """The section in front."""
        return self._segments.key()

    @Slot()
    def choose_file(self) -> None:
        """Ask for GGUF files and import them as bases."""
        self.show_section("bases")
        self.bases.choose_file()

    def import_files(self, paths: list[Path]) -> None:
        """Import these files as bases, one after the other."""
        self.show_section("bases")
        self.bases.import_files(paths)

    def _build(self) -> None:
        self._subtitle = ElidedLabel("", tokens.SMALL, cls="muted")
        self._segments = Segments(_SECTIONS, "Sections of the students")
        self._segments.chosen.connect(self._on_section)
        self._stack = QStackedWidget()
        self._actions = QStackedWidget()  # as wide as the widest, so that the sections beside it stay in their place
        self._actions.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        for section in self._sections.values():
            self._stack.addWidget(section)
            section.notice.connect(self.notice)
            section.wants_pane.connect(self.wants_pane)
            section.leads.connect(self._on_leads)
            section.retitled.connect(self._on_retitled)
            self._actions.addWidget(_in_a_row(section.buttons))
        self._words = {button: button.text() for section in self._sections.values() for button in section.buttons}
        for button, words in self._words.items():
            button.setToolTip(button.toolTip() or words)
        self.interrupted = Banner()
        self.interrupted.acted.connect(self._on_interrupted)
        head = page_head("Students", self._subtitle, self._segments, self._actions)
        page = column(head, Inset(self.interrupted, (tokens.XL, 10, 20, 0)), self._stack, gap=0)
        page.setStretch(2, 1)
        self.setLayout(page)

    def _say_interrupted(self, runs: list[TrainRun]) -> None:
        """At the first visit: what the last end of the application broke off."""
        run = next((run for run in runs if run.state == "interrupted"), None)
        if run is not None:
            self._broken_off = run.uid
            self.interrupted.show_message(f"{run_name(run)} was interrupted", run.problem, kind="warn", action="Resume")

    @Slot()
    def _on_interrupted(self) -> None:
        self.interrupted.clear()
        self.show_section("training", self._broken_off)
        self.training.acts.resume_named(self._broken_off)

    def _front(self) -> Section:
        return self._sections[self._segments.key()]

    @Slot(str)
    def _on_section(self, key: str) -> None:
        front = self._sections[key]
        self._stack.setCurrentWidget(front)
        self._actions.setCurrentIndex(self._stack.currentIndex())
        front.shown()
        self._on_retitled()

    @Slot(str)
    def _on_leads(self, where: str) -> None:
        key, _, place = where.partition(":")
        self.show_section(key, place)

    @Slot()
    def _on_retitled(self) -> None:
        self._subtitle.setText(self._front().subtitle())

    @Slot(object)
    def _on_job_changed(self, event: JobChanged) -> None:
        for section in self._sections.values():
            section.job_changed(event)

    @Slot(object)
    def _on_data_changed(self, event: DataChanged) -> None:
        for section in self._sections.values():
            section.data_changed(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < theme.px(_NARROW)
        for button, words in self._words.items():
            button.setText("" if narrow else words)
            button.setAccessibleName(words)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.bases.dragEnterEvent(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.bases.dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.bases.end_drag()
        if files := dropped(event):
            event.acceptProposedAction()
            self._errands.run(lambda: sort_out(files), self._on_laid)

    @Slot(object)
    def _on_laid(self, laid: Laid) -> None:
        """Each to where it belongs."""
        if laid.rest:
            self.import_files(self.bases.library.take(laid.rest))
        if laid.bundles or laid.adapters:
            self.show_section("versions")
        for bundle in laid.bundles:
            self.versions.files.offer_bundle(bundle)
        for adapter in laid.adapters:
            self.versions.files.bring_adapter(adapter)


def _in_a_row(buttons: tuple[Button, ...]) -> QWidget:
    made = QWidget()
    made.setLayout(row(None, *buttons))
    return made
