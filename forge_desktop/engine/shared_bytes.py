"""The bytes that parent and child share through a mapped file: they reach the child in the middle of a native call."""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import threading
from pathlib import Path


class SharedBytes:
    """Bytes that parent and child share, written by the parent only and read between tokens: stop (by native code
    too), somebody is waiting, threads to use.
    """

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="forge-", suffix=".flag")
        self.path = Path(name)
        self._lock = threading.Lock()
        try:
            os.write(handle, bytes(64))
            self._map = mmap.mmap(handle, 64)
        finally:
            os.close(handle)

    def stop(self, wanted: bool) -> None:
        """What is being computed is not wanted any more, or the next thing is."""
        self._put(0, int(wanted))

    def give_way(self, wanted: bool) -> None:
        """Background work shall let a person's request go first."""
        self._put(1, int(wanted))

    def threads(self, count: int) -> None:
        """Compute with so many threads from the next token on; 0 is as many as were loaded with."""
        self._put(2, min(count, 255))

    def _put(self, place: int, value: int) -> None:
        with self._lock:
            if not self._map.closed:
                self._map[place] = value

    def unlink(self) -> None:
        """Remove the file's name; where the system allows, as soon as both sides hold it open."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def close(self) -> None:
        """Let go of the bytes and their file."""
        with self._lock:
            self._map.close()
        self.unlink()
