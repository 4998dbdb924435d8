"""Waits for a job of the distillation in the foreground, with its progress."""

from __future__ import annotations

from forge_desktop.base.errors import Cancelled
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge


def wait(forge: Forge, job: int, out: Output, label: str) -> object:
    """The job's result. Ctrl+C stops it; what it has then to say is its result all the same."""

    def show(event: Event) -> None:
        if isinstance(event, JobChanged) and event.job_id == job and event.state == "running":
            share = f" {event.done / event.total:4.0%}" if event.total else ""
            out.progress(f"{label}{share}  {event.note}")

    with jobs.listening(forge, show):
        try:
            return jobs.wait(forge, job)
        except KeyboardInterrupt:
            try:
                return forge.jobs.wait(job)
            except Cancelled:
                raise KeyboardInterrupt from None
        finally:
            out.clear()
