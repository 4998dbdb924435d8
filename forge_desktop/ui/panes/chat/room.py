"""Who gets how much of the window's width: list of conversations, messages, end panel."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QSplitter, QWidget

from forge_desktop.ui import theme
from forge_desktop.ui.panes.chat.header import ChatHeader
from forge_desktop.ui.panes.chat.side import Side

_NARROW, _NARROW_OPEN = 900, 1040  # token pixels; below, the list gives way to the end panel, or to an open source
_CARDS, _OPEN, _SHARE = 296, 400, 0.44  # width of the source cards; of what is open, and its share if that is more
_MIDDLE = 280


class Room(QObject):
    """Arranges the three columns of the pane; call `fit` when its width changes."""

    def __init__(self, pane: QWidget, conversations: QWidget, middle: QWidget, side: Side, header: ChatHeader) -> None:
        super().__init__(pane)
        self._pane, self._conversations, self._side, self._toggle = pane, conversations, side, header.sources
        self._hidden_for_room = False
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(middle)
        self.splitter.addWidget(side)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        header.sources_toggled.connect(self._on_toggled)
        side.mode_changed.connect(self._on_mode)

    def fit(self) -> None:
        """Put the sources away when the pane is narrow, bring them back with the room for them, and arrange."""
        narrow = self._pane.width() < theme.px(_NARROW)
        if narrow and self._toggle.isChecked() and not self._side.is_wide() and not self._hidden_for_room:
            self._hidden_for_room = True
            self._toggle.setChecked(False)
        elif not narrow and self._hidden_for_room:
            self._hidden_for_room = False
            self._toggle.setChecked(True)
        self._arrange()

    def _arrange(self) -> None:
        shown, wide = not self._side.isHidden(), self._side.is_wide()
        limit = theme.px(_NARROW_OPEN if wide else _NARROW)
        self._conversations.setVisible(not shown or self._pane.width() >= limit)
        self._side.setMinimumWidth(theme.px(320 if wide else 240))
        total = self.splitter.width()
        side = max(theme.px(_OPEN), round(total * _SHARE)) if wide else theme.px(_CARDS)
        self.splitter.setSizes([max(theme.px(_MIDDLE), total - side), side])

    @Slot(bool)
    def _on_toggled(self, shown: bool) -> None:
        self._side.setVisible(shown)
        self._toggle.setAccessibleName("Hide sources" if shown else "Show sources")
        self._toggle.setToolTip(self._toggle.accessibleName())
        self._arrange()

    @Slot()
    def _on_mode(self) -> None:
        """Something was opened in the end panel, or closed; a panel put away comes for it and goes after it."""
        if self._side.is_wide():
            self._toggle.setChecked(True)
        elif self._hidden_for_room:
            self._toggle.setChecked(False)
        self._arrange()
