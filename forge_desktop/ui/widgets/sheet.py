"""A dialog to type into, that asks before Escape or its window's own button throws away what was typed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QDialog, QWidget

from forge_desktop.ui.widgets.notices import Banner

_QUESTION = "Leave without keeping what you typed?"


class Sheet(QDialog):
    """Shows its `banner` where it is laid out. A button that says what it does, as Cancel, asks nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.banner = Banner()
        self.banner.acted.connect(self._on_acted)

    def typed(self) -> bool:
        """Whether anything stands here that would be lost."""
        raise NotImplementedError

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self._asks():
            self.banner.clear()  # a second Escape goes back to what is typed
        elif not self._ask():
            self.reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if event.spontaneous() and not self._asks() and self._ask():
            event.ignore()
            return
        super().closeEvent(event)

    def _asks(self) -> bool:
        return not self.banner.isHidden() and bool(self.banner.action())

    def _ask(self) -> bool:
        if self.typed():
            self.banner.show_message(_QUESTION, kind="warn", action="Discard it")
        return self._asks()

    @Slot()
    def _on_acted(self) -> None:
        self.reject()
