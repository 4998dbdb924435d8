"""The sheet before a training run: a Python that trains, what to learn from, what it would take; then Start."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records import Dataset
from forge_desktop.students.records_training import TrainerProbe, TrainPlan, TrainSource
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.following import Following
from forge_desktop.ui.panes.students.training_form import TrainForm, TrainWays
from forge_desktop.ui.panes.students.training_plan import PlanView
from forge_desktop.ui.panes.students.training_setup import TrainerSetup
from forge_desktop.ui.panes.students.training_words import probe_words
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, PrimaryButton, ProgressRow, column, label, row
from forge_desktop.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_KEYS = ("train: freeze", "train: plan")
_ABOUT = {
    "setup": "First, once: the Python that trains.",
    "form": "An adapter learns what pairs say. The base stays as it is, and a gate decides whether it may answer.",
    "plan": "Nothing is trained yet: this is what it would take.",
}
_TITLES = {"setup": "Set up training", "form": "Train an adapter", "plan": "What it would take"}


class TrainSheet(Sheet):
    """`started` carries source, base, wish and name; `export_asked` the first three."""

    started = Signal(object, str, object, str)
    export_asked = Signal(object, str, object)

    def __init__(
        self, forge: Forge, bridge: Bridge, errands: Errands, ways: TrainWays, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Train an adapter")
        self._forge, self._errands = forge, errands
        self._planned: TrainSource | None = None
        self.setup = TrainerSetup(forge, errands)
        self.setup.ready.connect(self._on_ready)
        bridge.job_changed.connect(self.setup.job_changed)
        self.form = TrainForm(ways)
        self.form.changed.connect(self._follow)
        self.plan = PlanView()
        self.progress = ProgressRow("Planning:", can_pause=False)
        self._following = Following(forge.jobs, bridge, self.progress, self)
        self._trainer = ElidedLabel("", tokens.SMALL, cls="muted")
        self.change = Button("Change…", "", "link")
        self.change.setAccessibleName("Change the Python that trains")
        self.change.clicked.connect(lambda: self._show("setup"))
        self.back = Button("Back", "chevron-left")
        self.back.clicked.connect(self._on_back)
        self.cancel = Button("Cancel")
        self.cancel.clicked.connect(self.reject)
        self.export = Button("Export instead…", "upload")
        self.export.setToolTip("Write it all for a trainer elsewhere")
        self.export.clicked.connect(self._on_export)
        self.look = PrimaryButton("See what it takes", "gauge")
        self.look.clicked.connect(self._on_look)
        self.start = PrimaryButton("Start training", "zap")
        self.start.clicked.connect(self._on_start)
        for button in (self.back, self.cancel, self.export, self.change):
            button.setAutoDefault(False)
        self.why = label("", tokens.SMALL, cls="muted", wrap=True)
        self._page = ""
        self._has_python = bool(ways.python)
        self._build()
        if ways.python:
            self._trainer.setText("Asking the Python that trains…")
            self.setup.ask(self._on_probe, self.banner.show_error)
        self._show("form" if ways.python else "setup")
        self._first = self.form.said()

    def typed(self) -> bool:
        return self.form.said() != self._first

    def _build(self) -> None:
        self._pages = QStackedWidget()
        for page in (self.setup, self.form, self.plan):
            self._pages.addWidget(page)
        self._title, self._about = label("", tokens.TITLE, 600), label("", tokens.TABLE, cls="muted", wrap=True)
        self._trainer_line = QWidget()
        line = row(self._trainer, self.change)
        line.setStretch(0, 1)
        self._trainer_line.setLayout(line)
        foot = row(self.cancel, self.back, self.why, self.export, self.look, self.start, gap=tokens.SM)
        foot.setStretch(2, 1)
        content = column(
            column(self._title, self._about, gap=2), self.banner, self._pages, self._trainer_line, self.progress, foot,
            gap=tokens.MD, margins=(tokens.XL, 20, tokens.XL, 16),
        )  # fmt: skip
        content.setStretch(2, 1)
        self.setLayout(content)
        parent = self.parentWidget()
        most = parent.window().size() if parent else self.sizeHint()
        self.resize(min(theme.px(680), most.width() - 32), min(theme.px(720), most.height() - 32))

    def page(self) -> str:
        """What is in front: "setup", "form" or "plan"."""
        return self._page

    def _show(self, page: str) -> None:
        self._page = page
        self._pages.setCurrentWidget({"setup": self.setup, "form": self.form, "plan": self.plan}[page])
        self._title.setText(_TITLES[page])
        self._about.setText(_ABOUT[page])
        self.banner.clear()
        self._trainer_line.setVisible(page == "form")
        self.back.setVisible(page == "plan" or (page == "setup" and self._has_python))
        self.look.setVisible(page == "form")
        self.start.setVisible(page == "plan")
        self.export.setVisible(page != "setup")
        self._follow()

    @Slot()
    def _follow(self) -> None:
        problem = self.form.problem() if self._page == "form" else ""
        busy = self._busy()
        self.why.setText(problem)
        self.why.setVisible(True)
        self.look.setEnabled(not problem and not busy and self.form.trainable())
        self.export.setEnabled(not problem and not busy)
        self.form.setEnabled(not busy)
        self.change.setEnabled(not busy)

    def _busy(self) -> bool:
        return self._following.busy() or any(self._errands.awaits(key) for key in _KEYS)

    # the Python that trains

    @Slot(object)
    def _on_ready(self, probe: TrainerProbe) -> None:
        self._has_python = True
        self._on_probe(probe)
        if self._page == "setup":
            self._show("form")

    def _on_probe(self, probe: TrainerProbe) -> None:
        self._trainer.setText(probe.problem or probe_words(probe))
        if probe.problem and self._page == "form":
            self.banner.show_message("The Python that trains cannot be used", probe.problem)

    # what it would take

    @Slot()
    def _on_look(self) -> None:
        base, wish = self.form.chosen_base(), self.form.wish()
        if base is None:
            return
        training = self._forge.students.training

        def look(source: TrainSource) -> None:
            self._planned = source
            self._errands.run(lambda: training.plan(source, base.sha256, wish), begun, self._refuse, key=_KEYS[1])
            self._follow()

        def begun(job: int) -> None:
            self._following.follow(job, self._show_plan, self._refuse)
            self._follow()

        self._with_source(look)

    def _with_source(self, then: Callable[[TrainSource], None]) -> None:
        """What to learn from; the accepted pairs are frozen first where that was chosen."""
        self.banner.clear()
        name = self.form.freezes()
        if not name:
            then(self.form.source_chosen())
            return
        datasets = self._forge.distill.datasets

        def frozen(made: Dataset) -> None:
            self.form.frozen(made)
            then(self.form.source_chosen())

        self._errands.run(lambda: datasets.freeze(name), frozen, self._refuse, key=_KEYS[0])
        self._follow()

    def _show_plan(self, plan: TrainPlan) -> None:
        self.plan.show_plan(plan)
        self.start.setEnabled(plan.fits)
        self._show("plan")

    def _refuse(self, error: ForgeError | None) -> None:
        """Say what did not work; None where a person gave it up."""
        if error is not None:
            self.banner.show_error(error)
        self._follow()

    # ways on

    @Slot()
    def _on_back(self) -> None:
        self._show("form")

    @Slot()
    def _on_start(self) -> None:
        base = self.form.chosen_base()
        if base is not None and self._planned is not None:
            self.started.emit(self._planned, base.sha256, self.form.wish(), self.form.name.text().strip())
            self.accept()

    @Slot()
    def _on_export(self) -> None:
        base, wish = self.form.chosen_base(), self.form.wish()
        if base is None:
            return

        def go(source: TrainSource) -> None:
            self.export_asked.emit(source, base.sha256, wish)
            self.accept()

        self._with_source(go)

    def done(self, result: int) -> None:
        """Whatever is still on its way is not for here any more."""
        for key in _KEYS:
            self._errands.outdate(key)
        self.setup.leave()
        self._following.give_up()
        super().done(result)
