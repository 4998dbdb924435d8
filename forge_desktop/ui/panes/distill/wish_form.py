"""How a run shall go, as fields: its cap, turns, tasks, passages, teachers, and what becomes of its pairs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal, cast

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLayout, QSlider, QSpinBox, QWidget

from forge_desktop.distill.records import Endpoint
from forge_desktop.distill.records_runs import RunWish
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import column, label, row
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.money_field import MoneyField
from forge_desktop.ui.widgets.words import safe_words

_REVIEW = {"rules": "Keep what holds every rule", "all": "Hold every pair for me"}
_EASY = {
    "keep": "Keep a good draft as it is",
    "skip": "Skip what it can already",
    "teach": "Ask a teacher all the same",
}
_MOST_PASSAGES, _MOST_TURNS, _MOST_CALLS, _MOST_TASKS = 12, 8, 64, 10_000_000
_USUAL = RunWish(cap=0)
_WIDEST_NAME = 210  # of a teacher's name beside its box, as wide as the form has room for


def again(wish: RunWish, teachers: Sequence[Endpoint]) -> RunWish:
    """How the last run went, for the next one: with its cap again and the teachers there still are."""
    known = {teacher.uid for teacher in teachers}
    kept = tuple(uid for uid in wish.teachers if uid in known)
    return dataclasses.replace(wish, tasks=0, teachers=kept)


class WishForm(QWidget):
    """Edits a `RunWish`. `changed` after every change by a person."""

    changed = Signal()

    def __init__(self, teachers: Sequence[Endpoint], queued: int) -> None:
        super().__init__()
        self._teachers = teachers
        self.cap = MoneyField("Cap of the run in dollars", "required")
        self.turns = _number("Teacher calls a task at most", 1, _MOST_TURNS)
        self.tasks = _number("Tasks at most", 0, _MOST_TASKS, f"All {queued:,}")
        self.tasks.setSingleStep(100)
        self.passages = _Dial("Passages a task, dial", 1, _MOST_PASSAGES)
        self._shown_passages = label("", tokens.BODY, tabular=True)
        self._shown_passages.setMinimumWidth(theme.px(20))
        self.boxes = [_teacher_box(teacher) for teacher in teachers]
        self.review = ChoiceField(_REVIEW)
        self.draft = _check("Let the student answer first")
        self.easy = ChoiceField(_EASY)
        self.judge = _check("Ask a judge for a rubric as well")
        self.batch = _check("Send as a batch: cheaper, slower")
        self.calls = _number("Calls at once", 1, _MOST_CALLS)
        self.tokens = _number("Tokens an answer at most", 64, 32_768)
        self.tokens.setSingleStep(256)
        self._build()
        self.show_wish(_USUAL)
        self._connect()

    def show_wish(self, wish: RunWish) -> None:
        """Show how a run shall go."""
        self.cap.show_amount(wish.cap or None)
        self.turns.setValue(wish.max_turns)
        self.tasks.setValue(wish.tasks)
        self.passages.setValue(wish.passages)
        for teacher, box in zip(self._teachers, self.boxes, strict=True):
            box.setChecked(not wish.teachers or teacher.uid in wish.teachers)
        self.review.show_value(wish.review)
        self.draft.setChecked(wish.draft)
        self.easy.show_value(wish.easy)
        self.judge.setChecked(wish.judge)
        self.batch.setChecked(wish.batch)
        self.calls.setValue(wish.concurrency)
        self.tokens.setValue(wish.max_tokens)
        self._follow()

    def wish(self) -> RunWish:
        """What the fields say; without a cap it is 0, and no run starts."""
        chosen = tuple(t.uid for t, box in zip(self._teachers, self.boxes, strict=True) if box.isChecked())
        return RunWish(
            cap=self.cap.amount or 0,
            max_turns=self.turns.value(),
            tasks=self.tasks.value(),
            passages=self.passages.value(),
            review=cast(Literal["rules", "all"], self.review.value()),
            judge=self.judge.isChecked(),
            teachers=() if len(chosen) == len(self._teachers) else chosen,
            concurrency=self.calls.value(),
            draft=self.draft.isChecked(),
            easy=cast(Literal["keep", "skip", "teach"], self.easy.value()),
            max_tokens=self.tokens.value(),
            batch=self.batch.isChecked(),
        )

    def show_batch(self, possible: bool) -> None:
        """Whether a teacher that would be asked takes batches at a price of their own."""
        if not possible:
            self.batch.setChecked(False)
        self.batch.setEnabled(possible)
        self.batch.setToolTip("" if possible else "None of these teachers takes batches at a batch price.")

    def problem(self) -> str:
        """Why no run can start like this, or ""."""
        if not self.cap.amount:
            return "Type the most that this run may spend."
        if not any(box.isChecked() for box in self.boxes):
            return "Choose a teacher."
        return ""

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(tokens.MD)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        dial = row(self.passages, self._shown_passages, gap=10)
        dial.setStretch(0, 1)
        teachers = column(*self.boxes, gap=0)
        lines: tuple[tuple[str, QWidget | QLayout], ...] = (
            ("Cap", self.cap),
            ("Tasks", row(self.tasks, None)),
            ("Passages a task", dial),
            ("Turns a task", row(self.turns, None)),
            ("Teachers", teachers),
            ("Draft", column(self.draft, self.easy, gap=4)),
            ("Pairs", column(self.review, self.judge, gap=4)),
            ("Calls at once", column(row(self.calls, None), self.batch, gap=4)),
            ("Answer length", row(self.tokens, None)),
        )
        for place, (name, content) in enumerate(lines):
            words = label(name, tokens.SMALL, cls="muted")
            words.setMinimumHeight(theme.px(30))
            grid.addWidget(words, place, 0, Qt.AlignmentFlag.AlignTop)
            if isinstance(content, QWidget):
                grid.addWidget(content, place, 1)
            else:
                grid.addLayout(content, place, 1)
        self.setLayout(grid)
        self.review.setAccessibleName("What becomes of the pairs")
        self.easy.setAccessibleName("What becomes of a draft that holds every rule")
        for choice in (self.review, self.easy):
            choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.setMinimumContentsLength(12)

    def _connect(self) -> None:
        self.cap.changed.connect(self._on_changed)
        for number in (self.turns, self.tasks, self.calls, self.tokens, self.passages):
            number.valueChanged.connect(self._on_changed)
        for box in (self.draft, self.judge, self.batch, *self.boxes):
            box.toggled.connect(self._on_changed)
        for choice in (self.review, self.easy):
            choice.changed.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        self._shown_passages.setText(str(self.passages.value()))
        self.easy.setEnabled(self.draft.isChecked())


class _Number(QSpinBox):
    """A number to type or to step. The wheel scrolls the page, not the value."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Dial(QSlider):
    """A slider that leaves the wheel to the page."""

    def __init__(self, accessible_name: str, least: int, most: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(least, most)
        self.setPageStep(1)
        self.setAccessibleName(accessible_name)
        self.setMinimumHeight(theme.px(28))
        self.setMinimumWidth(theme.px(80))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def _number(accessible_name: str, least: int, most: int, least_words: str = "") -> QSpinBox:
    made = _Number()
    made.setAccessibleName(accessible_name)
    made.setRange(least, most)
    made.setSpecialValueText(least_words)
    made.setGroupSeparatorShown(True)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setFont(theme.font(tokens.BODY, tabular=True))
    made.setMinimumWidth(theme.px(112))
    made.lineEdit().setTextMargins(8, 0, 0, 0)  # the style sheet's padding does not reach it
    return made


def _teacher_box(teacher: Endpoint) -> QCheckBox:
    whole = safe_words(f"{teacher.name} · {teacher.model}")
    made = _check("")
    width = theme.px(_WIDEST_NAME)
    made.setText(made.fontMetrics().elidedText(whole, Qt.TextElideMode.ElideRight, width).replace("&", "&&"))
    made.setAccessibleName(whole)
    made.setToolTip(whole)
    return made


def _check(words: str) -> QCheckBox:
    made = QCheckBox(words.replace("&", "&&"))
    made.setAccessibleName(words)
    made.setFont(theme.font(tokens.SMALL))
    return made
