"""Turns what a trainer says into a job's progress and a run's row."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import Any

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.students.records_training import TrainProgress
from forge_desktop.students.store_training import RunRow, TrainingStore

_NOTED = 1.0  # seconds between two steps that are noted in the table


class Watch:
    """Hears one trainer of one run."""

    def __init__(self, store: TrainingStore, events: Events, ctx: JobContext, row: RunRow) -> None:
        self._store, self._events, self._ctx, self._row = store, events, ctx, row
        self._now = TrainProgress(row.uid, "running", row.step, row.steps, None, None, None, None, "Loading the base")
        self._noted = 0.0

    def heard(self, frame: Frame) -> None:
        """One event."""
        event = frame.get("event")
        if event == "loading":
            self._store.change(self._row.uid, state="running", started=self._row.started or time.time())
            self._events.changed("training")
        elif event == "start":
            self._show(step=int(frame["step"]), steps=int(frame["steps"]), note="")
            facts = {"step": self._now.step, "steps": self._now.steps, "job_sha256": str(frame.get("fingerprint", ""))}
            self._store.change(self._row.uid, **facts)
        elif event == "step":
            self._stepped(frame)
        elif event == "validation":
            self._show(validation=float(frame["loss"]))
            self._note()
        self._tell()

    def rests(self, rests: bool) -> None:
        """The trainer was told to rest, or to go on."""
        self._show(state="paused" if rests else "running")
        self._store.change(self._row.uid, state=self._now.state, step=self._now.step)
        self._events.changed("training")

    def _stepped(self, frame: Frame) -> None:
        seconds = float(frame["seconds"])
        self._show(
            step=int(frame["step"]),
            steps=int(frame["steps"]),
            loss=float(frame["loss"]),
            tokens_per_second=round(float(frame["tokens"]) / seconds, 1) if seconds > 0 else None,
            seconds_left=float(frame["seconds_left"]),
        )
        if time.monotonic() - self._noted >= _NOTED or self._now.step == self._now.steps:
            self._note()

    def _note(self) -> None:
        self._noted = time.monotonic()
        with contextlib.suppress(ForgeError):  # a full disk; the trainer's own file has every step
            self._store.change(self._row.uid, step=self._now.step)

    def _show(self, **changes: Any) -> None:
        self._now = dataclasses.replace(self._now, **changes)

    def _tell(self) -> None:
        now = self._now
        self._ctx.progress(now.step, now.steps or None, _words(now), detail=lambda: self._now, hold=False)


def _words(now: TrainProgress) -> str:
    if now.loss is None:
        return now.note
    validation = f", validation {now.validation:.3f}" if now.validation is not None else ""
    return f"loss {now.loss:.3f}{validation}"
