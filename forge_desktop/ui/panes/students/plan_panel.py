"""A student's plan to look at and to change: the fields, the planner's sentences, the table; planned anew by itself."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.students import Plan, PlanWish
from forge_desktop.ui import tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.students.plan_fields import PlanFields
from forge_desktop.ui.panes.students.plan_table import PlanTable
from forge_desktop.ui.widgets.basics import Banner, IconLabel, column, label, row

PLAN_AFTER = 250  # ms after the last change
_LANE = "plan"


class Planning(Protocol):
    """What this needs of the students room."""

    def plan(self, student_id: int, wish: PlanWish | None = None) -> Plan: ...


class PlanPanel(QWidget):
    """Plans off the window's thread. `planned` when another plan is shown, or none could be made."""

    planned = Signal()

    def __init__(self, planning: Planning, errands: Errands, key: str) -> None:
        super().__init__()
        self._planning, self._errands, self._key = planning, errands, key
        self._student = 0
        self._edited = False
        self._plan: Plan | None = None
        self._timer = QTimer(self, singleShot=True, interval=PLAN_AFTER)
        self._timer.timeout.connect(self._on_time)
        self.fields = PlanFields()
        self.fields.changed.connect(self._on_changed)
        self.table = PlanTable()
        self._state = label("", tokens.SMALL, cls="muted")
        self._terms = label("", tokens.SMALL, cls="muted", wrap=True)
        self._problem = Banner()
        self._notes = QVBoxLayout()
        self._notes.setSpacing(4)
        self._whole = QWidget()
        self._whole.setLayout(column(self.fields, self._notes, self.table, self._terms, gap=tokens.MD))
        self._whole.hide()
        self.setLayout(column(self._problem, self._whole, self._state, gap=tokens.SM))

    def show_student(self, student_id: int, plan: Plan | None = None) -> None:
        """Plan this student as it would be loaded now; or show the plan that is known already."""
        self._timer.stop()
        self._errands.outdate(self._key)
        self._problem.clear()
        if student_id != self._student:
            self._plan = None
            self._whole.hide()
        self._student, self._edited = student_id, False
        if plan is not None:
            self._show_anew(plan)
            return
        self._say("Planning …")
        self._errands.run(
            lambda: self._planning.plan(student_id), self._show_anew, self._fail, key=self._key, lane=_LANE
        )

    def plan(self) -> Plan | None:
        """The plan shown; None while there is none, or the fields say something else by now."""
        return None if self._timer.isActive() or self._errands.awaits(self._key) else self._plan

    def wish(self) -> PlanWish | None:
        """What the fields say."""
        return self.fields.wish()

    def edited(self) -> bool:
        """Whether a person changed the fields since the student was shown."""
        return self._edited

    def notes(self) -> list[str]:
        """The planner's sentences."""
        return list(self._plan.notes) if self._plan else []

    def _show_anew(self, plan: Plan) -> None:
        self._plan = plan
        self.fields.show_plan(plan)
        self._show(plan)

    def _follow(self, plan: Plan) -> None:
        self._plan = plan
        self.fields.follow(plan)
        self._show(plan)

    def _show(self, plan: Plan) -> None:
        self._problem.clear()
        self.table.show_lines(plan.lines)
        self._terms.setText(_terms(plan))
        while (item := self._notes.takeAt(0)) is not None:
            if (line := item.layout()) is not None:
                _clear(line)
        for note in plan.notes:
            text = label(note, tokens.SMALL, wrap=True)
            sentence = row(column(2, IconLabel("info", 13, "info"), None, gap=0), text, gap=6)
            sentence.setStretch(1, 1)
            self._notes.addLayout(sentence)
        self._whole.show()
        self._say("")
        self.planned.emit()

    def _fail(self, error: ForgeError) -> None:
        self._plan = None
        self._say("")
        self._problem.show_error(error)
        self.planned.emit()

    def _say(self, words: str) -> None:
        self._state.setText(words)
        self._state.setVisible(bool(words))

    @Slot()
    def _on_changed(self) -> None:
        self._edited = True
        self._errands.outdate(self._key)  # an answer that is on its way would undo what was just changed
        self._timer.start()
        self._say("Planning …")
        self.planned.emit()

    @Slot()
    def _on_time(self) -> None:
        student, wish = self._student, self.fields.wish()
        self._errands.run(
            lambda: self._planning.plan(student, wish), self._follow, self._fail, key=self._key, lane=_LANE
        )


def _terms(plan: Plan) -> str:
    """What the figures are for."""
    bits = "8 bits" if plan.kv_type == "q8_0" else "16 bits"
    several = f" for each of {plan.sequences} conversations held at once" if plan.sequences > 1 else ""
    return f"{plan.context:,} tokens{several}, the cache in {bits}."


def _clear(layout: QLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            _clear(inner)
