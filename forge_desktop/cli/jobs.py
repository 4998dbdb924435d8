"""Waits for a job in the foreground: shows its progress, and turns Ctrl+C into a tidy stop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from forge_desktop.base.errors import Cancelled
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.cli.output import Output, bytes_in_words
from forge_desktop.forge import Forge

_GLANCE = 0.25  # seconds: Windows notices Ctrl+C only between two waits


def wait(forge: Forge, job_id: int, *, timeout: float | None = None) -> object:
    """The job's result, or what it raised. Ctrl+C stops the job, waits for its end and is raised again.

    Raises TimeoutError after `timeout` seconds; the job then still runs.
    """
    try:
        return _wait(forge, job_id, timeout)
    except KeyboardInterrupt:
        forge.jobs.cancel(job_id)
        with contextlib.suppress(Cancelled):
            _wait(forge, job_id)
        raise


def _wait(forge: Forge, job_id: int, timeout: float | None = None) -> object:
    started = time.monotonic()
    while True:
        try:
            return forge.jobs.wait(job_id, timeout=_GLANCE)
        except TimeoutError:
            if job_id not in forge.jobs.running():
                return forge.jobs.wait(job_id)
            if timeout is not None and time.monotonic() - started > timeout:
                raise


@contextlib.contextmanager
def listening(forge: Forge, subscriber: Callable[[Event], None]) -> Iterator[None]:
    """Hear every event until the block ends."""
    stop = forge.events.subscribe(subscriber)
    try:
        yield
    finally:
        stop()


def byte_progress(out: Output, label: str) -> Callable[[Event], None]:
    """A subscriber that shows jobs counted in bytes: share, rate, time left and the file at hand."""

    def show(event: Event) -> None:
        if not isinstance(event, JobChanged) or event.state != "running" or not event.total:
            return
        words = [f"{label} {event.done / event.total:4.0%} of {bytes_in_words(event.total)}"]
        if event.elapsed > 1:
            words.append(f"{bytes_in_words(event.done / event.elapsed)}/s")
        if event.seconds_left is not None:
            words.append(f"{event.seconds_left:.0f} s left")
        out.progress(", ".join(words) + f"  {event.note}")

    return show
