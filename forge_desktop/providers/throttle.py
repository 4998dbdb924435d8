"""Says that something changed, at most a few times a second, and never forgets the last time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Throttle:
    """`touch` calls `say` at once, or once the pause since the last time is over."""

    def __init__(self, say: Callable[[], None], seconds: float = 0.25) -> None:
        self._say = say
        self._pause = seconds
        self._lock = threading.Lock()
        self._last = -seconds
        self._timer: threading.Timer | None = None
        self._closed = False

    def touch(self) -> None:
        """Something changed."""
        with self._lock:
            wait = self._last + self._pause - time.monotonic()
            if self._timer is not None or self._closed:
                return
            if wait > 0:
                self._timer = threading.Timer(wait, self._late)
                self._timer.daemon = True
                self._timer.start()
                return
            self._last = time.monotonic()
        self._say()

    def close(self) -> None:
        """Say nothing any more, and leave no thread."""
        with self._lock:
            self._closed, timer = True, self._timer
        if timer is not None:
            timer.cancel()
            timer.join()

    def _late(self) -> None:
        with self._lock:
            self._timer, self._last = None, time.monotonic()
            if self._closed:
                return
        self._say()
