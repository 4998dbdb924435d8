"""The reading part of an index run: waiting documents go through the parser children into the tables."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import Cancelled
from forge_desktop.base.jobs import JobContext
from forge_desktop.base.settings import Settings
from forge_desktop.corpus.committing import Committer
from forge_desktop.corpus.pace import ON_BATTERY, Pace, most_children
from forge_desktop.corpus.parsers import ocr
from forge_desktop.corpus.pool import Job, Pool
from forge_desktop.corpus.progress import Progress
from forge_desktop.corpus.store_run import Recipe, RunStore, Task

_HOLD = 0.5  # seconds between two looks while indexing is held
_FILES_A_CHILD = 8  # fewer files, or fewer bytes, are not worth a further child's start
_BYTES_A_CHILD = 1_000_000


class Feeding:
    """Reads what waits, as fast as the pace allows. What is finished stays finished, however it ends."""

    def __init__(
        self,
        store: RunStore,
        committer: Committer,
        *,
        settings: Settings,
        ratios: Mapping[str, float],
        recipe: Recipe,
        pace: Pace,
        progress: Progress,
        ctx: JobContext,
    ) -> None:
        self._store, self._committer = store, committer
        self._settings, self._ratios, self._recipe, self._pace = settings, ratios, recipe, pace
        self._progress, self._ctx = progress, ctx

    def read(self, waiting: Sequence[tuple[int, int]]) -> None:
        """Read these documents (id, bytes); the order in which they end is not theirs."""
        if not waiting:
            return
        size = sum(size for _, size in waiting)
        self._progress.begin(len(waiting), size)
        worth = 1 + max(len(waiting) // _FILES_A_CHILD, size // _BYTES_A_CHILD)
        jobs = self._jobs(waiting)
        try:
            while (first := next(jobs, None)) is not None:
                jobs = itertools.chain([first], jobs)
                jobs = self._through(jobs, worth)
        finally:
            with contextlib.suppress(Cancelled):
                self._committer.commit()

    def _through(self, jobs: Iterator[Job], worth: int) -> Iterator[Job]:
        """Read until nothing is left, or the speed is changed; then what is left."""
        background, changed = self._pace.background, False
        with contextlib.closing(self._pool(worth, background)) as pool:
            pool.pace(self._pace.children())
            while True:
                if not changed and self._pace.background != background:
                    changed = True
                    jobs = itertools.chain(pool.withdraw(), jobs)
                while not changed and not pool.full and (job := next(jobs, None)) is not None:
                    pool.submit(job)
                if not pool.inside:
                    return jobs
                job, outcome = pool.take(lambda: self._check(pool))
                self._progress.taken(job.size)
                self._committer.add(job.task, outcome)
                self._check(pool)

    def _pool(self, worth: int, background: bool) -> Pool:
        settings = self._settings
        return Pool(
            1 if background else min(worth, most_children(settings.parser_processes)),
            seconds=settings.parser_seconds,
            megabytes=settings.parser_megabytes,
            background=background,
        )

    def _check(self, pool: Pool) -> None:
        """Tell where we are and keep to the pace; waits while indexing is held. Raises Cancelled."""
        pool.pace(self._pace.children())
        while self._pace.held():
            self._progress.tell((), ON_BATTERY)
            self._ctx.wait(_HOLD)
        self._progress.tell([task.path for task in pool.current()])

    def _jobs(self, waiting: Sequence[tuple[int, int]]) -> Iterator[Job]:
        settings = self._settings
        for document_id, size in waiting:
            task = self._store.task(document_id, self._recipe)
            if task is not None:
                yield Job(task, size, request_of(task, settings, self._ratios))


def request_of(task: Task, settings: Settings, ratios: Mapping[str, float]) -> Frame:
    """What a parser child is asked for (see parsers/child.py)."""
    return {
        "do": "read",
        "path": os.fsdecode(task.path),
        "format": task.format,
        "known": task.known,
        "limit_bytes": settings.file_megabytes * 1_000_000,
        "tokens": settings.passage_tokens,
        "overlap_tokens": settings.passage_overlap_tokens,
        "ratios": dict(ratios),
        "ocr": ocr.request_of(settings),
    }
