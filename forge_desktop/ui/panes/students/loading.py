"""From "load this student" to a loaded one: planned first, asked about when it does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.base.jobs import JobContext
from forge_desktop.students import Plan, PlanWish
from forge_desktop.ui.bridge import Bridge

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_LANE = "students"


@dataclass(frozen=True)
class Refused:
    """A student that was not loaded, because it does not fit as planned."""

    student_id: int
    plan: Plan


class Loading(QObject):
    """Loads in jobs. `refused` carries the student's id and the plan that does not fit, `failed` a ForgeError."""

    refused = Signal(int, object)
    failed = Signal(object)

    def __init__(self, forge: Forge, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._forge = forge
        self._jobs: set[int] = set()
        bridge.job_changed.connect(self._on_job_changed)

    def load(self, student_id: int) -> None:
        """Use this student and load it, as it is planned by itself or as was wished before."""
        self._start("load", lambda ctx: self._load(ctx, student_id, None))

    def load_as(self, student_id: int, wish: PlanWish | None) -> None:
        """Keep this wish, None for automatic, then use and load the student by it."""
        self._start("load", lambda ctx: self._load(ctx, student_id, (wish,)))

    def keep(self, student_id: int, wish: PlanWish | None) -> None:
        """Keep a wish for the next load."""
        self._start("wish", lambda _ctx: self._forge.students.layouts.keep(student_id, wish))

    def eject(self) -> None:
        """End the student's process; a load that is under way is given up."""
        jobs = self._forge.jobs
        for job in (*jobs.running("load"), *jobs.running("warm")):
            jobs.cancel(job)
        self._start("eject", lambda _ctx: self._forge.engine.eject(), lane="eject")

    def _load(self, ctx: JobContext, student_id: int, wish: tuple[PlanWish | None] | None) -> Refused | None:
        students = self._forge.students
        if (plan := self._planned(student_id, wish[0] if wish else None)) and not (plan.fits or plan.wish.anyway):
            return Refused(student_id, plan)
        if wish:
            students.layouts.keep(student_id, wish[0])
        active = students.active()
        if active is None or active.id != student_id or students.remotes.active() is not None:
            students.activate(student_id)
        self._forge.engine.warm(ctx.check)
        return None

    def _planned(self, student_id: int, wish: PlanWish | None) -> Plan | None:
        try:
            return self._forge.students.layouts.plan(student_id, wish)
        except ForgeError:
            return None  # loading it will say why, and may succeed: a plan is an estimate

    def _start(self, kind: str, work: Callable[[JobContext], object], lane: str = _LANE) -> None:
        try:
            self._jobs.add(self._forge.jobs.start(lane, kind, work))
        except ForgeError as closing:
            self.failed.emit(closing)

    @Slot(object)
    def _on_job_changed(self, event: JobChanged) -> None:
        if event.job_id not in self._jobs or event.state not in ("done", "failed", "cancelled"):
            return
        self._jobs.discard(event.job_id)
        if isinstance(event.result, Refused):
            self.refused.emit(event.result.student_id, event.result.plan)
        elif event.state == "failed" and isinstance(event.error, ForgeError):
            self.failed.emit(event.error)
