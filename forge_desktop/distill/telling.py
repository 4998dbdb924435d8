"""What a run tells while it works: how far it is, what it cost so far, and now and then that rows changed."""

from __future__ import annotations

import time
from collections import Counter

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.distill.records import TaskState
from forge_desktop.distill.records_runs import RunProgress, RunWish
from forge_desktop.providers import Providers

_GAP = 0.25  # seconds between two announcements that rows changed


class Telling:
    """Used by one run. `ended` counts what became of its tasks; `note` is a sentence to show, or ""."""

    def __init__(
        self, run: str, wish: RunWish, waiting: int, *, providers: Providers, events: Events, ctx: JobContext
    ) -> None:
        self._run, self._wish, self._waiting = run, wish, min(waiting, wish.tasks or waiting)
        self._providers, self._events, self._ctx = providers, events, ctx
        self.ended: Counter[TaskState] = Counter()
        self._told, self._dirty = 0.0, False

    def changed(self) -> None:
        """Rows were written."""
        self._dirty = True

    def tell(self, in_hand: int, flying: int, note: str) -> None:
        """Say how far it is. Blocks while the run is paused; raises Cancelled when a person stopped it."""
        now = time.monotonic()
        if self._dirty and now - self._told > _GAP:
            self._told, self._dirty = now, False
            self._events.changed("tasks", "pairs")
        done = sum(self.ended.values())
        total = max(self._waiting, done + in_hand)
        self._ctx.progress(done, total, note, detail=lambda: self._progress(done, total, flying, note))

    def _progress(self, done: int, total: int, flying: int, note: str) -> RunProgress:
        totals = self._providers.ledger.run_totals(self._run)
        return RunProgress(
            run=self._run,
            tasks=total,
            done=done,
            kept=self.ended["kept"],
            rejected=self.ended["rejected"],
            failed=self.ended["failed"],
            review=self.ended["review"],
            flying=flying,
            settled=totals.settled,
            reserved=totals.reserved,
            unknown=totals.unknown,
            cap=self._wish.cap,
            note=note,
        )
