"""The options of an answer as one form: preset, what people change, and the rest under "Advanced"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field
from typing import Any

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.ui import tokens
from forge_desktop.ui.widgets.basics import Button, column, row
from forge_desktop.ui.widgets.option_row import OptionRow
from forge_desktop.ui.widgets.preset_picker import PresetPicker

_PAUSE = 400  # ms after the last key until a change is told


class OptionForm(QWidget):
    """Knows no room. `changed` carries what the person changed, by key; None is a value given up."""

    changed = Signal(dict)

    def __init__(self, fields: Iterable[Field[Any]], *, advanced: str, back: str) -> None:
        """Fields of the group `advanced` are folded; `back` is where a value that is given up goes."""
        super().__init__()
        self.presets = PresetPicker()
        self.presets.chosen.connect(self._on_preset)
        self.rows = {field.name: OptionRow(field, back) for field in fields}
        groups = {key: made for key, made in self.rows.items() if made._field.metadata["group"] == advanced}
        self._advanced = QWidget()
        self._advanced.setLayout(column(*groups.values(), gap=tokens.MD, margins=(0, 4, 0, 0)))
        self._advanced.hide()
        self._fold = Button("Advanced", "chevron-right", "link")
        self._fold.setAccessibleName("Show advanced options")
        self._fold.clicked.connect(self._on_fold)
        main = [made for key, made in self.rows.items() if key not in groups]
        for made in self.rows.values():
            made.wanted.connect(self._on_wanted)
            made.typed.connect(self._on_typed)
            made.settled.connect(self._on_settled)
            made.given_up.connect(self._on_given_up)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE)
        self._pause.timeout.connect(self.flush)
        self._waiting: dict[str, Any] = {}
        parts = column(self.presets, *main, row(self._fold, None), self._advanced, gap=tokens.LG)
        self.setLayout(parts)

    def show_values(self, values: Mapping[str, Any], origins: Mapping[str, str], own: Iterable[str]) -> None:
        """What is in force, where from in words, and which values can be given up here. What is refused stays."""
        own = frozenset(own)
        for key, made in self.rows.items():
            if key not in self._waiting and not made.error():
                made.show_value(values[key], origins[key], own=key in own)

    def show_error(self, error: ForgeError, keys: Iterable[str]) -> None:
        """Say under the fields of these options why their values are not in force."""
        for key in keys:
            if key in self.rows:
                self.rows[key].show_error(error)

    def forget(self) -> None:
        """Others are to be shown: what is refused need not be corrected any more."""
        for made in self.rows.values():
            made.forget()

    @Slot()
    def flush(self) -> None:
        """Tell now what the person changed last."""
        self._pause.stop()
        waiting, self._waiting = self._waiting, {}
        if waiting:
            self.changed.emit(waiting)

    @Slot()
    def _on_fold(self) -> None:
        opened = self._advanced.isHidden()
        self._advanced.setVisible(opened)
        self._fold.set_icon("chevron-down" if opened else "chevron-right")
        self._fold.setAccessibleName("Hide advanced options" if opened else "Show advanced options")

    @Slot(str, object)
    def _on_wanted(self, key: str, value: object) -> None:
        self._waiting[key] = value
        self._pause.start()

    @Slot(str, object)
    def _on_typed(self, key: str, value: object) -> None:
        if value is None:  # what could be in force was only its beginning
            self._waiting.pop(key, None)
        else:
            self._waiting[key] = value

    @Slot(str)
    def _on_settled(self, key: str) -> None:
        if key in self._waiting:
            self.flush()

    @Slot(str)
    def _on_given_up(self, key: str) -> None:
        self._waiting[key] = None
        self.flush()

    @Slot(str)
    def _on_preset(self, key: str) -> None:
        self.forget()
        self._waiting = {"preset": key}
        self.flush()
