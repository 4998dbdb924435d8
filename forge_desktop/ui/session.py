"""One run of the window, from the first pixel to the last: application, rooms, shell, and an orderly end."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, QSocketNotifier, QTimer, Slot
from PySide6.QtWidgets import QApplication, QDialog

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.logs import start_logging
from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.application import application
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.crash import CrashReports
from forge_desktop.ui.instance import Instance
from forge_desktop.ui.panes import PANES
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.trouble import TroubleDialog

log = logging.getLogger(__name__)

HOLDER = "the window"
_SMOKE = "FORGE_SMOKE"


class Session(QObject):
    """Runs the window on one data directory. With FORGE_SMOKE=1 it opens every pane in turn and quits by itself."""

    def __init__(self, data_dir: Path) -> None:
        self._app = application()
        super().__init__()
        self._data_dir = data_dir
        self._smoke = os.environ.get(_SMOKE) == "1"
        self._instance = Instance(data_dir, self)
        self._reports = CrashReports(data_dir, self)
        self._to_visit = list(PANES)

    def run(self) -> int:
        """Open the window, return the exit status after it was closed."""
        if self._instance.knock():
            return 0
        self._reports.install()
        try:
            forge = self._open()
            if forge is None:
                return 0 if self._instance.knock() else 1
            with contextlib.closing(forge):
                return self._live(forge)
        finally:
            self._instance.close()
            self._reports.uninstall()

    def _open(self) -> Forge | None:
        """The rooms, or None when the person gave up or another window has them."""
        while True:
            try:
                return Forge(self._data_dir, holder=HOLDER)
            except ForgeError as error:
                # Two starts at the same moment: the other one has the lock and answers the next knock.
                if self._instance.knock():
                    return None
                log.info("cannot start: %s", error.message)
                if self._smoke:
                    print(error.message, file=sys.stderr)
                    return None
                if TroubleDialog(error, self._data_dir).exec() != QDialog.DialogCode.Accepted:
                    return None

    def _live(self, forge: Forge) -> int:
        start_logging(self._data_dir)
        theme.apply(self._app, forge.settings.values.theme)
        bridge = Bridge(forge.events, self)
        self._forge = forge
        self._shell = Shell(forge, bridge, self._reports)
        self._instance.knocked.connect(self._shell.come_forward)
        self._instance.listen()
        self._shell.first_painted.connect(self._on_first_painted)
        self._shell.show()
        with _signals_quit(self._app):
            status = self._app.exec()
        bridge.close()
        self._shell.deleteLater()
        self._app.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        return status or (1 if self._smoke and self._reports.count else 0)

    @Slot()
    def _on_first_painted(self) -> None:
        forge = self._forge
        with contextlib.suppress(ForgeError):  # nothing to resume or to load is nothing to say
            forge.corpus.resume_pending()
        if forge.students.active() is not None:
            forge.jobs.start("engine", "warm", lambda _context: forge.engine.warm())
        if self._smoke:
            self._visit_next()

    @Slot()
    def _visit_next(self) -> None:
        if self._to_visit:
            key = self._to_visit.pop(0)
            self._shell.visit(key)
            print("pane", key, flush=True)  # packaging/smoke_test.py reads these
            QTimer.singleShot(100, self._visit_next)
        elif self._forge.jobs.running("warm"):
            QTimer.singleShot(100, self._visit_next)
        else:
            self._shell.close()


@contextlib.contextmanager
def _signals_quit(app: QApplication) -> Iterator[None]:
    """Ctrl+C in the terminal and a polite kill close the window as a person would, so that everything is put away."""
    if sys.platform == "win32":
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: None)
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    notifier = QSocketNotifier(reading, QSocketNotifier.Type.Read)
    notifier.activated.connect(app.closeAllWindows)
    notifier.activated.connect(app.quit)
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)
