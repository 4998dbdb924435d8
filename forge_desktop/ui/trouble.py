"""What a person sees when the application cannot start: the sentence, what to do, and a second try."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, IconLabel, PrimaryButton, column, label, row


class TroubleDialog(QDialog):
    """Shown instead of the window; accepted means try again, rejected means quit."""

    def __init__(self, error: ForgeError, data_dir: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data_dir = data_dir
        self._error = error
        self.setWindowTitle("Forge Desktop cannot start")
        heading = label("Forge Desktop cannot start", tokens.TITLE, 600)
        self.message = label(error.message, tokens.BODY, wrap=True, selectable=True)
        self.hint = label(error.hint, tokens.TABLE, cls="muted", wrap=True, selectable=True)
        self.hint.setHidden(not error.hint)
        folder = Button("Open data folder", "folder-open")
        folder.clicked.connect(self._on_folder)
        copy = Button("Copy message", "copy")
        copy.clicked.connect(self._on_copy)
        leave = Button("Quit")
        leave.clicked.connect(self.reject)
        again = PrimaryButton("Try again", "refresh-cw")
        again.clicked.connect(self.accept)
        again.setDefault(True)
        again.setFocus()
        words = column(heading, self.message, self.hint, gap=tokens.SM)
        top = row(column(IconLabel("circle-alert", 28, "bad"), None), words, gap=tokens.LG)
        top.setStretch(1, 1)
        buttons = row(folder, copy, None, leave, again)
        self.setLayout(column(top, None, buttons, gap=tokens.XL, margins=(tokens.XL,) * 4))
        self.setMinimumWidth(theme.px(600))
        self.resize(self.sizeHint())

    @Slot()
    def _on_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._data_dir)))

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self._error.message}\n{self._error.hint}".strip())
