"""Ctrl+Z and Ctrl+Shift+Z over the whole card, though the field with the cursor would like to keep them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget


class UndoKeys(QObject):
    """Watches what takes text. A line edit has an undo of its own, which knows nothing of the card."""

    undo = Signal()
    redo = Signal()

    def watch(self, *widgets: QWidget) -> None:
        """Take the keys from these."""
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        assert isinstance(event, QKeyEvent)
        back = event.matches(QKeySequence.StandardKey.Undo)
        if not back and not event.matches(QKeySequence.StandardKey.Redo):
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            (self.undo if back else self.redo).emit()
        return True
