"""Every setting of a training run, with what it does and how far it may go; the simple ones are made of these."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QWidget

from forge_desktop.students.records_training import PROJECTIONS, TrainWish
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import column, label
from forge_desktop.ui.widgets.fields import ChoiceField, NumberField

_Kind = Literal["int", "float"]
_NUMBERS: tuple[tuple[str, str, _Kind, float, float, str], ...] = (
    # field, label, kind, least, most, what it does
    ("epochs", "Epochs", "int", 1, 1000, "times through all pairs"),
    ("learning_rate", "Learning rate", "float", 1e-9, 1, "the highest one"),
    ("rank", "Rank", "int", 1, 1024, "of the adapter: how much it can hold"),
    ("alpha", "Alpha", "float", 0.01, 4096, "the adapter works with alpha / rank"),
    ("replay", "Replay", "float", 0, 4, "of the base's own answers, as a share of the pairs"),
    ("hold", "Hold", "float", 0, 100, "how much it weighs that these stay as they are"),
    ("validation", "Kept apart", "float", 0, 0.9, "share of the pairs to validate with, by document"),
    ("row_tokens", "Row", "int", 16, 131_072, "tokens; longer pairs are left out"),
    ("accumulate", "Rows a step", "int", 1, 1024, "that make one step"),
    ("dropout", "Dropout", "float", 0, 0.9, "of the adapter's input"),
    ("weight_decay", "Weight decay", "float", 0, 1, ""),
    ("clip", "Clip", "float", 0.001, 1000, "the gradient's largest norm"),
    ("warmup", "Warm-up", "float", 0, 1, "share of the steps in which the rate rises"),
    ("patience", "Patience", "int", 0, 1000, "validations without gain that end it early; 0: never"),
    ("evaluate_every", "Validate every", "int", 0, 1_000_000, "steps; 0: once an epoch"),
    ("seed", "Seed", "int", 0, 2**31 - 1, "same seed, pairs and settings: the same adapter"),
    ("threads", "Threads", "int", 0, 1024, "on a processor; 0: chosen"),
    ("workers", "Workers", "int", 1, 1024, "of the Ray cluster that share each step"),
)
_CHOICES: tuple[tuple[str, str, dict[Any, str]], ...] = (
    ("device", "Device", {"auto": "The best one", "cuda": "GPU (CUDA, ROCm)", "mps": "Apple GPU", "cpu": "Processor"}),
    ("dtype", "Numbers", {"auto": "bf16 where it works", "bf16": "bf16", "f32": "f32"}),
    ("checkpointing", "Activations", {None: "As memory allows", True: "Computed twice", False: "Kept"}),
)  # fmt: skip


class AdvancedForm(QWidget):
    """Fields for all of a TrainWish. `changed` with every key."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.numbers: dict[str, NumberField] = {}
        self.choices: dict[str, ChoiceField] = {}
        self.targets: dict[str, QCheckBox] = {}
        self.ray = QLineEdit()
        self._names: dict[str, str] = {}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(tokens.MD)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(2, 1)
        for name, words, choices in _CHOICES:
            self._add_choice(grid, name, words, choices)
        for name, words, kind, _least, _most, about in _NUMBERS:
            self._add_number(grid, name, words, int if kind == "int" else float, about)
        self._add_targets(grid)
        self.ray.setPlaceholderText("none: on this computer")
        self.ray.setAccessibleName("Address of a Ray cluster")
        self.ray.textChanged.connect(self.changed)
        place = grid.rowCount()
        grid.addWidget(_name("Ray cluster"), place, 0)
        grid.addWidget(self.ray, place, 1, 1, 2)
        self.setLayout(column(grid, gap=0))
        self.show_wish(TrainWish())

    def _add_choice(self, grid: QGridLayout, name: str, words: str, choices: dict[Any, str]) -> None:
        field = ChoiceField({key if key is not None else "": text for key, text in choices.items()})
        field.setAccessibleName(words)
        field.changed.connect(self.changed)
        self.choices[name] = field
        place = grid.rowCount()
        grid.addWidget(_name(words), place, 0)
        grid.addWidget(field, place, 1, 1, 2, Qt.AlignmentFlag.AlignLeading)

    def _add_number(self, grid: QGridLayout, name: str, words: str, kind: type, about: str) -> None:
        field = NumberField(kind)
        field.setAccessibleName(f"{words}: {about}" if about else words)
        field.setMaximumWidth(theme.px(84))
        field.changed.connect(self.changed)
        self.numbers[name], self._names[name] = field, words
        place = grid.rowCount()
        grid.addWidget(_name(words), place, 0)
        grid.addWidget(field, place, 1)
        grid.addWidget(label(about, tokens.SMALL, cls="muted", wrap=True), place, 2)

    def _add_targets(self, grid: QGridLayout) -> None:
        inner = QGridLayout()
        inner.setHorizontalSpacing(tokens.MD)
        inner.setVerticalSpacing(2)
        for number, target in enumerate(PROJECTIONS):
            box = QCheckBox(target)
            box.setFont(theme.font(tokens.SMALL, mono=True))
            box.setAccessibleName(f"Adapt {target}")
            box.toggled.connect(self.changed)
            self.targets[target] = box
            inner.addWidget(box, number // 3, number % 3)
        place = grid.rowCount()
        grid.addWidget(_name("Adapted"), place, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(inner, place, 1, 1, 2)

    def show_wish(self, wish: TrainWish) -> None:
        """Show all of it, without a signal."""
        before = self.blockSignals(True)
        self.show_values(dataclasses.asdict(wish))
        for target, box in self.targets.items():
            box.setChecked(target in wish.targets)
        self.ray.setText(wish.ray)
        self.blockSignals(before)

    def show_values(self, values: Mapping[str, object]) -> None:
        """Show some numbers and choices, without a signal."""
        for name, value in values.items():
            if name in self.numbers:
                self.numbers[name].show_value(value)
            elif name in self.choices:
                self.choices[name].show_value("" if value is None else value)

    def wish(self) -> TrainWish:
        """What the fields say; only where `problem` is ""."""
        values: dict[str, Any] = {name: field.value() for name, field in self.numbers.items()}
        values |= {name: field.value() for name, field in self.choices.items()}
        values["checkpointing"] = None if values["checkpointing"] == "" else values["checkpointing"]
        values["targets"] = tuple(target for target, box in self.targets.items() if box.isChecked())
        return TrainWish(**values, ray=self.ray.text().strip())

    def said(self) -> tuple[object, ...]:
        """What every field says, whether it can be used or not."""
        numbers = [field.text() for field in self.numbers.values()]
        choices = [field.value() for field in self.choices.values()]
        return (*numbers, *choices, *(box.isChecked() for box in self.targets.values()), self.ray.text())

    def problem(self) -> str:
        """Why it cannot be trained so, or ""."""
        for name, words, kind, least, most, _about in _NUMBERS:
            value = self.numbers[name].value()
            if not isinstance(value, (int, float)) or not least <= value <= most:
                what = "a whole number" if kind == "int" else "a number"
                return f"{words} is {what} from {least:,.10g} to {most:,.10g}."
        if not any(box.isChecked() for box in self.targets.values()):
            return "Choose at least one thing that is adapted."
        return ""

    @Slot()
    def reset(self) -> None:
        """Back to what is usual."""
        self.show_wish(TrainWish())
        self.changed.emit()


def _name(words: str) -> QWidget:
    return label(words, tokens.SMALL, cls="muted")
