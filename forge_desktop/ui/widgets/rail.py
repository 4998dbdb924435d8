"""The navigation rail: one checkable button per page, the last ones at the foot."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QToolButton, QVBoxLayout, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.controls import show_ring
from forge_desktop.ui.widgets.painted import Mark


class NavigationRail(QFrame):
    """`entries` are (key, text, icon); `foot` names the keys that stand at the bottom. Emits `chosen(key)`.

    Arrow keys move along the rail, Tab leaves it.
    """

    chosen = Signal(str)

    def __init__(self, entries: Iterable[tuple[str, str, str]], foot: set[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("cls", "rail")
        self.setFixedWidth(theme.px(84))
        self.setAccessibleName("Navigation")
        # Not exclusive: Qt would let Tab stop at whichever entry of the group comes first, not at the current one.
        self._group = QButtonGroup(self, exclusive=False)
        self._group.buttonClicked.connect(self._on_clicked)
        self._current = ""
        self._buttons: dict[str, NavigationButton] = {}
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 12, 8, 12)
        box.setSpacing(4)
        box.addWidget(Mark(), 0, Qt.AlignmentFlag.AlignHCenter)
        box.addSpacing(14)
        at_foot = []
        for key, text, icon in entries:
            button = NavigationButton(text, icon)
            button.setProperty("key", key)
            self._group.addButton(button)
            self._buttons[key] = button
            if key in foot:
                at_foot.append(button)
            else:
                box.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        box.addStretch(1)
        for button in at_foot:
            box.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)

    def choose(self, key: str) -> None:
        """Mark an entry as the current one, without a signal."""
        self._current = key
        for other, button in self._buttons.items():
            button.setChecked(other == key)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus if other == key else Qt.FocusPolicy.NoFocus)

    def current(self) -> str:
        """The key marked as current."""
        return self._current

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        order = list(self._buttons.values())
        here = next((i for i, button in enumerate(order) if button.hasFocus()), None)
        if step is None or here is None:
            super().keyPressEvent(event)
            return
        order[(here + step) % len(order)].setFocus(Qt.FocusReason.TabFocusReason)

    @Slot(QAbstractButton)
    def _on_clicked(self, button: QAbstractButton) -> None:
        self.choose(self._current)  # the click itself has toggled the mark; whoever listens decides
        self.chosen.emit(button.property("key"))


class NavigationButton(QToolButton):
    """One entry: an icon over its word, with the focus ring for the keyboard only."""

    def __init__(self, text: str, icon: str) -> None:
        super().__init__()
        self.setProperty("cls", "nav")
        self.setText(text)
        self.setAccessibleName(text)
        self.setIcon(theme.icon(icon, "muted", "accent_fg"))
        self.setIconSize(QSize(theme.px(20), theme.px(20)))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setCheckable(True)
        self.setFont(theme.font(tokens.CAPTION, 600))
        self.setFixedSize(theme.px(68), theme.px(54))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()  # the rail moves the focus
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        show_ring(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        show_ring(self, event)
