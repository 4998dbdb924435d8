"""Several parser children side by side: files in, outcomes out as they come, with a bound on the text that waits."""

from __future__ import annotations

import collections
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from forge_desktop.base.child import Frame
from forge_desktop.corpus.reading import Outcome, Reader
from forge_desktop.corpus.store_run import Task

_POLL = 0.1
_QUEUED = 64  # files that wait for a child, so that none is idle while the lane's thread stores something
_CHARACTERS = 8_000_000  # of finished texts that wait to be stored
_GATHERED = 32_000_000  # characters of unfinished texts, all children together; one document may be longer


@dataclass(frozen=True)
class Job:
    """One file to read. `size` is in bytes."""

    task: Task
    size: int
    request: Frame


class Pool:
    """Feeds up to `children` parser children. Belongs to one thread; `close` it: the children end then.

    A file that crashes its child or takes too long costs that file only. Two texts that are longer than a child's share
    of the memory are never gathered at once: the second child waits, and its file's clock with it.
    """

    def __init__(
        self, children: int, *, seconds: float, megabytes: int, background: bool = False, gathered: int = _GATHERED
    ) -> None:
        self._share, self._open = gathered // children, children
        self._reader = functools.partial(Reader, seconds=seconds, megabytes=megabytes, background=background)
        self._moved = threading.Condition()
        self._queue: collections.deque[Job] = collections.deque()
        self._outcomes: collections.deque[tuple[Job, Outcome]] = collections.deque()
        self._characters = 0  # of the outcomes
        self._current: dict[int, Job] = {}
        self._large: Job | None = None  # whose text may be longer than a share
        self._taken: Job | None = None
        self._closed = False
        self._inside = 0
        self._threads = ThreadPoolExecutor(children, thread_name_prefix="forge-reading")
        self._feeding = [self._threads.submit(self._feed, number) for number in range(children)]

    @property
    def inside(self) -> int:
        """Files submitted and not yet taken."""
        return self._inside

    @property
    def full(self) -> bool:
        """Whether an outcome should be taken before the next file is submitted."""
        return len(self._queue) >= _QUEUED

    def current(self) -> tuple[Task, ...]:
        """What is being read at this moment."""
        with self._moved:
            return tuple(job.task for _, job in sorted(self._current.items()))

    def pace(self, children: int) -> None:
        """From now on only this many children are given new files; the others keep still."""
        if children != self._open:
            with self._moved:
                self._open = children
                self._moved.notify_all()

    def submit(self, job: Job) -> None:
        """Queue one file."""
        with self._moved:
            self._queue.append(job)
            self._inside += 1
            self._moved.notify_all()

    def withdraw(self) -> list[Job]:
        """Take back what no child was given yet."""
        with self._moved:
            jobs = list(self._queue)
            self._queue.clear()
            self._inside -= len(jobs)
        return jobs

    def take(self, check: Callable[[], None]) -> tuple[Job, Outcome]:
        """The next outcome, in any order. `check` is called several times a second and may raise.

        What was taken before counts as stored now. Raises ForgeError when no parser child can be started at all.
        """
        with self._moved:
            if self._large is not None and self._large is self._taken:
                self._large = None
                self._moved.notify_all()
        while True:
            check()
            for feeding in self._feeding:
                if feeding.done():
                    feeding.result()
            with self._moved:
                if self._moved.wait_for(lambda: self._outcomes, _POLL):
                    job, outcome = self._outcomes.popleft()
                    self._taken = job
                    self._characters -= len(outcome.text)
                    self._inside -= 1
                    self._moved.notify_all()
                    return job, outcome

    def close(self) -> None:
        """End the children, whatever they are doing."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()
        self._threads.shutdown(wait=True)

    # ---- one thread for each child ----

    def _feed(self, number: int) -> None:
        """Keep one child busy until the pool is closed. The child is started with its first file."""
        reader: Reader | None = None
        held: collections.deque[Job] = collections.deque()
        try:
            while True:
                while (reader is None or not reader.full) and (job := self._next(number, wait=not held)) is not None:
                    reader = reader or self._reader()
                    held.append(job)
                    reader.submit(job.request)
                assert reader is not None
                job = held[0]
                admit = functools.partial(self._admit, job)
                reader.ready(admit)
                self._note(number, job)
                outcome = reader.take(admit)
                self._put(held.popleft(), outcome)
                self._note(number, held[0] if held else None)
        except _Closed:
            pass
        finally:
            if reader is not None:
                reader.close()

    def _next(self, number: int, *, wait: bool) -> Job | None:
        with self._moved:
            if wait:
                self._moved.wait_for(lambda: self._closed or (self._queue and number < self._open))
            self._still_open()
            return self._queue.popleft() if self._queue and number < self._open else None

    def _note(self, number: int, job: Job | None) -> None:
        with self._moved:
            if job is None:
                self._current.pop(number, None)
            else:
                self._current[number] = job

    def _admit(self, job: Job, gathered: int) -> None:
        """Wait until this job may gather more than its share of text, when it already has that."""
        with self._moved:
            if gathered > self._share:
                self._moved.wait_for(lambda: self._closed or self._large in (None, job))
                self._large = job
            self._still_open()

    def _put(self, job: Job, outcome: Outcome) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._closed or self._characters < _CHARACTERS)
            self._still_open()
            self._outcomes.append((job, outcome))
            self._characters += len(outcome.text)
            self._moved.notify_all()

    def _still_open(self) -> None:
        if self._closed:
            raise _Closed


class _Closed(Exception):  # noqa: N818 - news for a feeding thread
    """The pool is being closed."""
