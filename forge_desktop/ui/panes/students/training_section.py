"""The training runs: what is under way with its curves, what came of the others, and the way to train an adapter."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLayout, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.students.records_training import TrainerProbe, TrainPoint, TrainProgress, TrainRun
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.students.section import Section
from forge_desktop.ui.panes.students.training_actions import TrainingActions
from forge_desktop.ui.panes.students.training_run import RunView
from forge_desktop.ui.panes.students.training_words import LIVE, STATES, run_facts, run_mark, run_name
from forge_desktop.ui.widgets.basics import (
    Button,
    ElidedLabel,
    EmptyState,
    IconButton,
    Notice,
    Pill,
    PrimaryButton,
    column,
    frame,
    row,
)
from forge_desktop.ui.widgets.marked_list import MarkedList, MarkedRow
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_KEY, _POINTS = "training runs", "training points"
_KIND = "train"
_PACE = 700  # milliseconds between two looks at the curves of a run that goes
_OVER = ("done", "failed", "cancelled")


class TrainingSection(Section):
    """Lists the runs, the newest first, and shows the chosen one."""

    def __init__(self, forge: Forge, bridge: Bridge, errands: Errands) -> None:
        super().__init__(forge, bridge, errands)
        self._chosen = ""
        self._runs: dict[str, TrainRun] = {}
        self._labels: Mapping[str, str] = {}
        self._behind = self._newest = False
        self.acts = TrainingActions(self)
        self._pace = QTimer(self, singleShot=True, interval=_PACE)
        self._pace.timeout.connect(self._on_pace)
        self._steps: dict[str, TrainProgress] = {}  # of runs that go, by uid
        self.train = PrimaryButton("Train adapter…", "zap")
        self.train.clicked.connect(self.acts.ask)
        self.buttons = (self.train,)
        self._build()

    def _build(self) -> None:
        self.list = MarkedList("Training runs")
        self.list.selectionModel().selectionChanged.connect(self._on_selected)
        self._side = frame("side", column(self.list, gap=0, margins=(0, tokens.MD, 0, 0)))
        self.view = RunView()
        head, buttons = self._head()
        shown = column(head, buttons, self.view, gap=10)
        shown.setStretch(2, 1)
        self._main = QWidget()
        self._main.setLayout(shown)
        self.empty = EmptyState(
            "zap",
            "Nothing was trained yet",
            "An adapter teaches a base what the pairs in Distill say. It is made on this computer, and answers only "
            "once a gate has passed it and you promote it.",
            "Train adapter…",
            "zap",
            "See the pairs",
        )
        self.empty.acted.connect(self.acts.ask)
        self.empty.acted_second.connect(lambda: self.wants_pane.emit("distill"))
        for part in (self._side, self._main, self.empty):  # until it is known what there is
            part.hide()
        body = row(self._side, self._main, self.empty, gap=0)
        body.setStretch(1, 1)
        body.setStretch(2, 1)
        content = QWidget()
        content.setLayout(body)
        self.set_content(content)

    def _head(self) -> tuple[QLayout, QLayout]:
        """The run's name and state, and under it what can be done."""
        acts = self.acts
        self._title, self._pill = ElidedLabel("", tokens.SUBTITLE, 600), Pill("", "mute", size=tokens.CAPTION)
        self.pause = Button("Pause", "pause")
        self.stop = Button("Stop and keep the best", "circle-stop")
        self.cancel = Button("Cancel", "x")
        self.resume = PrimaryButton("Resume", "play")
        self.gate = PrimaryButton("Run gate…", "shield-check")
        self.version = Button("See the version", "git-branch")
        self.again = Button("Run again", "rotate-ccw")
        for button, act in (
            (self.pause, acts.pause),
            (self.stop, acts.stop),
            (self.cancel, acts.cancel),
            (self.resume, acts.resume),
            (self.again, acts.again),
        ):
            button.clicked.connect(lambda _=False, act=act: (run := self.run()) and act(run))
        self.gate.clicked.connect(lambda: self._lead("gates:new:"))
        self.version.clicked.connect(lambda: self._lead("versions:"))
        self.more = IconButton("ellipsis", "More about this run")
        self.more.clicked.connect(self._on_more)
        head = row(self._title, self._pill, self.more, margins=(tokens.XL, 14, 20, 0))
        head.setStretch(0, 1)
        buttons = row(
            self.gate, self.version, self.resume, self.again, self.pause, self.stop, self.cancel, None,
            margins=(tokens.XL, 0, 20, 0),
        )  # fmt: skip
        return head, buttons

    # what the pane asks of a section

    def shown(self) -> None:
        self.refresh()

    def show_place(self, place: str) -> None:
        """A run by its uid, or "new"."""
        if place == "new":
            self.acts.ask()
        else:
            self._chosen = place
            self.refresh()

    def data_changed(self, event: DataChanged) -> None:
        if event.what & {"training", "versions"} and self.isVisible():
            self.refresh()

    def job_changed(self, event: JobChanged) -> None:
        """Follow the shown run while it goes, and say how runs ended."""
        self.acts.job_changed(event)
        if event.kind == "trainer environment" and self.acts.sheet is None:
            self._set_up(event)
        if event.kind != _KIND:
            return
        if event.state in _OVER:
            self._ended(event)
            return
        if isinstance(event.detail, TrainProgress):
            self._steps[event.detail.run] = event.detail
            if not self._pace.isActive():
                self._pace.start()
        shown = self.run()
        if shown is None or event.job_id != shown.job:
            return
        if isinstance(event.detail, TrainProgress) and event.detail.run != shown.uid:
            return
        if not shown.waits_for:
            self.view.show_progress(event)

    def _set_up(self, event: JobChanged) -> None:
        if isinstance(event.error, ForgeError):
            self.trouble(event.error)
        elif isinstance(event.result, TrainerProbe):
            self.notice.emit(Notice("Training is set up", icon="zap"))

    def _ended(self, event: JobChanged) -> None:
        if isinstance(event.result, TrainRun):
            words = f"{run_name(event.result)}: {STATES[event.result.state][0].lower()}"
            self.notice.emit(Notice(words, icon="zap"))
        if self.isVisible():
            self.refresh()

    # showing

    def run(self) -> TrainRun | None:
        """The run that is shown."""
        return self._runs.get(self._chosen)

    def show_newest(self) -> None:
        """Show the run that was begun last."""
        self._newest = True
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Read the runs again."""
        if self.errands.awaits(_KEY):
            self._behind = True
            return
        students = self.forge.students

        def read() -> tuple[Sequence[TrainRun], Mapping[str, str]]:
            labels = {version.uid: version.label for version in students.registry.versions()}
            return students.training.runs(), labels

        self.errands.run(read, self._show, self.trouble, key=_KEY)

    def _show(self, found: tuple[Sequence[TrainRun], Mapping[str, str]]) -> None:
        runs, self._labels = found
        self._runs = {run.uid: run for run in runs}
        if runs and (self._newest or self._chosen not in self._runs):
            self._chosen = runs[0].uid
        self._newest = False
        self._steps.clear()
        self._show_rows()
        for part in (self._side, self._main):
            part.setVisible(bool(runs))
        self.empty.setVisible(not runs)
        self.retitle(count_words(len(runs), "training run") if runs else "Adapters are made here, from pairs")
        if runs:
            self.list.choose(self._chosen)
            self._show_run()
        if self._behind:
            self._behind = False
            self.refresh()

    def _show_rows(self) -> None:
        self.list.rows.show_rows(
            [
                MarkedRow(run.uid, run_name(run), run_mark(run), run_facts(run), run.problem)
                for run in self._runs.values()
            ]
        )

    @Slot()
    def _on_pace(self) -> None:
        """Some steps later: the list says how far its runs are, and the curves grow."""
        for uid, at in self._steps.items():
            if uid in self._runs and at.steps:
                self._runs[uid] = dataclasses.replace(self._runs[uid], step=at.step, steps=at.steps)
        self._show_rows()
        self.list.choose(self._chosen)
        self._read_points()

    @Slot(QItemSelection, QItemSelection)
    def _on_selected(self, _selected: QItemSelection, _before: QItemSelection) -> None:
        key = self.list.key()
        if key and key != self._chosen:
            self._chosen = key
            self._show_run()

    def _show_run(self) -> None:
        run = self.run()
        if run is None:
            return
        self._title.setText(run_name(run))
        self._pill.show_state(*run_mark(run))
        live, label = run.state in LIVE, self._labels.get(run.version, "")
        self.pause.setText("Go on" if run.state == "paused" else "Pause")
        self.pause.set_icon("play" if run.state == "paused" else "pause")
        self.version.setText(f"See {label}")
        for button, there in (
            (self.pause, run.state in ("running", "paused")),
            (self.stop, run.state in ("running", "paused")),
            (self.cancel, live),
            (self.resume, run.can_resume and not live),
            (self.again, not live and bool(run.plan)),
            (self.gate, bool(label) and not live),
            (self.version, bool(label) and not live),
        ):
            button.setVisible(there)
        self.view.show_run(run, label)
        self._read_points()

    @Slot()
    def _read_points(self) -> None:
        run = self.run()
        if run is None or self.errands.awaits(_POINTS):
            return
        uid = run.uid

        def show(points: Sequence[TrainPoint]) -> None:
            self.view.show_points(uid, points)
            if uid != self._chosen:
                self._read_points()

        self.errands.run(lambda: self.forge.students.training.points(uid), show, self._gone, key=_POINTS)

    def _gone(self, _error: ForgeError) -> None:
        """The run was removed while its curves were read."""

    @Slot()
    def _on_more(self) -> None:
        run = self.run()
        if run is not None:
            self.acts.more(run, self.more)

    def _lead(self, where: str) -> None:
        run = self.run()
        if run is not None:
            self.leads.emit(f"{where}{run.version}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._side.setFixedWidth(theme.px(240 if self.width() < theme.px(1000) else 320))
