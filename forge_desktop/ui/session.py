"""One run of the window, from the first pixel to the last: application, rooms, shell, and an orderly end."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSocketNotifier, QTimer, Slot
from PySide6.QtWidgets import QApplication, QDialog

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.logs import start_logging
from forge_desktop.ui.application import application
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.collecting import Collector
from forge_desktop.ui.crash import CrashReports
from forge_desktop.ui.instance import Instance
from forge_desktop.ui.panes import PANES
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.trouble import TroubleDialog

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

log = logging.getLogger(__name__)

HOLDER = "the window"
_SMOKE = "FORGE_SMOKE"
_AGAIN = QDialog.DialogCode.Accepted


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
        self._forge: Forge | None = None
        self._bridge: Bridge | None = None
        self._status = 0

    def run(self) -> int:
        """Open the window, return the exit status after it was closed."""
        if self._instance.knock():
            return 0
        self._reports.install()
        self._collector = Collector(self)
        self._shell = Shell(self._data_dir, self._reports)
        self._instance.knocked.connect(self._shell.come_forward)
        self._shell.first_painted.connect(self._on_first_painted)
        self._shell.dress()
        self._shell.show()
        try:
            with _signals_quit(self._app):
                self._app.exec()
        finally:
            self._end()
        return self._status or (1 if self._smoke and self._reports.count else 0)

    def _end(self) -> None:
        self._instance.close()
        if self._bridge is not None:
            self._bridge.close()
        if self._forge is not None:
            self._forge.close()
        self._shell.deleteLater()
        QCoreApplication.sendPostedEvents(self._shell, QEvent.Type.DeferredDelete)
        self._collector.close()
        self._reports.uninstall()

    @Slot()
    def _on_first_painted(self) -> None:
        """The frame is on the screen: open the rooms, whose imports take longer than everything before."""
        self._forge = self._open()
        if self._forge is None:
            self._shell.close()
            self._app.quit()
            return
        start_logging(self._data_dir)
        self._bridge = Bridge(self._forge.events, self)
        self._shell.furnish(self._forge, self._bridge)
        self._instance.listen()
        QTimer.singleShot(0, self._on_furnished)

    def _open(self) -> Forge | None:
        """The rooms, or None when the person gave up or another window has them; `_status` is then the exit status."""
        from forge_desktop.forge import Forge

        while True:
            try:
                return Forge(self._data_dir, holder=HOLDER)
            except ForgeError as error:
                # Two starts at the same moment: the other one has the lock and answers this knock.
                if self._instance.knock():
                    return None
                log.info("cannot start: %s", error.message)
                if self._smoke:
                    print(error.message, file=sys.stderr)
                if self._smoke or TroubleDialog(error, self._data_dir, self._shell).exec() != _AGAIN:
                    self._status = 1
                    return None

    @Slot()
    def _on_furnished(self) -> None:
        """The first pane is on the screen: continue what a kill cut short, and load the student."""
        forge = self._forge
        if forge is None:
            return
        with contextlib.suppress(ForgeError):  # nothing to resume or to load is nothing to say
            forge.corpus.resume_pending()
            forge.corpus.sync.start()
        if forge.students.active() is not None:
            forge.jobs.start("engine", "warm", lambda context: forge.engine.warm(context.check, asked=False))
        if self._smoke:
            self._visit_next()

    @Slot()
    def _visit_next(self) -> None:
        if self._to_visit:
            key = self._to_visit.pop(0)
            self._shell.visit(key)
            print("pane", key, flush=True)  # packaging/smoke_test.py reads these
            QTimer.singleShot(100, self._visit_next)
        elif self._forge is not None and self._forge.jobs.running("warm"):
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
