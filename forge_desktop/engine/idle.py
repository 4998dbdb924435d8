"""Something that is to be done once nothing has happened for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable


class WhenIdle:
    """Calls `call`, on a thread of its own, when `touch` was not called for some seconds. Safe from any thread."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds, self._call = seconds, call
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    def touch(self) -> None:
        """Something happened: wait anew."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if not self._closed:
                self._timer = threading.Timer(self._seconds, self._call)
                self._timer.daemon = True
                self._timer.name = "engine-idle"
                self._timer.start()

    def close(self) -> None:
        """Call nothing any more; returns when a call that runs has ended."""
        with self._lock:
            self._closed, timer = True, self._timer
        if timer is not None:
            timer.cancel()
            if timer is not threading.current_thread():
                timer.join()
