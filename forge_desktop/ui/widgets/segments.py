"""A row of buttons of which exactly one is down: the pages of a pane."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QWidget

from forge_desktop.ui.widgets.controls import Button, row


class Segments(QWidget):
    """`chosen` carries the key of the button that was pressed. The arrow keys move between them."""

    chosen = Signal(str)

    def __init__(self, parts: Sequence[tuple[str, str]], accessible_name: str) -> None:
        super().__init__()
        self.setAccessibleName(accessible_name)
        self._group = QButtonGroup(self)
        self._keys = [key for key, _ in parts]
        self._buttons = {key: Button(words, cls="segment") for key, words in parts}
        for key, button in self._buttons.items():
            button.setCheckable(True)
            self._group.addButton(button, self._keys.index(key))
        self._buttons[self._keys[0]].setChecked(True)
        self._group.idClicked.connect(self._on_clicked)
        self.setLayout(row(*self._buttons.values(), gap=2))

    def choose(self, key: str) -> None:
        """Press a button by its key; nothing is emitted."""
        self._buttons[key].setChecked(True)

    def key(self) -> str:
        """The key of the button that is down."""
        return self._keys[self._group.checkedId()]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            step = -step
        key = self._keys[(self._group.checkedId() + step) % len(self._keys)]
        self._buttons[key].setFocus(Qt.FocusReason.TabFocusReason)
        self._buttons[key].click()

    @Slot(int)
    def _on_clicked(self, number: int) -> None:
        self.chosen.emit(self._keys[number])
