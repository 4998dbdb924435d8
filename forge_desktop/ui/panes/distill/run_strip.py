"""A run as it goes: how far, what came of it, what a kept pair costs, why fewer calls are under way than wished."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame

from forge_desktop.base.events import JobChanged
from forge_desktop.base.money import shown
from forge_desktop.distill.records import Budget
from forge_desktop.distill.records_runs import RunProgress
from forge_desktop.ui import tokens
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, IconLabel, Meter, column, duration, label, row
from forge_desktop.ui.widgets.words import count_words


class RunStrip(QFrame):
    """Follows one job. `pause_pressed`, `resume_pressed` and `cancel_pressed` carry its id."""

    pause_pressed = Signal(int)
    resume_pressed = Signal(int)
    cancel_pressed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self.setAccessibleName("The run")
        self.job_id, self.paused = 0, False
        self._at: RunProgress | None = None
        self._icon = IconLabel("refresh-cw", 16, "info")
        self._stage = ElidedLabel("", tokens.TABLE, 600)
        self._meter = Meter(0, 160, accessible_name="Tasks done")
        self._numbers = label("", tokens.SMALL, tabular=True)
        self._came = ElidedLabel("", tokens.SMALL, cls="muted")
        self._why = ElidedLabel("", tokens.SMALL, cls="warn")
        self.pause = Button("Pause", "pause", "pill")
        self.pause.clicked.connect(self._on_pause)
        self.cancel = Button("Cancel run", "x", "pill")
        self.cancel.clicked.connect(lambda: self.cancel_pressed.emit(self.job_id))
        first = row(self._stage, self._meter, self._numbers, None, gap=10)
        second = column(self._came, self._why, gap=0)
        line = row(self._icon, column(first, second, gap=2), self.pause, self.cancel, gap=10, margins=(14, 8, 12, 8))
        line.setStretch(1, 1)
        self.setLayout(line)
        self.hide()

    def show_job(self, event: JobChanged) -> None:
        """Show where the run is; call it for each `JobChanged` of its job."""
        self.job_id, self.paused = event.job_id, event.state == "paused"
        at = event.detail if isinstance(event.detail, RunProgress) else None
        share = event.done / event.total if event.total else None
        self._meter.setVisible(share is not None)
        self._meter.set_value(share or 0.0)
        left = None if self.paused else event.seconds_left
        percent = "" if share is None else f"{min(1.0, share):.0%}"
        self._numbers.setText(" · ".join(filter(None, (percent, "" if left is None else f"{duration(left)} left"))))
        self._stage.setText(_stage_words(event, at))
        self._at = at
        self._came.setText(came_words(at) if at else event.note)
        why = at.note if at else ""
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self._icon.set_icon("pause" if self.paused else "refresh-cw", "muted" if self.paused else "info")
        self.pause.setText("Resume" if self.paused else "Pause")
        self.pause.set_icon("play" if self.paused else "pause")

    def show_budget(self, budget: Budget | None) -> None:
        """While the run is paused nothing comes from it: calls that were under way end, as the ledger tells."""
        if self.paused and self._at is not None and budget is not None:
            at = dataclasses.replace(
                self._at,
                settled=budget.settled,
                reserved=budget.reserved,
                unknown=budget.unknown,
                flying=self._at.flying if budget.reserved else 0,
            )
            self._came.setText(came_words(at))

    def words(self) -> str:
        """What is shown, in one line."""
        parts = (self._stage.whole_text(), self._numbers.text(), self._came.whole_text(), self._why.whole_text())
        return " · ".join(filter(None, parts))

    @Slot()
    def _on_pause(self) -> None:
        (self.resume_pressed if self.paused else self.pause_pressed).emit(self.job_id)


def _stage_words(event: JobChanged, at: RunProgress | None) -> str:
    before = {"queued": "Waiting: ", "paused": "Paused: "}.get(event.state, "")
    if at is None:
        return f"{before}Making lessons"
    return f"{before}Making lessons: {at.done:,} of {count_words(at.tasks, 'task')}"


def came_words(at: RunProgress) -> str:
    """What came of a run so far, and what it costs."""
    counts = ((at.kept, "kept"), (at.review, "to review"), (at.rejected, "rejected"), (at.failed, "failed"))
    parts = [f"{number:,} {word}" for number, word in counts if number]
    charged = at.settled + at.reserved + at.unknown
    parts.append(f"{shown(charged)} of {shown(at.cap)}")
    if at.kept:
        parts.append(f"{shown((at.settled + at.unknown) // at.kept)} per kept pair")
    if at.flying:
        parts.append(f"{count_words(at.flying, 'call')} under way")
    return " · ".join(parts)
