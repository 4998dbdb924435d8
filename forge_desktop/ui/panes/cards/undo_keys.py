"""Keys that are the card's: Ctrl+Z and Ctrl+Shift+Z in every field, and what is typed where nothing is taken."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget


class UndoKeys(QObject):
    """Watches what takes text. A line edit has an undo of its own, which knows nothing of the card. `held` says that
    somebody types into what is locked.
    """

    undo = Signal()
    redo = Signal()
    held = Signal()

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
            if event.type() == QEvent.Type.KeyPress and _types(event) and _locked(watched):
                self.held.emit()
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            (self.undo if back else self.redo).emit()
        return True


def _types(event: QKeyEvent) -> bool:
    keys = (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)
    command = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    return event.key() in keys or (bool(event.text()) and event.text().isprintable() and not command)


def _locked(watched: QObject) -> bool:
    return isinstance(watched, QLineEdit | QPlainTextEdit) and watched.isReadOnly()
