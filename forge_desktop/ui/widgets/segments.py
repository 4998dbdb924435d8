"""A row of buttons of which exactly one is down: the pages of a pane."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QWidget

from forge_desktop.ui.widgets.controls import Button, row


class _Segment(Button):
    """One of the buttons. An arrow key is for the whole row; Qt's own button would only hand the focus on."""

    def sizeHint(self) -> QSize:
        """As wide as its words are when it is down, which are bold then."""
        hint = super().sizeHint()
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        more = QFontMetrics(bold).horizontalAdvance(self.text()) - self.fontMetrics().horizontalAdvance(self.text())
        return hint.expandedTo(QSize(hint.width() + max(0, more) + 2, 0))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.ignore()
        else:
            super().keyPressEvent(event)


class Segments(QWidget):
    """`chosen` carries the key of the button that was pressed. The arrow keys move between them."""

    chosen = Signal(str)

    def __init__(self, parts: Sequence[tuple[str, str]], accessible_name: str) -> None:
        super().__init__()
        self.setAccessibleName(accessible_name)
        self._keys = [key for key, _ in parts]
        self._buttons = {key: _Segment(words, cls="segment") for key, words in parts}
        for key, button in self._buttons.items():  # no QButtonGroup: Tab would reach only the one that is down
            button.setCheckable(True)
            button.clicked.connect(functools.partial(self._on_clicked, key))
        self.choose(self._keys[0])
        self.setLayout(row(*self._buttons.values(), gap=2))

    def choose(self, key: str) -> None:
        """Press a button by its key; nothing is emitted."""
        for other, button in self._buttons.items():
            button.setChecked(other == key)

    def key(self) -> str:
        """The key of the button that is down."""
        return next(key for key, button in self._buttons.items() if button.isChecked())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            step = -step
        key = self._keys[(self._keys.index(self.key()) + step) % len(self._keys)]
        self._buttons[key].setFocus(Qt.FocusReason.TabFocusReason)
        self._buttons[key].click()

    def _on_clicked(self, key: str) -> None:
        self.choose(key)
        self.chosen.emit(key)
