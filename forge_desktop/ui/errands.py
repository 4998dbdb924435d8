"""Small work off the window's thread: a job does it, and its answer comes back on the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Slot

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.ui.bridge import Bridge

_T = TypeVar("_T")
KIND = "glance"


@dataclass
class _Errand:
    answer: list[Any]
    then: Callable[[Any], None]
    failed: Callable[[ForgeError], None]
    key: str


class Errands(QObject):
    """Runs reads and short writes that may have to wait for the database or the disk.

    An errand with a `key` outdates the earlier ones of that key: their answers are dropped. The answer travels beside
    the job, not as its result, because jobs keep their results as long as the application runs.
    """

    def __init__(self, jobs: Jobs, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._running: dict[int, _Errand] = {}
        self._latest: dict[str, int] = {}
        bridge.job_changed.connect(self._on_job)

    def run(
        self,
        work: Callable[[], _T],
        then: Callable[[_T], None] = lambda _answer: None,
        failed: Callable[[ForgeError], None] = lambda _error: None,
        *,
        key: str = "",
        lane: str = "glance",
    ) -> None:
        """Do `work` in a job, then call `then` with its answer, or `failed` with the error it expected."""
        answer: list[Any] = []

        def errand(context: JobContext) -> None:
            answer.append(work())

        if key and (outdated := self._latest.get(key)):
            self._jobs.cancel(outdated)
        try:
            job_id = self._jobs.start(lane, KIND, errand)
        except ForgeError as closing:
            failed(closing)
            return
        self._running[job_id] = _Errand(answer, then, failed, key)
        if key:
            self._latest[key] = job_id

    def outdate(self, key: str) -> None:
        """Drop the answers still on their way for `key`."""
        self._latest.pop(key, None)

    def awaits(self, key: str) -> bool:
        """Whether an answer for `key` is still on its way."""
        return key in self._latest

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if event.kind != KIND or event.state not in ("done", "failed", "cancelled"):
            return
        errand = self._running.pop(event.job_id, None)
        if errand is None or (errand.key and self._latest.get(errand.key) != event.job_id):
            return
        self._latest.pop(errand.key, None)
        if event.state == "done":
            errand.then(errand.answer[0])
        elif isinstance(event.error, ForgeError):
            errand.failed(event.error)
