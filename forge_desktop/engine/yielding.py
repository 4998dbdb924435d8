"""Half the threads while the machine indexes or trains: threads that wait for each other's cores are far slower."""

from __future__ import annotations

import threading
from collections.abc import Callable

from forge_desktop.base.events import Event, Events, JobChanged

_LANES = frozenset({"index", "train"})


class Yielding:
    """Tells `busy` True when the first job of these lanes works, and False when the last one ends or pauses."""

    def __init__(self, events: Events, busy: Callable[[bool], None]) -> None:
        self._busy = busy
        self._working: set[int] = set()
        self._lock = threading.Lock()
        self._unsubscribe = events.subscribe(self._hear)

    def close(self) -> None:
        """Listen no more."""
        self._unsubscribe()

    def _hear(self, event: Event) -> None:
        if not isinstance(event, JobChanged) or event.lane not in _LANES:
            return
        with self._lock:
            before = bool(self._working)
            if event.state == "running":
                self._working.add(event.job_id)
            else:
                self._working.discard(event.job_id)
            now = bool(self._working)
            if now != before:
                self._busy(now)
