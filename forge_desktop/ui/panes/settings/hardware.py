"""What this computer can do for a student: devices and drivers, what fits, how fast, and what needs attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QPaintEvent
from PySide6.QtWidgets import QFrame, QWidget

from forge_desktop.archive import Checkup
from forge_desktop.archive.checkup_words import report
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.base.jobs import JobContext
from forge_desktop.ui import tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.settings.hardware_facts import HardwareFacts
from forge_desktop.ui.widgets.basics import (
    Banner,
    Button,
    IconLabel,
    Notice,
    ProgressRow,
    column,
    label,
    row,
)

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_KEY = "hardware"
_LANE = "hardware"
_KIND = "measure"
_LIVE = ("queued", "running", "paused")


class HardwarePanel(QFrame):
    """A card that asks the engine's process when it is first seen, and again when told. Loads nothing by itself.

    `grown` when it has facts to show.
    """

    notice = Signal(object)
    grown = Signal()

    def __init__(self, forge: Forge, bridge: Bridge) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self._forge = forge
        self._errands = Errands(forge.jobs, bridge, self)
        self._checkup: Checkup | None = None
        self._asked = False
        self._measuring = 0
        self._refresh = Button("Look again", "refresh-cw", "pill")
        self._refresh.clicked.connect(self.ask)
        self._copy = Button("Copy report", "copy", "pill")
        self._copy.setToolTip("All of this as text, without the names of your folders")
        self._copy.clicked.connect(self._on_copy)
        self._measure = Button("Measure now", "gauge", "pill")
        self._measure.setToolTip("Load the student in use, if it is not, and measure how fast it reads and writes")
        self._measure.clicked.connect(self._on_measure)
        self._progress = ProgressRow("Measuring", can_pause=False)
        self._progress.cancel_pressed.connect(forge.jobs.cancel)
        self._progress.hide()
        self._banner = Banner()
        self._waiting = QWidget()
        self._waiting.setLayout(row(IconLabel("loader-circle", 14, "info"), label(_ASKING, tokens.SMALL, cls="muted")))
        self._facts = HardwareFacts()
        self._facts.hide()
        head = row(label("Hardware", tokens.BODY, 600), None, self._measure, self._copy, self._refresh)
        self.setLayout(
            column(head, self._banner, self._progress, self._waiting, self._facts, gap=12, margins=(18, 14, 14, 16))
        )
        self._show_buttons()
        bridge.job_changed.connect(self._on_job_changed)

    def checkup(self) -> Checkup | None:
        """What is shown; None before the engine's process has answered."""
        return self._checkup

    @Slot()
    def ask(self) -> None:
        """Look at everything again, off the window's thread; an answer that is on its way will do."""
        if self._errands.awaits(_KEY):
            return
        self._asked = True
        self._banner.clear()
        self._waiting.show()
        self._errands.run(self._forge.doctor.examine, self._show, self._fail, key=_KEY, lane=_LANE)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._asked:  # first seen: before that, nobody wants to know, and a process would be started
            self._asked = True
            QTimer.singleShot(0, self.ask)

    def _show(self, checkup: Checkup) -> None:
        self._checkup = checkup
        self._waiting.hide()
        self._facts.show_checkup(checkup)
        self._facts.show()
        self._show_buttons()
        self.grown.emit()

    def _fail(self, error: ForgeError) -> None:
        self._waiting.hide()
        self._banner.show_error(error)
        self._show_buttons()

    def _show_buttons(self) -> None:
        self._copy.setEnabled(self._checkup is not None)
        student = self._checkup.student if self._checkup else None
        self._measure.setEnabled(student is not None and not self._measuring)

    @Slot()
    def _on_copy(self) -> None:
        if self._checkup is not None:
            QGuiApplication.clipboard().setText(report(self._checkup))
            self.notice.emit(Notice("Report copied, without the names of your folders", icon="copy"))

    @Slot()
    def _on_measure(self) -> None:
        def measure(ctx: JobContext) -> None:
            ctx.progress(0, None, "the student in use")
            self._forge.doctor.measure(ctx.check)

        self._banner.clear()
        try:
            self._measuring = self._forge.jobs.start(_LANE, _KIND, measure)
        except ForgeError as closing:
            self._banner.show_error(closing)
        self._show_buttons()

    @Slot(object)
    def _on_job_changed(self, event: JobChanged) -> None:
        if event.kind != _KIND or event.job_id != self._measuring:
            return
        live = event.state in _LIVE
        self._progress.setVisible(live)
        if live:
            self._progress.show_job(event)
            return
        self._measuring = 0
        self._show_buttons()
        if event.state == "failed" and isinstance(event.error, ForgeError):
            self._banner.show_error(event.error)
        elif event.state == "done":
            self.ask()


_ASKING = "Asking the engine's process what it sees …"
