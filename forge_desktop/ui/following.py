"""Jobs that a place of the window started: shown while they go on, cancelled there, told of when they are over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Slot

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.base.jobs import Jobs
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import KIND as ERRAND
from forge_desktop.ui.widgets.basics import ProgressRow

_LIVE = ("queued", "running", "paused")
_REMEMBERED = 32


@dataclass(frozen=True)
class _Followed:
    told: Callable[[Any], None]
    trouble: Callable[[ForgeError | None], None]
    verb: str
    seen: Callable[[JobChanged], None]


class Following(QObject):
    """Follows jobs, with `progress` to show them; that one is hidden while none goes on.

    A job may be started off the window's thread, so it may run or be over before its id is known here: the last that
    each said is kept, so that one that says nothing more can be seen and cancelled.
    """

    def __init__(self, jobs: Jobs, bridge: Bridge, progress: ProgressRow, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs, self._progress = jobs, progress
        self._followed: dict[int, _Followed] = {}
        self._early: dict[int, JobChanged] = {}
        progress.hide()
        progress.cancel_pressed.connect(jobs.cancel)
        bridge.job_changed.connect(self._on_job)

    def follow(
        self,
        job: int,
        told: Callable[[Any], None],
        trouble: Callable[[ForgeError | None], None],
        *,
        verb: str = "",
        seen: Callable[[JobChanged], None] = lambda _event: None,
    ) -> None:
        """Follow a job from now on: `told` gets its result, `trouble` its error or None when it was given up, `seen`
        all that it says meanwhile. `verb` names it where the progress shows several sorts.
        """
        self._followed[job] = _Followed(told, trouble, verb, seen)
        if (early := self._early.pop(job, None)) is not None:
            self._on_job(early)

    def busy(self) -> bool:
        """Whether a job that is followed goes on."""
        return bool(self._followed)

    def give_up(self) -> None:
        """Cancel what goes on; nobody is told of its end."""
        given_up, self._followed = list(self._followed), {}
        self._progress.hide()
        for job in given_up:
            self._jobs.cancel(job)

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        followed = self._followed.get(event.job_id)
        if followed is None:
            self._remember(event)
        elif event.state in _LIVE:
            if followed.verb:
                self._progress.say(followed.verb)
            self._progress.show_job(event)
            self._progress.show()
            followed.seen(event)
        else:
            del self._followed[event.job_id]
            self._progress.setVisible(self.busy())
            if event.state == "done":
                followed.told(event.result)
            else:
                followed.trouble(event.error if isinstance(event.error, ForgeError) else None)

    def _remember(self, event: JobChanged) -> None:
        if event.kind == ERRAND:
            return
        self._early.pop(event.job_id, None)
        self._early[event.job_id] = event
        while len(self._early) > _REMEMBERED:
            del self._early[next(iter(self._early))]
