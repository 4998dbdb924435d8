"""What happens when the program itself is wrong: the application stays up and offers a redacted report to copy."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal, Slot, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from forge_desktop import __version__
from forge_desktop.base.errors import Cancelled
from forge_desktop.base.redacting import redacted
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, IconLabel, PrimaryButton, column, label, row

log = logging.getLogger(__name__)

_LONGEST_MESSAGE = 400  # an exception's text may quote a document; a report needs its kind and its beginning


def report(error: BaseException, *, data_dir: Path | None = None) -> str:
    """What helps to find the fault: versions and the redacted traceback. No document text, no prompt, no key."""
    stack = "".join(traceback.format_tb(error.__traceback__))
    message = str(error)
    if len(message) > _LONGEST_MESSAGE:
        message = message[:_LONGEST_MESSAGE] + " …"
    head = (
        f"Forge Desktop {__version__} · Python {platform.python_version()} · Qt {qVersion()} · "
        f"{platform.system()} {platform.release()} {platform.machine()}\n\n"
    )
    return redacted(f"{head}{stack}{type(error).__name__}: {message}", data_dir=data_dir)


class CrashReports(QObject):
    """Catches what nobody caught, on any thread: logs it and shows one dialog. `count` tells how many there were."""

    _caught = Signal(object)

    def __init__(self, data_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.count = 0
        self._data_dir = data_dir
        self._dialog: CrashDialog | None = None
        self._caught.connect(self._on_caught, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over the interpreter's hooks."""
        sys.excepthook = self._hook
        threading.excepthook = self._thread_hook

    def uninstall(self) -> None:
        """Give the hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__

    def tell(self, error: BaseException) -> None:
        """Report an error that somebody else caught, a job's for example. Safe from any thread."""
        self._caught.emit(error)

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt | SystemExit | Cancelled):
            if issubclass(kind, KeyboardInterrupt):
                QGuiApplication.quit()
            return
        log.error("unexpected error", exc_info=(kind, error, trace))
        self._caught.emit(error.with_traceback(trace))

    def _thread_hook(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self._hook(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    @Slot(object)
    def _on_caught(self, error: BaseException) -> None:
        self.count += 1
        if self._dialog is None:
            self._dialog = CrashDialog()
        self._dialog.show_report(report(error, data_dir=self._data_dir), self.count)


class CrashDialog(QDialog):
    """The report, to read, copy and close. Not modal: whatever still works can still be used."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Something went wrong")
        self._count = label("", tokens.SMALL, cls="muted")
        self._text = QPlainTextEdit(readOnly=True)
        self._text.setProperty("cls", "field")
        self._text.setAccessibleName("Report")
        self._text.setFont(theme.font(tokens.SMALL, mono=True))
        self._copy = Button("Copy report", "copy")
        self._copy.clicked.connect(self._on_copy)
        close = PrimaryButton("Go on")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        close.setFocus()
        sentence = label(
            "This is a fault in Forge Desktop, not in what you did. Your documents and conversations are stored. "
            "The report names no document and no key; read it before you send it to anybody.",
            tokens.TABLE,
            wrap=True,
        )
        head = row(IconLabel("bug", 24, "bad"), label("Something went wrong", tokens.TITLE, 600), None, self._count)
        buttons = row(self._copy, None, close)
        self.setLayout(column(head, sentence, self._text, buttons, gap=tokens.MD, margins=(tokens.XL,) * 4))
        self.resize(theme.px(680), theme.px(440))

    def show_report(self, text: str, count: int) -> None:
        """Show a report; while the dialog is open, further ones are put below it."""
        if self.isVisible():
            self._text.appendPlainText("\n\n" + text)
        else:
            self._text.setPlainText(text)
        self._count.setText(f"{count} so far" if count > 1 else "")
        self._copy.setText("Copy report")
        self.show()
        self.raise_()

    def report(self) -> str:
        """The text shown."""
        return self._text.toPlainText()

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report())
        self._copy.setText("Copied")
