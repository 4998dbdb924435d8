"""The training runs: what is under way, what came of the others, and the way to train an adapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from forge_desktop.base.events import DataChanged
from forge_desktop.students.records_training import RunState, TrainRun
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.students.section import Section
from forge_desktop.ui.widgets.basics import (
    ElidedLabel,
    EmptyState,
    Pill,
    PrimaryButton,
    column,
    frame,
    row,
)
from forge_desktop.ui.widgets.words import count_words, moment_words, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

STATES: dict[RunState, tuple[str, str, str]] = {
    # state: (word, kind of pill, icon)
    "preparing": ("Preparing", "info", "loader-circle"),
    "running": ("Training", "info", "refresh-cw"),
    "paused": ("Paused", "mute", "pause"),
    "stopped": ("Stopped", "ok", "circle-stop"),
    "interrupted": ("Interrupted", "warn", "triangle-alert"),
    "failed": ("Failed", "bad", "circle-alert"),
    "diverged": ("Diverged", "bad", "circle-alert"),
    "cancelled": ("Cancelled", "mute", "x"),
    "done": ("Done", "ok", "circle-check"),
}
_KEY = "training runs"


class TrainingSection(Section):
    """Lists the runs, the newest first. What trains stands behind "Train adapter …"."""

    def __init__(self, forge: Forge, bridge: Bridge, errands: Errands) -> None:
        super().__init__(forge, bridge, errands)
        self.train = PrimaryButton("Train adapter…", "zap")
        self.train.clicked.connect(self._on_train)
        self.buttons = (self.train,)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(tokens.SM)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(column(self._rows, None, gap=0, margins=(tokens.XL, 18, tokens.XL, 18)))
        area = QScrollArea()
        area.setAccessibleName("Training runs")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inside)
        self._empty = EmptyState(
            "zap",
            "Nothing was trained yet",
            "An adapter teaches a base what the pairs in Distill say. It is made on this computer, and answers only "
            "once a gate has passed it and you promote it.",
            "Train adapter…",
            "zap",
            "See the pairs",
        )
        self._empty.acted.connect(self._on_train)
        self._empty.acted_second.connect(lambda: self.wants_pane.emit("distill"))
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(area)
        self.set_content(self._pages)

    def shown(self) -> None:
        self._refresh()

    def show_place(self, place: str) -> None:
        if place == "new":
            self._on_train()

    def data_changed(self, event: DataChanged) -> None:
        if event.what & {"training"} and self.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        training = self.forge.students.training
        self.errands.run(training.runs, self._show, self.trouble, key=_KEY)

    def _show(self, runs: Sequence[TrainRun]) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for run in runs:
            self._rows.addWidget(_row(run))
        self._pages.setCurrentIndex(1 if runs else 0)
        self.retitle(count_words(len(runs), "training run") if runs else "Adapters are made here, from pairs")

    @Slot()
    def _on_train(self) -> None:
        """The sheet that plans and starts a run."""
        self.banner.show_message(
            "Training is started on the command line in this version",
            "forge-desktop train --pairs FILE.jsonl --base NAME",
            kind="info",
        )


def _row(run: TrainRun) -> QFrame:
    name = safe_words(run.name or f"Run {run.number}")
    words, kind, icon = STATES[run.state]
    steps = f" · step {run.step:,} of {run.steps:,}" if run.steps else ""
    facts = safe_words(f"{run.base_name} · {moment_words(run.created)}{steps}")
    about = run.problem or facts
    texts = column(ElidedLabel(name, tokens.TABLE, 600), ElidedLabel(about, tokens.SMALL, cls="muted"), gap=0)
    line = row(texts, Pill(words, kind, icon, tokens.CAPTION), margins=(16, 10, 16, 10))
    line.setStretch(0, 1)
    made = frame("card", line)
    made.setMinimumHeight(theme.px(56))
    made.setAccessibleName(f"{name}, {words}, {about}")
    return made
