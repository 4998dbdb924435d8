"""The pane itself: groups of settings in cards, a list to jump by, and where the data lies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged
from forge_desktop.base.settings import Settings
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes import Pane
from forge_desktop.ui.panes.settings.endpoints import EndpointsPanel
from forge_desktop.ui.panes.settings.fields import SettingRow
from forge_desktop.ui.panes.settings.hardware import HardwarePanel
from forge_desktop.ui.widgets.basics import (
    Button,
    ElidedLabel,
    IconButton,
    Notice,
    column,
    frame,
    label,
    page_head,
    row,
)

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_ICONS = {
    "Appearance": "eye",
    "Chat": "messages-square",
    "Student": "graduation-cap",
    "Corpus": "library",
    "Lessons": "flask-conical",
    "Network": "wifi-off",
    "Endpoints": "send",
    "Hardware": "cpu",
}
_ENDPOINTS, _HARDWARE, _STORAGE = "Endpoints", "Hardware", "Storage"


class SettingsPane(Pane):
    """Every setting, stored and in force as soon as it is changed."""

    key, title, icon = "settings", "Settings", "settings"

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(forge, bridge, parent)
        self._rows: dict[str, SettingRow] = {}
        self._cards: dict[str, QFrame] = {}
        for field in dataclasses.fields(Settings):
            self._add(field)
        self.endpoints = EndpointsPanel(forge, bridge)
        self.endpoints.notice.connect(self.notice)
        self.endpoints.card_wanted.connect(lambda uid: self.wants_pane.emit(f"cards:card:{uid}"))
        self._cards[_ENDPOINTS] = self.endpoints
        self._hardware = HardwarePanel(forge, bridge)
        self._hardware.notice.connect(self.notice)
        self._hardware.grown.connect(self._on_hardware_grown)
        self._landed = ""  # where a jump led to, until the person scrolls
        self._cards[_HARDWARE] = self._hardware
        self._cards[_STORAGE] = self._storage()
        self._area = QScrollArea()
        self._area.setAccessibleName("Settings")
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidget(self._form())
        self._area.verticalScrollBar().actionTriggered.connect(self._on_scrolled)
        reset = Button("Reset all", "rotate-ccw")
        reset.clicked.connect(self._on_reset_all)
        subtitle = label("Stored on this computer and in force at once", tokens.SMALL, cls="muted")
        body = row(self._jumps(), self._area, gap=0)
        body.setStretch(1, 1)
        self.setLayout(column(page_head("Settings", subtitle, reset), body, gap=0))
        bridge.data_changed.connect(self._on_data_changed)

    def rows(self) -> dict[str, SettingRow]:
        """The row of each setting, by key."""
        return self._rows

    def shown(self) -> None:
        self._refresh()
        self.endpoints.read()

    def commands(self) -> dict[str, Callable[[], None]]:
        return {"hardware": lambda: self._jump(_HARDWARE), "endpoints": lambda: self._jump(_ENDPOINTS)}

    def _add(self, field: dataclasses.Field[object]) -> None:
        group = field.metadata["group"]
        line = SettingRow(field, getattr(self.forge.settings.values, field.name))
        line.wanted.connect(self._on_wanted)
        self._rows[field.name] = line
        if group not in self._cards:
            heading = label(group, tokens.BODY, 600)
            self._cards[group] = frame("card", column(row(heading, margins=(18, 14, 18, 6)), gap=0))
        box = self._cards[group].layout()
        assert box is not None
        if box.count() > 1:
            box.addWidget(frame("line"))
        box.addWidget(line)

    def _storage(self) -> QFrame:
        place = str(self.forge.data_dir)
        path = ElidedLabel(place, tokens.CODE, middle=True)
        path.setFont(theme.font(tokens.CODE, mono=True))
        folder = Button("Open folder", "folder-open")
        folder.clicked.connect(self._on_open_folder)
        copy = IconButton("copy", "Copy the path")
        copy.clicked.connect(self._on_copy_path)
        line = row(path, copy, folder)
        line.setStretch(0, 1)
        text = label(
            "Documents' text, conversations, students and settings lie here, on this computer only. Start with "
            "--data-dir or FORGE_DATA_DIR to use another place.",
            tokens.SMALL,
            cls="muted",
            wrap=True,
        )
        heading = label(_STORAGE, tokens.BODY, 600)
        return frame("card", column(heading, text, line, gap=10, margins=(18, 14, 14, 16)))

    def _form(self) -> QWidget:
        cards = QWidget()
        cards.setLayout(column(*self._cards.values(), None, gap=tokens.LG))
        cards.setMaximumWidth(theme.px(800))
        form = QWidget()
        form.setProperty("cls", "flow")
        line = row(cards, None, gap=0, margins=(tokens.MD, 18, tokens.XL, 18))
        line.setStretch(0, 1000)
        form.setLayout(line)
        return form

    def _jumps(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(theme.px(200))
        buttons = []
        for group in self._cards:
            button = Button(group, _ICONS.get(group, "hard-drive"), "jump")
            button.setAccessibleName(f"Go to {group}")
            button.clicked.connect(lambda _checked=False, group=group: self._jump(group))
            buttons.append(button)
        side.setLayout(column(*buttons, None, gap=2, margins=(20, 18, tokens.SM, tokens.LG)))
        return side

    def _jump(self, group: str) -> None:
        card = self._cards[group]
        self._scroll_to(group)
        fields = (w for w in card.findChildren(QWidget) if w.isEnabled() and w.focusPolicy() & Qt.FocusPolicy.TabFocus)
        first = next(fields, None)
        if first is not None:
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    def _scroll_to(self, group: str) -> None:
        self._landed = group
        self._area.verticalScrollBar().setValue(max(0, self._cards[group].pos().y()))

    @Slot()
    def _on_scrolled(self) -> None:
        self._landed = ""

    @Slot()
    def _on_hardware_grown(self) -> None:
        """Who jumped here before it had its facts sees them now, not the end of the part above."""
        if self._landed == _HARDWARE:
            QTimer.singleShot(0, self, lambda: self._scroll_to(_HARDWARE))

    def _value(self, key: str) -> object:
        """A setting's value as it is shown: an endpoint that embeds by its name."""
        remote = self.forge.embedding.remote if key == "embedding_model" else None
        return f"Endpoint {remote.name}" if remote is not None else getattr(self.forge.settings.values, key)

    def _refresh(self) -> None:
        for key, line in self._rows.items():
            if not line.unsettled():
                line.show_value(self._value(key))
        model = self._rows["embedding_model"]
        if (problem := self.forge.embedding.problem) and not model.unsettled():
            model.show_error(ForgeError(problem))

    @Slot(str, object)
    def _on_wanted(self, key: str, value: object) -> None:
        if value in (getattr(self.forge.settings.values, key), self._value(key)):
            return
        try:
            if key == "embedding_model":
                self.forge.embedding.choose(Path(str(value)).absolute() if value else None)
            else:
                self.forge.settings.change(**{key: value})
        except ForgeError as error:
            self._rows[key].show_error(error)

    @Slot()
    def _on_reset_all(self) -> None:
        before = dataclasses.asdict(self.forge.settings.values)
        self._change_all({field.name: field.default for field in dataclasses.fields(Settings)})
        self.notice.emit(Notice("All settings are back to their defaults", undo=lambda: self._change_all(before)))

    def _change_all(self, values: dict[str, object]) -> None:
        try:
            self.forge.settings.change(**values)
        except ForgeError as error:
            next(iter(self._rows.values())).show_error(error)
            return
        for key, line in self._rows.items():  # also those that hold what was refused
            line.show_value(getattr(self.forge.settings.values, key))

    @Slot(object)
    def _on_data_changed(self, event: DataChanged) -> None:
        if event.what & {"settings", "documents"}:  # documents: an endpoint may have begun to embed them
            self._refresh()

    @Slot()
    def _on_open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.forge.data_dir)))

    @Slot()
    def _on_copy_path(self) -> None:
        QGuiApplication.clipboard().setText(str(self.forge.data_dir))
        self.notice.emit(Notice("Path copied", icon="copy"))
