"""The Python that trains: made here once, or one that is named; what it would bring, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit, QScrollArea, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.students.records_training import Delivery, TrainerProbe
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.students.training_words import probe_words
from forge_desktop.ui.widgets.basics import Banner, Button, PrimaryButton, ProgressRow, column, frame, label, row
from forge_desktop.ui.widgets.fields import FileField
from forge_desktop.ui.widgets.fold import Fold
from forge_desktop.ui.widgets.words import breakable, count_words, safe_words, size_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_KEY = "trainer's Python"
_LANE = "trainer look"  # asking an interpreter takes seconds: nothing else waits for it
_KIND = "trainer environment"
_LIVE = ("queued", "running", "paused")
_ABOUT = (
    "Training needs a Python with torch, which the program does not bring: some 900 MB on the disk, several GB with a "
    "build for GPUs. It is set up once; what is trained with it stays on this computer."
)


class TrainerSetup(QScrollArea):
    """`ready` carries the TrainerProbe of the Python that trains from now on."""

    ready = Signal(object)

    def __init__(self, forge: Forge, errands: Errands) -> None:
        super().__init__()
        self._forge, self._errands = forge, errands
        self._job = 0
        self.look = Button("See what would come", "eye")
        self.look.clicked.connect(lambda: self._start(only_say=True))
        self.make = PrimaryButton("Set up training", "download")
        self.make.clicked.connect(lambda: self._start(only_say=False))
        self.gpu = QCheckBox("A build for GPUs may come, which is several GB")
        self.ray = QCheckBox("With Ray, to train on a cluster")
        self.index = QLineEdit()
        self.index.setAccessibleName("Where packages come from")
        self.index.setPlaceholderText("as in Settings, else as pip is set up")
        for box in (self.gpu, self.ray):
            box.setFont(theme.font(tokens.SMALL))
            box.setAccessibleName(box.text())
        self.delivery = label("", tokens.TABLE, wrap=True)
        self.packages = Fold("", "Packages that would come")
        self.progress = ProgressRow("Setting up training", can_pause=False)
        self.progress.cancel_pressed.connect(forge.jobs.cancel)
        self.python = FileField("Python (python* python.exe)", "Choose a Python")
        self.python.setAccessibleName("Path of a Python with torch and gguf")
        self.python.setPlaceholderText("/path/to/environment/bin/python")
        self.use = Button("Use it", "check")
        self.use.clicked.connect(self._on_use)
        self.python.returnPressed.connect(self._on_use)
        self.probe = label("", tokens.TABLE, wrap=True, selectable=True)
        self.banner = Banner()
        for part in (self.delivery, self.packages, self.progress, self.probe):
            part.hide()
        self._build()

    def _build(self) -> None:
        where = row(label("Packages from", tokens.SMALL, cls="muted"), self.index)
        here = column(
            label("Set one up here", tokens.BODY, 600),
            _muted("In the data directory. Cancelled or failed, nothing of it is left."),
            self.gpu, self.ray, where, row(self.look, None, self.make), self.delivery, self.packages, self.progress,
            gap=8, margins=(18, 12, 18, 14),
        )  # fmt: skip
        chooser = row(self.python, self.use)
        chooser.setStretch(0, 1)
        own = column(
            label("Or use one of your own", tokens.BODY, 600),
            _muted("A Python that has torch and gguf. It is asked what it can do first."),
            chooser, self.probe, gap=8, margins=(18, 12, 18, 14),
        )  # fmt: skip
        inside = QWidget()
        inside.setProperty("cls", "flow")
        about = label(_ABOUT, tokens.TABLE, cls="muted", wrap=True)
        inside.setLayout(
            column(
                about, self.banner, frame("card", here), frame("card", own), None, gap=tokens.MD, margins=(0, 0, 12, 0)
            )
        )
        self.setAccessibleName("The Python that trains")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(inside)
        if self._forge.settings.values.offline:
            self.banner.show_message(
                "Forge is offline, so nothing can be fetched",
                "Switch Offline off in Settings › Network, or use a Python of your own.",
                kind="info",
            )

    def ask(self, then: Callable[[TrainerProbe], None], failed: Callable[[ForgeError], None]) -> None:
        """Ask the Python that trains now what it can do; takes seconds, off the window's thread."""
        self._errands.run(self._forge.students.training.probe, then, failed, key=_KEY, lane=_LANE)

    def leave(self) -> None:
        """What is still on its way is not for here any more; a set-up that runs goes on."""
        self._errands.outdate(_KEY)

    def _start(self, *, only_say: bool) -> None:
        self.banner.clear()
        index, gpu, ray = self.index.text().strip(), self.gpu.isChecked(), self.ray.isChecked()
        training = self._forge.students.training

        def begun(job: int) -> None:
            self._job = job

        self._busy(True)
        self._errands.run(
            lambda: training.make_environment(index=index, ray=ray, gpu=gpu, only_say=only_say),
            begun,
            self._refuse,
            key=_KEY,
        )

    def job_changed(self, event: JobChanged) -> None:
        """Follow a set-up, or a look at what it would bring."""
        if event.kind != _KIND:
            return
        live = event.state in _LIVE
        self.progress.setVisible(live)
        self._busy(live)
        if live:
            self.progress.show_job(event)
        elif isinstance(event.error, ForgeError):
            self._refuse(event.error)
        elif isinstance(event.result, Delivery):
            self._show_delivery(event.result)
        elif isinstance(event.result, TrainerProbe):
            self._answered(event.result)

    def _busy(self, busy: bool) -> None:
        for part in (self.look, self.make, self.use, self.gpu, self.ray, self.index):
            part.setEnabled(not busy)

    def _show_delivery(self, found: Delivery) -> None:
        size = f"{size_words(found.bytes)} to fetch" if found.bytes is not None else "how much is not told"
        words = f"{count_words(len(found.packages), 'package')}, {size}, by {found.python}."
        if found.gpu:
            words += " It is a build for GPUs, which is several GB unpacked."
        self.delivery.setText(breakable(safe_words(words)))
        self.packages.set_heading("The packages")
        self.packages.set_text("\n".join(f"{name} {version}" for name, version in found.packages))
        for part in (self.delivery, self.packages):
            part.show()

    @Slot()
    def _on_use(self) -> None:
        path = self.python.text().strip()
        if not path:
            self.python.setFocus()
            return
        self.banner.clear()
        self._busy(True)
        self.probe.setText("Asking it…")
        self.probe.show()
        training = self._forge.students.training
        self._errands.run(lambda: training.choose(path), self._answered, self._refuse, key=_KEY, lane=_LANE)

    def _answered(self, probe: TrainerProbe) -> None:
        self._busy(False)
        if probe.problem:
            self._refuse(ForgeError(probe.problem))
            return
        self.probe.setText(probe_words(probe))
        self.probe.show()
        self.ready.emit(probe)

    def _refuse(self, error: ForgeError) -> None:
        self._busy(False)
        self.probe.hide()
        self.banner.show_error(error)
        self.ensureWidgetVisible(self.banner)


def _muted(words: str) -> QWidget:
    return label(words, tokens.SMALL, cls="muted", wrap=True)
