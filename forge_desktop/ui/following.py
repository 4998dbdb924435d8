"""Jobs that were started from the Cards pane: shown while they go on, and told of when they are over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Slot

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.widgets.basics import ProgressRow

_LIVE = ("queued", "running", "paused")
_REMEMBERED = 32


@dataclass(frozen=True)
class _Followed:
    verb: str
    told: Callable[[object], None]
    trouble: Callable[[ForgeError | None], None]
    seen: Callable[[JobChanged], None]


class Following(QObject):
    """Follows jobs. `told` gets a job's result, `trouble` its error or None when it was given up, `seen` every event.

    A job is started off the window's thread, so it may run or be over before its id is known here: the last that each
    said is kept, so that one that says nothing more can be seen and cancelled.
    """

    def __init__(self, bridge: Bridge, progress: ProgressRow, parent: QObject) -> None:
        super().__init__(parent)
        self._progress = progress
        self._followed: dict[int, _Followed] = {}
        self._early: dict[int, JobChanged] = {}
        bridge.job_changed.connect(self._on_job)

    def follow(
        self,
        job: int,
        *,
        verb: str,
        told: Callable[[object], None],
        trouble: Callable[[ForgeError | None], None],
        seen: Callable[[JobChanged], None],
    ) -> None:
        """Follow a job from now on."""
        self._followed[job] = _Followed(verb, told, trouble, seen)
        if (early := self._early.pop(job, None)) is not None:
            self._on_job(early)

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        followed = self._followed.get(event.job_id)
        live = event.state in _LIVE
        if followed is None:
            if event.kind != "glance":
                self._early.pop(event.job_id, None)
                self._early[event.job_id] = event
                while len(self._early) > _REMEMBERED:
                    del self._early[next(iter(self._early))]
            return
        if live:
            self._progress.say(followed.verb)
            self._progress.show_job(event)
            self._progress.show()
            followed.seen(event)
            return
        del self._followed[event.job_id]
        self._progress.setVisible(bool(self._followed))
        if event.state == "done":
            followed.told(event.result)
        else:
            followed.trouble(event.error if isinstance(event.error, ForgeError) else None)
