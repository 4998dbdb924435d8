"""Asks before the window closes while something is under way, without stopping everything else meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

RUN_GOES_ON = (
    "A run is under way. It ends with the window: calls that have left may be billed, and the tasks that are left wait"
    " in the queue for the next run."
)


def ask_leave(window: QWidget, words: Sequence[str], leave: Callable[[], object]) -> None:
    """Open a sheet with what would end; `leave` is called when the person says so."""
    box = QMessageBox(QMessageBox.Icon.Question, "Close Forge Desktop", "Close Forge Desktop now?", parent=window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setInformativeText("\n\n".join(words))
    close = box.addButton("Close", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton("Stay", QMessageBox.ButtonRole.RejectRole))
    close.clicked.connect(leave)
    box.open()
