"""Asks before a load that does not fit: the plan to change, and the choice to load it anyway."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QWidget

from forge_desktop.students import Plan, Student
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.students.plan_panel import Planning, PlanPanel
from forge_desktop.ui.widgets.basics import Button, IconLabel, PrimaryButton, column, label, row

RISK = (
    "Loading it anyway can end the student's process or slow this computer down; "
    "documents and conversations are not in danger."
)
_KEY = "plan dialog"


class PlanDialog(QDialog):
    """One plan that does not fit. `load_wanted` carries the student's id and the wish to load it by."""

    load_wanted = Signal(int, object)

    def __init__(
        self, student: Student, plan: Plan, *, planning: Planning, errands: Errands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._student = student
        self.setWindowTitle("This student does not fit")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._heading = label("", tokens.SUBTITLE, 600, wrap=True)
        self._advice = label("", tokens.TABLE, cls="muted", wrap=True)
        self._icon = IconLabel("triangle-alert", 24, "warn")
        self.panel = PlanPanel(planning, errands, _KEY)
        self.panel.planned.connect(self._on_planned)
        self._risk = label(RISK, tokens.SMALL, cls="warn", wrap=True)
        self._cancel = Button("Cancel")
        self._cancel.clicked.connect(self.reject)
        self._anyway = Button("Load anyway", "zap", "danger")
        self._anyway.clicked.connect(self._on_anyway)
        self._load = PrimaryButton("Load", "play")
        self._load.clicked.connect(self._on_load)
        for button in (self._cancel, self._anyway):
            button.setAutoDefault(False)  # Enter in a field must not press them
        self._load.setDefault(True)
        self._build()
        self.panel.show_student(student.id, plan)

    def _build(self) -> None:
        words = column(self._heading, self._advice, None, gap=4)
        head = row(column(self._icon, None), words, gap=tokens.MD)
        head.setStretch(1, 1)
        area = QScrollArea()
        area.setAccessibleName("Memory plan")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(column(self.panel, None, gap=0, margins=(0, 0, tokens.MD, 0)))
        area.setWidget(inside)
        buttons = row(self._cancel, None, self._anyway, self._load)
        content = column(head, area, self._risk, buttons, gap=tokens.LG, margins=(tokens.XL,) * 4)
        content.setStretch(1, 1)
        self.setLayout(content)
        self.resize(theme.px(640), theme.px(600))

    @Slot()
    def _on_planned(self) -> None:
        plan = self.panel.plan()
        fits = plan is not None and plan.fits
        self._load.setEnabled(fits)
        self._anyway.setEnabled(self.panel.wish() is not None)
        self._anyway.setVisible(not fits)
        self._risk.setVisible(not fits)
        if plan is None:
            return
        name = self._student.name
        self._heading.setText(f"{name} fits now" if fits else f"{name} does not fit as it is laid out")
        self._advice.setText(
            "It is loaded like this when you press Load, the next time too."
            if fits
            else "Choose a shorter context, fewer layers on the GPU or a smaller cache, or load another student."
        )
        self._icon.set_icon(*(("circle-check", "ok") if fits else ("triangle-alert", "warn")))

    @Slot()
    def _on_load(self) -> None:
        self.load_wanted.emit(self._student.id, self.panel.wish())
        self.accept()

    @Slot()
    def _on_anyway(self) -> None:
        wish = self.panel.wish()
        assert wish is not None
        self.load_wanted.emit(self._student.id, dataclasses.replace(wish, anyway=True))
        self.accept()
