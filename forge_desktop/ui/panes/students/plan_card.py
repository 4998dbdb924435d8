"""The card in a student's details that shows its plan when it is opened, and loads the student like that."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.students import PlanWish, Student
from forge_desktop.ui import tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.students.plan_panel import Planning, PlanPanel
from forge_desktop.ui.widgets.basics import Button, PrimaryButton, column, label, row

_KEY = "plan card"


class Layouts(Planning, Protocol):
    """What the card needs of the students room."""

    def wish(self, student_id: int) -> PlanWish | None: ...


class PlanCard(QFrame):
    """Folded until asked: planning starts the engine's process. Once open it stays open for other students too.

    `load_wanted` and `automatic_wanted` carry the student's id, the first one the wish too.
    """

    load_wanted = Signal(int, object)
    automatic_wanted = Signal(int)

    def __init__(self, layouts: Layouts, errands: Errands) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self._layouts = layouts
        self._student: Student | None = None
        self._wished: PlanWish | None = None
        self._summary = label("", tokens.SMALL, cls="muted", wrap=True)
        self._toggle = Button("Show plan", "chevron-right", "link")
        self._toggle.clicked.connect(self._on_toggle)
        self.panel = PlanPanel(layouts, errands, _KEY)
        self.panel.planned.connect(self._show_buttons)
        self._load = PrimaryButton("Load", "play")
        self._load.setToolTip("Use this student and load it like this; kept for the next time")
        self._load.clicked.connect(self._on_load)
        self._automatic = Button("Back to automatic", "rotate-ccw")
        self._automatic.clicked.connect(self._on_automatic)
        buttons = row(self._load, self._automatic, None)
        self._body = QWidget()
        self._body.setLayout(column(self.panel, buttons, gap=tokens.MD))
        self._body.hide()
        head = row(column(label("Memory plan", tokens.BODY, 600), self._summary, gap=2), self._toggle)
        head.setStretch(0, 1)
        self.setLayout(column(head, self._body, gap=tokens.MD, margins=(18, 14, 18, 14)))

    def show_student(self, student: Student) -> None:
        """Show another student, or the same one with what is stored of it by now."""
        same = self._student is not None and self._student.sha256 == student.sha256
        before, self._student = self._wished, student
        self._wished = self._read_wish(student)
        self._summary.setText(_summary(self._wished))
        if not self._body.isHidden() and not (same and before == self._wished):
            self.panel.show_student(student.id)
        self._show_buttons()

    def _read_wish(self, student: Student) -> PlanWish | None:
        try:
            return self._layouts.wish(student.id)
        except ForgeError:  # removed a moment ago; the list is about to say so
            return None

    @Slot()
    def _show_buttons(self) -> None:
        self._load.setEnabled(self.panel.plan() is not None)
        edited = self._wished is None and self.panel.edited()
        self._automatic.setEnabled(self._wished is not None or edited)

    @Slot()
    def _on_toggle(self) -> None:
        opened = self._body.isHidden()
        self._body.setVisible(opened)
        self._toggle.setText("Hide plan" if opened else "Show plan")
        self._toggle.set_icon("chevron-down" if opened else "chevron-right")
        if opened and self._student is not None:
            self.panel.show_student(self._student.id)

    @Slot()
    def _on_load(self) -> None:
        if self._student is not None:
            self.load_wanted.emit(self._student.id, self.panel.wish() if self.panel.edited() else self._wished)

    @Slot()
    def _on_automatic(self) -> None:
        if self._student is None:
            return
        if self._wished is not None:
            self.automatic_wanted.emit(self._student.id)
        else:
            self.panel.show_student(self._student.id)


def _summary(wish: PlanWish | None) -> str:
    if wish is None:
        return "Automatic: as many layers on the GPU as fit, with the context length of the settings."
    parts = [f"{wish.context:,} tokens" if wish.context else "as many tokens as fit"]
    if wish.gpu_layers >= 0:
        parts.append(f"{wish.gpu_layers} layers on the GPU" if wish.gpu_layers else "no layers on the GPU")
    if wish.kv_type != "auto":
        parts.append(f"{wish.kv_type} cache")
    if not wish.kv_on_gpu:
        parts.append("cache off the GPU")
    if wish.split:
        parts.append("split by hand")
    if wish.anyway:
        parts.append("loaded although it may not fit")
    return f"Your own: {', '.join(parts)}."
