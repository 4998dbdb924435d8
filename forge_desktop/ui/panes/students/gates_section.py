"""The gates: which were run, what each of them found, question by question, and the sheet that starts one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.students.records_gate import GateProgress, GateReport, GateWish
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.gate_words import gate_mark
from forge_desktop.ui.panes.students.gate_items import GateItems
from forge_desktop.ui.panes.students.gate_list import GateList, gate_name
from forge_desktop.ui.panes.students.gate_report import GateReportView
from forge_desktop.ui.panes.students.gate_sheet import GateSheet, GateWays, read_ways
from forge_desktop.ui.panes.students.section import Section
from forge_desktop.ui.widgets.basics import (
    Button,
    ElidedLabel,
    EmptyState,
    Notice,
    Pill,
    PrimaryButton,
    ProgressRow,
    column,
    frame,
    row,
)
from forge_desktop.ui.widgets.inset import Inset
from forge_desktop.ui.widgets.segments import Segments
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_KEY = "gates"
_LIVE = ("queued", "running", "paused")
_AGAIN = ("interrupted", "cancelled", "failed")
_PARTS = (("report", "Report"), ("items", "Questions"))


class GatesSection(Section):
    """Lists the gates, the newest first, and shows the chosen one."""

    def __init__(self, forge: Forge, bridge: Bridge, errands: Errands) -> None:
        super().__init__(forge, bridge, errands)
        self._chosen = ""
        self._gate: GateReport | None = None
        self._behind = False
        self._active = ""
        self._job = 0  # that works, or waits for what is no gate
        self._sheet: GateSheet | None = None
        self._running = ""  # the gate that a job tells of
        self.start = PrimaryButton("Run gate…", "shield-check")
        self.start.clicked.connect(lambda: self.ask())
        self.buttons = (self.start,)
        self._build()

    def _build(self) -> None:
        self.list = GateList()
        self.list.selectionModel().selectionChanged.connect(self._on_selected)
        self._side = frame("side", column(self.list, gap=0, margins=(0, tokens.MD, 0, 0)))
        self.report = GateReportView()
        self.items = GateItems(self.forge.students.gates, self.errands)
        self.items.troubled.connect(self.trouble)
        self._title = ElidedLabel("", tokens.SUBTITLE, 600)
        self._pill = Pill("", "mute", size=tokens.CAPTION)
        self.parts = Segments(_PARTS, "Parts of the gate")
        self.parts.chosen.connect(self._on_part)
        self.cancel = Button("Cancel", "x")
        self.cancel.setToolTip("It has not begun")
        self.cancel.clicked.connect(self._on_cancel)
        self.resume = Button("Resume", "play")
        self.resume.clicked.connect(self._on_resume)
        self.version = Button("Version", "git-branch")
        self.version.clicked.connect(self._on_version)
        self._pages = QStackedWidget()
        for page in (self.report, self.items):
            self._pages.addWidget(page)
        head = row(
            self._title,
            self._pill,
            None,
            self.cancel,
            self.resume,
            self.version,
            self.parts,
            margins=(tokens.XL, 14, tokens.XL, 0),
        )
        shown = column(head, self._pages, gap=0)
        shown.setStretch(1, 1)
        self._main = QWidget()
        self._main.setLayout(shown)
        self.empty = EmptyState(
            "shield-check",
            "No gate yet",
            "A gate lets a version and the one in use answer the same questions, and says with its statistics whether "
            "the new one is better and nothing else got worse. Only what passes is promoted.",
            "Run gate…",
            "shield-check",
        )
        self.empty.acted.connect(lambda: self.ask())
        for part in (self._side, self._main, self.empty):  # until it is known what there is
            part.hide()
        self.progress = ProgressRow("Gate", can_pause=False)
        self.progress.cancel_pressed.connect(self.forge.jobs.cancel)
        self.progress.hide()
        body = row(self._side, self._main, self.empty, gap=0)
        body.setStretch(1, 1)
        content = QWidget()
        content.setLayout(body)
        self.set_content(Inset(self.progress, (tokens.XL, 10, 20, 0)), content)

    # what the pane asks of a section

    def shown(self) -> None:
        self.refresh()

    def show_place(self, place: str) -> None:
        """A gate by its uid, or "new" with the version that shall be measured."""
        what, _, version = place.partition(":")
        if what == "new":
            self.ask(version)
        else:
            self._chosen = what
            self.refresh()

    def data_changed(self, event: DataChanged) -> None:
        if event.what & {"gates", "versions"} and self.isVisible():
            self.refresh()

    def job_changed(self, event: JobChanged) -> None:
        """Follow a gate while it runs."""
        if event.kind != "gate":
            return
        live = event.state in _LIVE
        if (event.state == "queued" or not live) and self._job not in (0, event.job_id):
            self.refresh()  # another one works: this one waits in the list, or does not any more
            return
        self._job = event.job_id if live else 0
        self.progress.setVisible(live)
        if live:
            self.progress.show_job(event)
            if isinstance(event.detail, GateProgress) and event.detail.gate != self._running:
                self._running = self._chosen = event.detail.gate
                self.refresh()
            return
        self._running = ""
        if isinstance(event.error, ForgeError):
            self.trouble(event.error)
        elif isinstance(event.result, GateReport):
            self.banner.clear()  # what failed before
            self._chosen = event.result.uid
            words = f"{gate_name(event.result)}: {gate_mark(event.result)[0].lower()}"
            self.notice.emit(Notice(words, icon="shield-check"))
        if self.isVisible():
            self.refresh()

    # showing

    @Slot()
    def refresh(self) -> None:
        """Read the list again."""
        if self.errands.awaits(_KEY):
            self._behind = True
            return
        students = self.forge.students

        def read() -> tuple[Sequence[GateReport], str]:
            active = students.registry.active()
            return students.gates.all(), active.uid if active else ""

        self.errands.run(read, self._show, self.trouble, key=_KEY)

    def _show(self, found: tuple[Sequence[GateReport], str]) -> None:
        gates, active = found
        if active != self._active:
            self._active, self._gate = active, None  # the legends say another thing
        self.list.show_gates(gates)
        shown = next((gate for gate in gates if gate.uid == self._chosen), None) or next(iter(gates), None)
        for part in (self._side, self._main):
            part.setVisible(bool(gates))
        self.empty.setVisible(not gates)
        self.retitle(f"{count_words(len(gates), 'gate')} · the newest: {gate_name(gates[0])}" if gates else "None yet")
        if shown is not None:
            self.list.choose(shown.uid)
            self._show_gate(shown)
        if self._behind:
            self._behind = False
            self.refresh()

    @Slot(QItemSelection, QItemSelection)
    def _on_selected(self, _selected: QItemSelection, _before: QItemSelection) -> None:
        gate = self.list.gate()
        if gate is not None and gate != self._gate:
            self._chosen = gate.uid
            self._show_gate(gate)

    def _show_gate(self, gate: GateReport) -> None:
        if gate == self._gate:
            return
        self._gate = gate
        self._title.setText(gate_name(gate))
        self._pill.show_state(*gate_mark(gate))
        self.cancel.setVisible(gate.state == "waiting")
        self.resume.setVisible(gate.state in _AGAIN and not gate.verdict)
        self.version.setText(f"See {gate.label}")
        self.report.show_gate(gate, self._active)
        self.items.show_gate(gate)

    @Slot(str)
    def _on_part(self, key: str) -> None:
        self._pages.setCurrentWidget(self.items if key == "items" else self.report)
        if key == "items":
            self.items.refresh()

    @Slot()
    def _on_resume(self) -> None:
        gate = self._gate
        if gate is not None:
            self.do(lambda: self.forge.students.gates.resume(gate.uid))

    @Slot()
    def _on_cancel(self) -> None:
        gate = self._gate
        if gate is not None:
            self.errands.run(lambda: self.forge.students.gates.cancel(gate.uid), failed=self.trouble)

    @Slot()
    def _on_version(self) -> None:
        if self._gate is not None:
            self.leads.emit(f"versions:{self._gate.gated or self._gate.version}")

    # starting

    def ask(self, version: str = "") -> None:
        """Ask what shall be measured; the gate starts when the person says so."""
        if self._sheet is not None:
            self._sheet.raise_()
            return
        self.banner.clear()

        def show(ways: GateWays) -> None:
            if self._sheet is not None:
                return
            self._sheet = sheet = GateSheet(ways, version, self.window())
            sheet.finished.connect(self._on_closed)
            sheet.started.connect(self._on_start)
            sheet.suites_wanted.connect(lambda: self.wants_pane.emit("distill:dataset"))
            sheet.open()

        self.errands.run(lambda: read_ways(self.forge), show, self.trouble, key="ways to gate")

    @Slot()
    def _on_closed(self) -> None:
        self._sheet = None

    @Slot(str, object)
    def _on_start(self, version: str, wish: GateWish) -> None:
        self.do(lambda: self.forge.students.gates.start(version, wish))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < theme.px(1000)
        self._side.setFixedWidth(theme.px(270 if narrow else 320))
        self.version.setVisible(not narrow)
