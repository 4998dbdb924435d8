"""The band over a conversation: title, that nothing leaves the machine, how full the context is, export, sources."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import ElidedLabel, IconButton, Meter, Pill, label, row


class ChatHeader(QFrame):
    """Shows plain values; its buttons are signals."""

    export_pressed = Signal()
    sources_toggled = Signal(bool)
    rename_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("cls", "head")
        self.setFixedHeight(theme.px(56))
        self.setMinimumWidth(theme.px(260))  # parts go when it gets narrow; see _fit
        self._title = ElidedLabel("New conversation", tokens.SUBTITLE, 600)
        self._offline = Pill("Offline", "mute", "wifi-off")
        self._offline.setToolTip("Nothing you ask or index leaves this machine.")
        self._words = label("Context", tokens.SMALL, cls="muted")
        self._meter = Meter(0, 80, accessible_name="Context used")
        self._tokens = label("", tokens.SMALL, cls="muted", tabular=True)
        self.export = IconButton("download", "Export conversation as Markdown")
        self.export.clicked.connect(self.export_pressed)
        self.sources = IconButton("panel-right", "Show sources", checkable=True)
        self.sources.setChecked(True)
        self.sources.toggled.connect(self.sources_toggled)
        self._title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        parts = (self._words, self._meter, self._tokens, self.export, self.sources)
        self.setLayout(row(self._title, self._offline, None, *parts, margins=(24, 0, 16, 0)))
        self._known = False
        self.show_context(0, 0)

    def show_title(self, title: str) -> None:
        """The conversation's title."""
        self._title.setText(title or "New conversation")

    def title(self) -> str:
        """The title shown."""
        return self._title.whole_text()

    def show_context(self, used: int, limit: int) -> None:
        """Tokens of the last prompt and answer, and how many fit; hidden while unknown."""
        self._known = used > 0 and limit > 0
        self._fit()
        if not self._known:
            return
        self._meter.set_value(used / limit)
        self._meter.setToolTip(f"{used:,} of {limit:,} tokens in the last prompt and answer")
        self._tokens.setText(f"{_short(used)} / {_short(limit)}")

    def _fit(self) -> None:
        """Show what there is room for; the title gives way first, then the meter, then the pill."""
        room = self.width()
        self._words.setVisible(self._known and room >= theme.px(520))
        self._meter.setVisible(self._known and room >= theme.px(440))
        self._tokens.setVisible(self._known)
        self._offline.setVisible(room >= theme.px(360))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._title.geometry().contains(event.position().toPoint()):
            self.rename_pressed.emit()


def _short(count: int) -> str:
    """ "412", "3.0k", "128k"."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 10_000 and count % 1000 else f"{count / 1000:.0f}k"
