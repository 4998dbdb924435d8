"""The band over a conversation: title, whether text leaves the machine, the context, options, export, sources."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.chat.meter import ContextMeter
from forge_desktop.ui.widgets.basics import ElidedLabel, IconButton, Pill, row
from forge_desktop.ui.widgets.words import is_here, plain_tip, safe_words


class ChatHeader(QFrame):
    """Shows plain values; its buttons are signals."""

    export_pressed = Signal()
    sources_toggled = Signal(bool)
    rename_pressed = Signal()
    options_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("cls", "head")
        self.setFixedHeight(theme.px(56))
        self.setMinimumWidth(theme.px(260))  # parts go when it gets narrow; see _fit
        self._title = ElidedLabel("New conversation", tokens.SUBTITLE, 600)
        self._offline = Pill("On this computer", "mute", "wifi-off")
        self.show_student("", "")
        self.meter = ContextMeter()
        self.options = IconButton("sliders-horizontal", "Answer options", checkable=True)
        self.options.toggled.connect(self.options_toggled)
        self.export = IconButton("download", "Export conversation as Markdown")
        self.export.clicked.connect(self.export_pressed)
        self.sources = IconButton("panel-right", "Show sources", checkable=True)
        self.sources.setChecked(True)
        self.sources.toggled.connect(self.sources_toggled)
        self._title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        parts = (self.meter, self.options, self.export, self.sources)
        self.setLayout(row(self._title, self._offline, None, *parts, margins=(24, 0, 16, 0)))
        self._fit()

    def show_title(self, title: str) -> None:
        """The conversation's title."""
        self._title.setText(title or "New conversation")

    def title(self) -> str:
        """The title shown."""
        return self._title.whole_text()

    def show_student(self, name: str, remote: str, version: str = "") -> None:
        """Who answers, and its version; `remote` is the host it answers at, "" on this computer."""
        name = safe_words(name)
        if remote:
            where = "a server on this computer" if is_here(remote) else remote
            self._offline.show_state(f"Remote: {name}"[:40], "info" if is_here(remote) else "warn", "send")
            said = (
                f"Questions, the conversation and the passages found are sent to {where}, except from collections that"
                " are never sent."
            )
        else:
            self._offline.show_state("On this computer", "mute", "wifi-off")
            answers = f"{name} · {version} answers. " if name and version else ""
            said = f"{answers}Nothing you ask or index leaves this machine."
        self._offline.setToolTip(plain_tip(said))
        self._offline.setAccessibleDescription(said)

    def show_preset(self, name: str, own: bool) -> None:
        """Which preset holds, and whether the conversation has options of its own."""
        said = f"Answer options: {name}" if name else "Answer options"
        self.options.setAccessibleName(f"{said}, of this conversation" if own else said)
        self.options.set_icon("sliders-horizontal", "accent_fg" if own else "muted")
        self.options.setToolTip(f"{self.options.accessibleName()} (Ctrl+Shift+A)")

    def _fit(self) -> None:
        """Show what there is room for; the title gives way first, then the meter, then the pill."""
        room = self.width()
        self.meter.set_room(words=room >= theme.px(560), bar=room >= theme.px(480))
        self._offline.setVisible(room >= theme.px(360))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._title.geometry().contains(event.position().toPoint()):
            self.rename_pressed.emit()
