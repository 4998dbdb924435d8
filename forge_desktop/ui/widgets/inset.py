"""Room around a widget that comes and goes: no margin stays behind while it is hidden."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QVBoxLayout, QWidget


class Inset(QWidget):
    """Holds one widget with margins and is itself visible exactly while that widget is."""

    def __init__(self, content: QWidget, margins: tuple[int, int, int, int]) -> None:
        super().__init__()
        self._content = content
        box = QVBoxLayout(self)
        box.setContentsMargins(*margins)
        box.addWidget(content)
        content.installEventFilter(self)
        self.setVisible(not content.isHidden())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self.setVisible(not self._content.isHidden())
        return False
