"""What a person can change of a student's layout: context, layers on the GPU, split, and the cache."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLayout, QSlider, QSpinBox, QWidget

from forge_desktop.students import Plan, PlanWish
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import column, label, row

_CACHES = {"auto": "Automatic", "f16": "16 bit (f16)", "q8_0": "8 bit (q8_0)"}
_LEAST_CONTEXT, _MOST_CONTEXT, _CONTEXT_STEP = 512, 1_048_576, 1024
_NAME_WIDTH = 122


class PlanFields(QWidget):
    """Edits a wish. `changed` after every change by a person; what is automatic shows what the planner chose."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._wish: PlanWish | None = None
        self._gpus: tuple[str, ...] = ()
        self.context = _number("Context length", _LEAST_CONTEXT, _MOST_CONTEXT, _CONTEXT_STEP, " tokens")
        self.context_automatic = _check("As much as fits", "Context as long as fits")
        self.context_automatic.setToolTip("As long as fits, up to the length that Settings say")
        self.layers = _number("Layers on the GPU", 0, 0, 1)
        self.slider = _Slider("Layers on the GPU, slider")
        self.layers_automatic = _check("Automatic", "Layers on the GPU chosen automatically")
        self.split_automatic = _check("Automatic", "Split over the GPUs chosen automatically")
        self.cache = _Choice("Cache type", _CACHES)
        self.cache_on_gpu = _check("Cache on the GPU", "Keep the cache on the GPU")
        self.cache_on_gpu.setToolTip("Off keeps it in the computer's memory: slower, and room for more layers")
        self._shares: list[QSpinBox] = []
        self._lines = {name: label(name, tokens.SMALL, cls="muted") for name in ("Layers on the GPU", "Split")}
        self._build()
        self._connect()

    def show_plan(self, plan: Plan) -> None:
        """Show a plan for another student, or one whose wish came from elsewhere: every field anew."""
        self._wish = plan.wish
        automatic = (self.context_automatic, self.layers_automatic, self.split_automatic)
        with _silent(self.context, self.cache, self.cache_on_gpu, *automatic):
            self.context.setValue(plan.wish.context or plan.context)
            self.context_automatic.setChecked(not plan.wish.context)
            self.cache.setCurrentIndex(self.cache.findData(plan.wish.kv_type))
            self.cache_on_gpu.setChecked(plan.wish.kv_on_gpu)
            self.layers_automatic.setChecked(plan.wish.gpu_layers < 0)
            self.split_automatic.setChecked(not plan.wish.split)
        self.follow(plan)
        if plan.wish.gpu_layers >= 0:
            with _silent(self.layers, self.slider):
                self.layers.setValue(plan.wish.gpu_layers)
                self.slider.setValue(plan.wish.gpu_layers)
        if plan.wish.split:
            self._show_shares(dict(zip(self._gpus, plan.wish.split, strict=False)))

    def follow(self, plan: Plan) -> None:
        """Show what the planner chose where that is automatic; what a person chose stays as it stands."""
        if plan.gpus != self._gpus:
            self._gpus = plan.gpus
            self._make_shares()
        if self.context_automatic.isChecked():
            with _silent(self.context):
                self.context.setValue(plan.context)
        with _silent(self.layers, self.slider):
            for field in (self.layers, self.slider):
                field.setMaximum(plan.layers)
                if self.layers_automatic.isChecked():
                    field.setValue(plan.gpu_layers)
        self.layers.setSuffix(f" of {plan.layers}")
        if self.split_automatic.isChecked():
            used = [line.device for line in plan.lines if line.device in self._gpus]
            self._show_shares(dict(zip(used, plan.split, strict=False)))
        self._show_kinds()

    def wish(self) -> PlanWish | None:
        """What the fields say; None before a plan was shown."""
        if self._wish is None:
            return None
        total = sum(share.value() for share in self._shares)
        several = len(self._gpus) > 1 and not self.split_automatic.isChecked() and total
        return dataclasses.replace(
            self._wish,
            context=0 if self.context_automatic.isChecked() else self.context.value(),
            gpu_layers=-1 if self.layers_automatic.isChecked() else self.layers.value(),
            kv_type=self.cache.currentData(),
            kv_on_gpu=self.cache_on_gpu.isChecked(),
            split=tuple(round(share.value() / total, 4) for share in self._shares) if several else (),
            anyway=False,
        )

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(tokens.MD)
        grid.setVerticalSpacing(tokens.SM)
        grid.setColumnMinimumWidth(0, theme.px(_NAME_WIDTH))
        grid.setColumnStretch(1, 1)
        self._share_place = QWidget()
        self._share_grid = QGridLayout(self._share_place)
        self._share_grid.setContentsMargins(0, 0, 0, 0)
        self._share_grid.setSpacing(tokens.SM)
        slider = row(self.slider, self.layers, gap=tokens.SM)
        slider.setStretch(0, 1)
        layers = column(slider, self.layers_automatic, gap=0)
        split = column(self._share_place, self.split_automatic, gap=0)
        cache = column(row(self.cache, None), self.cache_on_gpu, gap=0)
        lines: tuple[tuple[QWidget, QLayout], ...] = (
            (_name("Context length", self.context), column(row(self.context, None), self.context_automatic, gap=0)),
            (self._lines["Layers on the GPU"], layers),
            (self._lines["Split"], split),
            (_name("Cache type", self.cache), cache),
        )
        for place, (name, content) in enumerate(lines):
            grid.addWidget(name, place, 0, Qt.AlignmentFlag.AlignTop)
            name.setFixedHeight(theme.px(34))
            grid.addLayout(content, place, 1)
        self.setLayout(grid)
        self._show_kinds()

    def _connect(self) -> None:
        self.context.valueChanged.connect(self._on_context)
        self.context_automatic.toggled.connect(self.changed)
        self.layers.valueChanged.connect(self._on_layers)
        self.slider.valueChanged.connect(self._on_layers)
        self.layers_automatic.toggled.connect(self.changed)
        self.split_automatic.toggled.connect(self.changed)
        self.cache.activated.connect(self.changed)
        self.cache_on_gpu.toggled.connect(self.changed)

    def _show_kinds(self) -> None:
        """Hide what makes no sense without a GPU, or with a single one."""
        gpu, several = bool(self._gpus), len(self._gpus) > 1
        layers = (self._lines["Layers on the GPU"], self.layers, self.slider, self.layers_automatic, self.cache_on_gpu)
        split = (self._lines["Split"], self._share_place, self.split_automatic)
        parts: list[tuple[QWidget, bool]] = [*((part, gpu) for part in layers), *((part, several) for part in split)]
        for part, shown in parts:
            part.setHidden(not shown)

    def _make_shares(self) -> None:
        box = self._share_grid
        while (item := box.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._shares = []
        for place, name in enumerate(self._gpus):
            share = _number(f"Share of {name}", 0, 100, 5, " %")
            share.valueChanged.connect(self._on_share)
            share.setPrefix(f"{name}  ")
            share.setMinimumWidth(theme.px(118))
            self._shares.append(share)
            box.addWidget(share, place // 2, place % 2)

    def _show_shares(self, split: Mapping[str, float]) -> None:
        total = sum(split.values()) or 1.0
        for name, field in zip(self._gpus, self._shares, strict=True):
            with _silent(field):
                field.setValue(round(100 * split.get(name, 0.0) / total))

    @Slot()
    def _on_context(self) -> None:
        with _silent(self.context_automatic):
            self.context_automatic.setChecked(False)
        self.changed.emit()

    @Slot(int)
    def _on_layers(self, value: int) -> None:
        with _silent(self.layers, self.slider, self.layers_automatic):
            self.layers.setValue(value)
            self.slider.setValue(value)
            self.layers_automatic.setChecked(False)
        self.changed.emit()

    @Slot()
    def _on_share(self) -> None:
        with _silent(self.split_automatic):
            self.split_automatic.setChecked(False)
        self.changed.emit()


class _silent:  # noqa: N801 - reads as the statement that it is
    """Within, these widgets tell nobody that they changed."""

    def __init__(self, *widgets: QWidget) -> None:
        self._widgets = widgets
        self._blockers: list[QSignalBlocker] = []

    def __enter__(self) -> None:
        self._blockers = [QSignalBlocker(widget) for widget in self._widgets]

    def __exit__(self, *_: object) -> None:
        for blocker in self._blockers:
            blocker.unblock()


class _Number(QSpinBox):
    """A number to type or to step with the arrow keys. The wheel scrolls the page, not the value."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.interpretText()
            event.ignore()  # for the dialog's button; Qt's own way says that the value changed even where it did not
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Slider(QSlider):
    """A slider that leaves the wheel to the page."""

    def __init__(self, accessible_name: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setAccessibleName(accessible_name)
        self.setMinimumWidth(theme.px(90))
        self.setMinimumHeight(theme.px(28))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Choice(QComboBox):
    """A list of values with their words; it leaves the wheel to the page."""

    def __init__(self, accessible_name: str, choices: dict[str, str]) -> None:
        super().__init__()
        self.setAccessibleName(accessible_name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(theme.px(140))
        for value, words in choices.items():
            self.addItem(words, value)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def _number(accessible_name: str, least: int, most: int, step: int, suffix: str = "") -> QSpinBox:
    made = _Number()
    made.setAccessibleName(accessible_name)
    made.setRange(least, most)
    made.setSingleStep(step)
    made.setSuffix(suffix)
    made.setGroupSeparatorShown(True)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setFont(theme.font(tokens.BODY, tabular=True))
    made.setMinimumWidth(theme.px(112))
    made.lineEdit().setTextMargins(8, 0, 0, 0)  # the style sheet's padding does not reach it
    return made


def _check(words: str, accessible_name: str) -> QCheckBox:
    made = QCheckBox(words)
    made.setAccessibleName(accessible_name)
    made.setFont(theme.font(tokens.SMALL))
    return made


def _name(words: str, buddy: QWidget) -> QWidget:
    made = label(words, tokens.SMALL, cls="muted")
    made.setBuddy(buddy)
    return made
