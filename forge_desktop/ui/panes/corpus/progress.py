"""A running index job at three levels: the whole run, its stage, and the files being read just now."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.base.events import JobChanged
from forge_desktop.corpus import IndexProgress
from forge_desktop.corpus.pace import ON_BATTERY
from forge_desktop.ui import tokens
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, IconLabel, Meter, column, duration, label, row
from forge_desktop.ui.widgets.words import count_words, file_name, size_words

_STAGES = {"finding": "Looking through the folders", "reading": "Reading", "indexing": "Renewing the search index"}


class IndexStrip(QWidget):
    """Follows one job. `pause_pressed`, `resume_pressed` and `cancel_pressed` carry its id."""

    pause_pressed = Signal(int)
    resume_pressed = Signal(int)
    cancel_pressed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.job_id = 0
        self._paused = False
        self._icon = IconLabel("refresh-cw", 14, "info")
        self._stage = ElidedLabel("", tokens.SMALL, 600)
        self._meter = Meter(0, 160, accessible_name="Indexing")
        self._numbers = label("", tokens.SMALL, tabular=True)
        self._files = ElidedLabel("", tokens.SMALL, cls="muted", middle=True)
        self._rates = label("", tokens.SMALL, cls="muted", tabular=True)
        self.pause = Button("Pause", "pause", "pill")
        self.pause.clicked.connect(self._on_pause)
        self.cancel = Button("Cancel", "x", "pill")
        self.cancel.clicked.connect(lambda: self.cancel_pressed.emit(self.job_id))
        first = row(self._stage, self._meter, self._numbers, None, gap=10)
        second = row(self._files, self._rates, gap=10)
        second.setStretch(0, 1)
        line = row(self._icon, column(first, second, gap=2), self.pause, self.cancel, gap=10)
        line.setStretch(1, 1)
        self.setLayout(line)

    def show_job(self, event: JobChanged) -> None:
        """Show where the job is; call it for each `JobChanged` of that job."""
        self.job_id = event.job_id
        self._paused = event.state == "paused"
        at = event.detail if isinstance(event.detail, IndexProgress) else None
        self._stage.setText(self._stage_words(event, at))
        share = event.done / event.total if event.total else None
        self._meter.setVisible(share is not None)
        self._meter.set_value(share or 0.0)
        left = None if self._paused else at.seconds_left if at else event.seconds_left
        percent = "" if share is None else f"{min(1.0, share):.0%}"
        self._numbers.setText(" · ".join(filter(None, (percent, "" if left is None else f"{duration(left)} left"))))
        self._files.setText(_names(at.current) if at else safe_words(event.note))
        self._rates.setText(_rates(at) if at and not self._paused else "")
        self._icon.set_icon("pause" if self._paused else "refresh-cw", "muted" if self._paused else "info")
        self.pause.setText("Resume" if self._paused else "Pause")
        self.pause.set_icon("play" if self._paused else "pause")

    def words(self) -> str:
        """What is shown, in one line."""
        parts = (self._stage.whole_text(), self._numbers.text(), self._files.whole_text(), self._rates.text())
        return " · ".join(filter(None, parts))

    def _stage_words(self, event: JobChanged, at: IndexProgress | None) -> str:
        before = {"queued": "Waiting: ", "paused": "Paused: "}.get(event.state, "")
        if at is None:
            return f"{before}Indexing"
        if event.note == ON_BATTERY:
            return event.note
        words = _STAGES.get(at.stage, at.stage)
        if at.stage == "reading" and at.files_total:
            words = f"{words} {min(at.files_done + 1, at.files_total):,} of {count_words(at.files_total, 'file')}"
        elif at.stage == "finding" and at.files_done:
            words = f"{words}: {count_words(at.files_done, 'file')}"
        return before + words

    @Slot()
    def _on_pause(self) -> None:
        (self.resume_pressed if self._paused else self.pause_pressed).emit(self.job_id)


def _names(paths: Sequence[str]) -> str:
    return ", ".join(safe_words(file_name(path)) for path in paths)


def _rates(at: IndexProgress) -> str:
    rates = []
    if at.bytes_per_second:
        rates.append(f"{size_words(at.bytes_per_second)}/s")
    if at.passages_per_second:
        rates.append(f"{count_words(round(at.passages_per_second), 'passage')}/s")
    return " · ".join(rates)
