"""Long work: one worker thread per lane, with progress, pause and cancel.

A lane is a resource that must not be shared (index, chat, distill, train). Job records live only in
memory: the truth is in the tables, and every run is a resume.
"""

from __future__ import annotations

import collections
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events, JobChanged, JobState

log = logging.getLogger(__name__)


_FINISHED_KEPT = 256  # ended jobs that `wait` still knows; a window that runs for weeks starts very many


class JobContext:
    """What a running job holds: report progress, wait, notice a pause or a cancel."""

    _MIN_GAP = 0.1  # seconds between two published progress events

    def __init__(self, job_id: int, kind: str, events: Events, lane: str = "") -> None:
        self.job_id = job_id
        self.lane = lane
        self._kind = kind
        self._events = events
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()
        self._started = time.monotonic()
        self._paused_for = 0.0
        self._first: tuple[float, float] | None = None
        self._last = -1.0
        self._seen: tuple[float, float | None, str] = (0, None, "")
        self._detail: Callable[[], object] = lambda: None

    def progress(
        self,
        done: float,
        total: float | None = None,
        note: str = "",
        *,
        detail: Callable[[], object] = lambda: None,
        hold: bool = True,
    ) -> None:
        """Report, throttled to ten a second. Also where a pause blocks and where a cancel raises `Cancelled`; without
        `hold` it does neither, for who has to tell another process first.

        `detail` makes the job's own record of where it stands; it is called only for what is published.
        """
        self._seen, self._detail = (done, total, note), detail
        if hold:
            self.check()
        now = time.monotonic()
        if now - self._last >= self._MIN_GAP or (total is not None and done >= total):
            self._last = now
            self._publish("running")

    def check(self) -> None:
        """Block while paused; raise `Cancelled` when the user asked to stop."""
        if not self._go.is_set() and not self._stop.is_set():
            self._publish("paused")
            paused_at = time.monotonic()
            self._go.wait()
            self._paused_for += time.monotonic() - paused_at
            if not self._stop.is_set():
                self._publish("running")
        if self._stop.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Sleep that a cancel interrupts with `Cancelled`."""
        if self._stop.wait(seconds):
            raise Cancelled

    @property
    def cancelled(self) -> bool:
        """Whether the user asked to stop: for loops that must tidy up before raising."""
        return self._stop.is_set()

    @property
    def paused(self) -> bool:
        """Whether `check` would block now: for work that must let go of something, or tell another process, first."""
        return not self._go.is_set() and not self._stop.is_set()

    def _publish(self, state: JobState) -> None:
        done, total, note = self._seen
        elapsed = time.monotonic() - self._started - self._paused_for
        if self._first is None:
            self._first = (elapsed, done)
        left = None
        seconds, moved = elapsed - self._first[0], done - self._first[1]
        if total is not None and moved > 0 and seconds > 0:
            left = max(0.0, (total - done) * seconds / moved)
        self._events.publish(
            JobChanged(
                self.job_id,
                self._kind,
                state,
                done,
                total,
                note,
                elapsed=elapsed,
                seconds_left=left,
                detail=self._detail(),
                lane=self.lane,
            )
        )


@dataclass
class _Job:
    context: JobContext
    kind: str
    over: bool = False
    future: Future[object] = field(default_factory=Future)


class Jobs:
    """Starts, pauses, cancels and waits for jobs; publishes `JobChanged` for each step."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._ids = itertools.count(1)
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self._jobs: dict[int, _Job] = {}
        self._finished: collections.deque[int] = collections.deque()
        self._lock = threading.RLock()  # a subscriber that hears "queued" may start another job
        self._closed = False

    def start(self, lane: str, kind: str, work: Callable[[JobContext], object]) -> int:
        """Queue `work` on its lane and return the job's id at once.

        Raises ForgeError when the application is closing.
        """
        with self._lock:
            if self._closed:
                raise ForgeError("Forge Desktop is closing.", hint="Start it again to continue.")
            job_id = next(self._ids)
            job = _Job(JobContext(job_id, kind, self._events, lane), kind)
            self._jobs[job_id] = job
            pool = self._lanes.setdefault(lane, ThreadPoolExecutor(1, thread_name_prefix=f"forge-{lane}"))
            self._events.publish(JobChanged(job_id, kind, "queued", lane=lane))
            pool.submit(self._run, job, work)
        return job_id

    def _run(self, job: _Job, work: Callable[[JobContext], object]) -> None:
        job_id, result = job.context.job_id, None
        state: JobState = "done"
        error: BaseException | None = None
        try:
            job.context.check()
            result = work(job.context)
        except Cancelled as stop:
            state, error = "cancelled", stop
        except Exception as fault:  # the border: whatever a job raises is reported, never swallowed
            state, error = "failed", fault
            if not isinstance(fault, ForgeError):
                log.exception("job %s (%s) failed", job_id, job.kind)
        with self._lock:
            job.over = True
            self._finished.append(job_id)
            if len(self._finished) > _FINISHED_KEPT:
                self._jobs.pop(self._finished.popleft(), None)
        told = error if isinstance(error, Exception) and state == "failed" else None
        try:
            self._events.publish(JobChanged(job_id, job.kind, state, error=told, result=result, lane=job.context.lane))
        finally:  # only now: who waited may rely on everybody having heard
            if error is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(error)

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop; it ends as "cancelled" at its next check. Unknown ids are ignored."""
        if job := self._jobs.get(job_id):
            job.context._stop.set()
            job.context._go.set()

    def pause(self, job_id: int) -> None:
        """Hold a job at its next check, until `resume` or `cancel`."""
        if job := self._jobs.get(job_id):
            job.context._go.clear()

    def resume(self, job_id: int) -> None:
        """Let a paused job go on."""
        if job := self._jobs.get(job_id):
            job.context._go.set()

    def wait(self, job_id: int, timeout: float | None = None) -> object:
        """Block until the job ended and its end was published; return its result or raise what it raised.

        That is `Cancelled`, `ForgeError`, or a bug. Of ended jobs only the newest few hundred are known.
        """
        return self._jobs[job_id].future.result(timeout)

    def running(self, kind: str | None = None) -> list[int]:
        """Ids of jobs that are queued or running, oldest first, of one kind or all."""
        return [i for i, j in list(self._jobs.items()) if not j.over and kind in (None, j.kind)]

    def close(self) -> None:
        """Cancel everything and wait for the lanes to end."""
        with self._lock:
            self._closed = True
        for job_id in self.running():
            self.cancel(job_id)
        for pool in self._lanes.values():
            pool.shutdown(wait=True)
