"""The composer's chip for where to look: all documents, or the collections ticked in its menu."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QFontMetrics, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu, QWidget

from forge_desktop.ui import theme
from forge_desktop.ui.widgets.controls import Button

_ALL = "All documents"
_WIDEST = 150  # token pixels of a name


class _TickMenu(QMenu):
    """Stays open while things are ticked, by mouse or with Space; Return ticks and closes, Escape closes."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self._tick(self.actionAt(event.position().toPoint())):
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space or not self._tick(self.activeAction()):
            super().keyPressEvent(event)

    def _tick(self, action: QAction | None) -> bool:
        if action is None or not action.isCheckable() or not action.isEnabled():
            return False
        action.trigger()
        return True


class ScopeChip(Button):
    """Knows no room: names in by `show_collections`, what was ticked out by `chosen` (uids, none for all documents).

    It is hidden while there is nothing to choose from. `changed` tells that the person ticked something.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_ALL, "library", "pill", parent)
        self._names: dict[str, str] = {}
        self._chosen: tuple[str, ...] = ()
        self._compact = False
        self._menu = _TickMenu(self)
        self._menu.setAccessibleName("Where to look")
        self._everything = self._action(_ALL, "")
        self._menu.addSeparator()
        self._ticks: list[QAction] = []
        self.setMenu(self._menu)
        self._refresh()

    def show_collections(self, names: Mapping[str, str]) -> None:
        """The collections there are, uid to name. Chosen ones that are gone are chosen no more."""
        if dict(names) == self._names:
            return
        self._names = dict(names)
        for action in self._ticks:
            self._menu.removeAction(action)
            action.deleteLater()
        self._ticks = [self._action(name, uid) for uid, name in self._names.items()]
        self.choose(self._chosen)

    def choose(self, uids: Sequence[str]) -> None:
        """Show these as chosen; none for all documents."""
        self._chosen = tuple(uid for uid in self._names if uid in uids)
        self._refresh()

    def chosen(self) -> tuple[str, ...]:
        """The uids that are chosen; none for all documents."""
        return self._chosen

    def set_compact(self, compact: bool) -> None:
        """Show the icon alone where there is no room for words."""
        self._compact = compact
        self._refresh()

    def _action(self, name: str, uid: str) -> QAction:
        action = self._menu.addAction(name.replace("&", "&&"))
        action.setCheckable(True)
        action.setData(uid)
        action.triggered.connect(self._on_ticked)
        return action

    def _refresh(self) -> None:
        names = [self._names[uid] for uid in self._chosen]
        self._everything.setChecked(not names)
        for action in self._ticks:
            action.setChecked(action.data() in self._chosen)
        text = names[0] if names else _ALL
        text = QFontMetrics(self.font()).elidedText(text, Qt.TextElideMode.ElideMiddle, theme.px(_WIDEST))
        if len(names) > 1:
            text += f" +{len(names) - 1}"
        self.setText("" if self._compact else text)
        spoken = ", ".join(names) or _ALL
        self.setAccessibleName(f"Where to look: {spoken}")
        self.setToolTip(f"Passages come from: {spoken}")
        self.setVisible(len(self._names) > 1)

    @Slot()
    def _on_ticked(self) -> None:
        action = self.sender()
        uid = action.data() if isinstance(action, QAction) else ""
        if not uid:
            self._chosen = ()
        elif uid in self._chosen:
            self._chosen = tuple(chosen for chosen in self._chosen if chosen != uid)
        else:
            self._chosen = tuple(known for known in self._names if known == uid or known in self._chosen)
        self._refresh()
        self.changed.emit()
