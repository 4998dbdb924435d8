"""Chooses a preset by name, and keeps, renames and deletes those of a person's own; the name is typed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from forge_desktop.ui import tokens
from forge_desktop.ui.widgets.basics import Button, IconButton, column, label, row
from forge_desktop.ui.widgets.fields import ChoiceField

_CHANGED = " (changed)"


class Offered(NamedTuple):
    """A preset as it is offered: what is chosen, what it is called, what it does, whether it is a person's own."""

    key: str
    name: str
    help: str
    own: bool


class _Name(QLineEdit):
    """Escape gives up what is being typed, and goes no further."""

    given_up = Signal()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and cast(QKeyEvent, event).key() == Qt.Key.Key_Escape:
            event.accept()  # before the pane's own Escape
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(event)


class PresetPicker(QWidget):
    """Knows no room: presets in by `show_presets`, wishes out by signals."""

    chosen = Signal(str)
    save_wanted = Signal(str)
    rename_wanted = Signal(str, str)
    delete_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._presets: tuple[Offered, ...] = ()
        self._key, self._renames = "", False
        self.field = ChoiceField({})
        self.field.setAccessibleName("Preset")
        self.field.changed.connect(self._on_chosen)
        self._help = label("", tokens.SMALL, cls="muted", wrap=True)
        self._menu = QMenu(self)
        self._menu.setAccessibleName("Presets of your own")
        self._save = self._menu.addAction("Save as preset…", self._on_save)
        self._rename = self._menu.addAction("Rename…", self._on_rename)
        self._delete = self._menu.addAction("Delete", self._on_delete)
        more = IconButton("ellipsis", "Save, rename or delete a preset")
        more.setMenu(self._menu)
        self.name = _Name()
        self.name.setAccessibleName("Name of the preset")
        self.name.setPlaceholderText("Name of the preset")
        self.name.setMaxLength(60)
        self.name.returnPressed.connect(self._on_named)
        self.name.given_up.connect(self._end_naming)
        keep = Button("Save")
        keep.clicked.connect(self._on_named)
        cancel = IconButton("x", "Do not save the preset", size=14)
        cancel.clicked.connect(self._end_naming)
        self._naming = QWidget()
        line = row(self.name, keep, cancel, gap=4)
        line.setStretch(0, 1)
        self._naming.setLayout(line)
        self._naming.hide()
        heading = label("Preset", tokens.TABLE, 600)
        heading.setBuddy(self.field)
        top = row(self.field, more, gap=4)
        top.setStretch(0, 1)
        self.setLayout(column(heading, top, self._naming, self._help, gap=4))

    def show_presets(self, presets: Sequence[Offered], key: str, *, changed: bool) -> None:
        """Offer these; `key` is the one in force, `changed` when values since differ from it."""
        self._presets, self._key = tuple(presets), key
        self.field.clear()
        for preset in presets:
            mark = _CHANGED if changed and preset.key == key else ""
            self.field.addItem(f"{preset.name}{mark}", preset.key)
        self.field.show_value(key)
        found = self._found()
        self._help.setText(found.help if found else "")
        for action in (self._rename, self._delete):
            action.setEnabled(found is not None and found.own)

    def _found(self) -> Offered | None:
        return next((preset for preset in self._presets if preset.key == self._key), None)

    def _begin_naming(self, text: str) -> None:
        self.name.setText(text)
        self.name.selectAll()
        self._naming.show()
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _end_naming(self) -> None:
        self._naming.hide()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_chosen(self) -> None:
        self.chosen.emit(str(self.field.value()))

    @Slot()
    def _on_save(self) -> None:
        self._renames = False
        found = self._found()
        self._begin_naming(found.name if found and found.own else "")

    @Slot()
    def _on_rename(self) -> None:
        if found := self._found():
            self._renames = True
            self._begin_naming(found.name)

    @Slot()
    def _on_delete(self) -> None:
        if found := self._found():
            self.delete_wanted.emit(found.name)

    @Slot()
    def _on_named(self) -> None:
        name = self.name.text().strip()
        if not name:
            return
        self._end_naming()
        found = self._found()
        if self._renames and found:
            self.rename_wanted.emit(found.name, name)
        else:
            self.save_wanted.emit(name)
