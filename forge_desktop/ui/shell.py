"""The window: rail, panes, strip of running work, status bar, toasts. It knows panes only as `Pane`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QPaintEvent
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QStackedWidget, QStatusBar, QWidget

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import DataChanged, EngineChanged, JobChanged
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.application import app_icon
from forge_desktop.ui.begun_downloads import offer_downloads
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.crash import CrashReports
from forge_desktop.ui.engine_banner import EngineBanner
from forge_desktop.ui.job_strip import JobStrip
from forge_desktop.ui.leaving import ask_leave, what_ends
from forge_desktop.ui.menus import Menus
from forge_desktop.ui.panes import PANES, Pane, load_pane
from forge_desktop.ui.spending import SpendingWatch
from forge_desktop.ui.status_line import StatusLine
from forge_desktop.ui.widgets.basics import Banner, Notice, Toast, column, row
from forge_desktop.ui.widgets.inset import Inset
from forge_desktop.ui.widgets.rail import NavigationRail
from forge_desktop.ui.window_state import WindowState

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

log = logging.getLogger(__name__)

_STATE_FILE = "window.json"
_STARTED_HERE = ("warm", "embed", "open_embedder")  # jobs that no pane asked for: their failure is shown by the window


class Shell(QMainWindow):
    """The application's one window, painted empty before the rooms are opened; `furnish` brings it to life.

    Panes are built at their first visit. `first_painted` is emitted once.
    """

    first_painted = Signal()

    def __init__(self, data_dir: Path, reports: CrashReports) -> None:
        super().__init__()
        self._reports = reports
        self._panes: dict[str, Pane] = {}
        self._painted = self._furnished = False
        self._state_file = data_dir / _STATE_FILE
        self._state = WindowState.load(self._state_file)
        self._mode = self._state.theme
        self.setWindowTitle("Forge Desktop")
        self.setWindowIcon(app_icon())
        self._build()
        self._menus = Menus(self, self)
        self._take_place()
        self._set_usable(False)

    def furnish(self, forge: Forge, bridge: Bridge) -> None:
        """Connect the rooms and open the pane that was in front last time."""
        self._forge, self._bridge = forge, bridge
        self._furnished = True
        self._set_usable(True)
        self._connect()
        if forge.settings.values.theme != self._mode:
            self.dress()
        pane = self._state.pane
        if pane not in PANES:
            pane = "corpus" if forge.corpus.shelf.stats().documents == 0 else "chat"
        self.visit(pane)
        offer_downloads(self, forge, bridge)

    def visit(self, key: str, *, by_keyboard: bool = False) -> Pane:
        """Bring a pane to the front, building it if this is its first visit."""
        pane = self._panes.get(key)
        if pane is None:
            pane = load_pane(key)(self._forge, self._bridge, self)
            pane.setAccessibleName(PANES[key][0])
            pane.notice.connect(self.show_notice)
            pane.wants_pane.connect(self._on_wants_pane)
            pane.hands_over.connect(self._on_hands_over)
            pane.foot_changed.connect(self._toast.place, Qt.ConnectionType.QueuedConnection)
            self._panes[key] = pane
            self._stack.addWidget(pane)
        self._stack.setCurrentWidget(pane)
        self._rail.choose(key)
        self._strip.set_front(key)
        self._menus.mark(pane=key, mode=self._forge.settings.values.theme)
        self.setWindowTitle(f"{PANES[key][0]} — Forge Desktop")
        pane.shown()
        self._toast.place()
        focus = QApplication.focusWidget()
        if by_keyboard and (focus is None or not pane.isAncestorOf(focus)):  # else the pane has chosen
            _focus_first(pane)
        return pane

    def current_pane(self) -> str:
        """The key of the pane in front."""
        return self._rail.current()

    def run_command(self, pane: str, command: str) -> None:
        """Go to a pane and run one of its commands."""
        if run := self.visit(pane, by_keyboard=True).commands().get(command):
            run()

    def focus_search(self, *, everywhere: bool) -> None:
        """Put the cursor into the search field of the pane in front, or of the corpus."""
        pane = self._stack.currentWidget()
        field = pane.search() if isinstance(pane, Pane) else None
        if field is None or (everywhere and self.current_pane() != "corpus"):
            field = self.visit("corpus").search()
        if field is not None:
            field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            field.selectAll()

    def cycle_regions(self, step: int) -> None:
        """Move the focus between rail, pane, running work and status bar (F6)."""
        regions = [r for r in (self._rail, self._stack, self._strip, self._status) if r.isVisible()]
        focus = QApplication.focusWidget()
        here = next((i for i, r in enumerate(regions) if focus is not None and r.isAncestorOf(focus)), -step % 2)
        for offset in range(1, len(regions) + 1):
            if _focus_first(regions[(here + offset * step) % len(regions)]):
                return

    def undo_last(self) -> None:
        """Take back what the toast on screen offers to take back, else the last change in the pane in front."""
        if not self._toast.undo():
            self._run_in_front("undo")

    def redo_last(self) -> None:
        """Make the change again that was taken back in the pane in front."""
        self._run_in_front("redo")

    def _run_in_front(self, command: str) -> None:
        pane = self._stack.currentWidget()
        if isinstance(pane, Pane) and (run := pane.commands().get(command)):
            run()

    def set_theme(self, mode: str) -> None:
        """Store another theme; it is put on when the settings say so."""
        try:
            self._forge.settings.change(theme=mode)
        except ForgeError as error:
            self._banner.show_error(error)

    def data_folder(self) -> str:
        """Where everything is stored."""
        return str(self._forge.data_dir)

    @Slot(object)
    def show_notice(self, notice: Notice) -> None:
        """Show a toast."""
        self._toast.show_notice(notice)

    @Slot()
    def come_forward(self) -> None:
        """Another start of the application asked for this window."""
        if self.isMinimized():
            self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def dress(self) -> None:
        """Put on the theme that the settings ask for."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        if self._furnished:
            self._mode = self._forge.settings.values.theme
        theme.apply(app, self._mode)
        self._menus.mark(pane=self.current_pane(), mode=self._mode)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def leave(self) -> None:
        """Close the window; where something would end with it, ask before."""
        if said := self._unfinished():
            ask_leave(self, said, self.close)
        else:
            self.close()

    def _unfinished(self) -> list[str]:
        """What would end with the window, in sentences."""
        if not self._furnished:
            return []
        said = [pane.unfinished() for pane in self._panes.values()]
        return [*what_ends(self._forge.jobs), *filter(None, said)]

    def closeEvent(self, event: QCloseEvent) -> None:
        if event.spontaneous() and self._unfinished():  # by a person, with the frame's own button
            event.ignore()
            self.leave()
            return
        for sheet in self.findChildren(QDialog):
            sheet.close()
        if self._furnished:  # else another process may own the directory
            WindowState(bytes(self.saveGeometry().data()).hex(), self.current_pane(), self._mode).save(self._state_file)
        super().closeEvent(event)

    def _build(self) -> None:
        entries = [(key, title, icon) for key, (title, icon, _) in PANES.items()]
        self._rail = NavigationRail(entries, {"settings"})
        self._stack = QStackedWidget()
        self._banner = Banner()
        self._banner.acted.connect(self._on_banner_action)
        self._stopped = EngineBanner()
        self._stopped.acted.connect(self._on_load_again)
        self._stopped.acted_second.connect(self._on_another_wanted)
        self._strip = JobStrip()
        self._status = StatusLine()
        root = QWidget()
        root.setProperty("cls", "root")
        banner = Inset(self._banner, (tokens.XL, tokens.SM, 20, tokens.SM))
        stopped = Inset(self._stopped, (tokens.XL, tokens.SM, 20, tokens.SM))
        middle = column(self._stack, stopped, banner, self._strip, gap=0)
        middle.setStretch(0, 1)
        line = row(self._rail, middle, gap=0)
        line.setStretch(1, 1)
        root.setLayout(line)
        self.setCentralWidget(root)
        bar = QStatusBar()
        bar.setSizeGripEnabled(False)
        bar.setFixedHeight(theme.px(32))
        bar.addWidget(self._status, 1)
        self.setStatusBar(bar)
        self._toast = Toast(root, self._stack, self._foot)

    def _connect(self) -> None:
        self._rail.chosen.connect(self._on_chosen)
        self._status.student_pressed.connect(self._on_student_pressed)
        self._spending = SpendingWatch(self._forge, self._bridge, self)
        self._spending.spend.connect(self._status.show_spend)
        self._spending.network.connect(lambda on, endpoints: self._status.show_network(offline=on, endpoints=endpoints))
        self._spending.failed.connect(self._banner.show_error)
        self._status.offline_wanted.connect(self._spending.set_offline)
        self._status.spend_pressed.connect(self._on_spend_pressed)
        self._spending.read()
        self._strip.pause_pressed.connect(self._forge.jobs.pause)
        self._strip.resume_pressed.connect(self._forge.jobs.resume)
        self._strip.cancel_pressed.connect(self._forge.jobs.cancel)
        self._bridge.job_changed.connect(self._on_job_changed)
        self._bridge.engine_changed.connect(self._on_engine_changed)
        self._bridge.data_changed.connect(self._on_data_changed)
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._on_scheme_changed)
        hints.accessibility().contrastPreferenceChanged.connect(self._on_contrast_changed)
        state = self._forge.engine.state()
        self._status.show_engine(state)
        self._stopped.show_engine(state)
        if problems := " ".join(filter(None, (self._forge.settings.problem, self._forge.embedding.problem))):
            self._banner.show_message("Some settings could not be used", problems, kind="warn")

    def _foot(self) -> int:
        pane = self._stack.currentWidget()
        return pane.foot() if isinstance(pane, Pane) else 0

    def _set_usable(self, usable: bool) -> None:
        for part in (self.menuBar(), self._rail, self._status):
            part.setEnabled(usable)

    def _take_place(self) -> None:
        self.setMinimumSize(theme.px(880), theme.px(560))
        geometry = self._state.geometry
        if not geometry or not self.restoreGeometry(QByteArray(bytes.fromhex(geometry))):
            available = self.screen().availableGeometry()
            self.resize(min(theme.px(1360), available.width()), min(theme.px(888), available.height()))
            self.move(available.center() - QPoint(self.width() // 2, self.height() // 2))

    @Slot(str)
    def _on_chosen(self, key: str) -> None:
        self.visit(key)

    @Slot(str)
    def _on_wants_pane(self, key: str) -> None:
        pane, command, place = (*key.split(":", 2), "", "")[:3]
        if place:
            self.visit(pane, by_keyboard=True).go_to(command, place)
        elif command:
            self.run_command(pane, command)
        else:
            self.visit(pane, by_keyboard=True)

    @Slot(str, object)
    def _on_hands_over(self, key: str, value: object) -> None:
        pane, _, command = key.partition(":")
        self.visit(pane, by_keyboard=True).receive(command, value)

    @Slot()
    def _on_student_pressed(self) -> None:
        self.visit("students", by_keyboard=True)

    @Slot()
    def _on_another_wanted(self) -> None:
        self.run_command("students", "bases")

    @Slot()
    def _on_spend_pressed(self) -> None:
        self.visit("distill", by_keyboard=True)

    @Slot()
    def _on_banner_action(self) -> None:
        self._banner.clear()
        if self._banner.place == "load":
            self._on_load_again()
        else:
            self.visit(self._banner.place or "students", by_keyboard=True)

    @Slot()
    def _on_load_again(self) -> None:
        engine = self._forge.engine
        self._forge.jobs.start("engine", "warm", lambda context: engine.warm(context.check))

    @Slot(object)
    def _on_job_changed(self, event: JobChanged) -> None:
        self._strip.show_job(event)
        if event.state != "failed" or event.error is None or isinstance(event.error, Cancelled):
            return
        if not isinstance(event.error, ForgeError):
            self._reports.tell(event.error)
        elif event.kind in _STARTED_HERE and self._forge.engine.state().status != "stopped":  # else it is said already
            self._banner.show_error(event.error, action="Open Students", mend=True)

    @Slot(object)
    def _on_engine_changed(self, event: EngineChanged) -> None:
        self._status.show_engine(event)
        self._stopped.show_engine(event)
        if event.status == "ready":
            self._banner.clear()

    @Slot(object)
    def _on_data_changed(self, event: DataChanged) -> None:
        if "settings" in event.what and self._forge.settings.values.theme != self._mode:
            self.dress()

    @Slot()
    def _on_contrast_changed(self) -> None:
        self.dress()

    @Slot()
    def _on_scheme_changed(self) -> None:
        if self._forge.settings.values.theme == "system":
            self.dress()


def _focus_first(region: QWidget) -> bool:
    """Give the keyboard to the first widget of a region that takes it; the current page of a stack counts."""
    inside = region.currentWidget() if isinstance(region, QStackedWidget) else region
    if inside is None:
        return False
    following = inside.nextInFocusChain()
    while following is not None and following is not inside:
        takes = following.focusPolicy() & Qt.FocusPolicy.TabFocus
        if takes and inside.isAncestorOf(following) and following.isVisible() and following.isEnabled():
            following.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return True
        following = following.nextInFocusChain()
    return False
