"""Whose turn it is with the child: a person's request goes first, background work gives way and waits."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

_TICK = 0.05


class Turns:
    """One request at a time. Safe from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._people = 0  # requests in the foreground that wait
        self._tell: Callable[[bool], None] | None = None  # of the background work that has the turn now

    @contextlib.contextmanager
    def taking(self, check: Callable[[], None], *, background: bool = False) -> Iterator[None]:
        """Wait for the turn, then have it within. `check` is called every 50 ms; what it raises ends the waiting."""
        self._arrive(background)
        try:
            while not self._take(background):
                check()
        finally:
            self._leave_queue(background)
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()

    @contextlib.contextmanager
    def interruptible(self, tell: Callable[[bool], None]) -> Iterator[None]:
        """Within, the turn is wanted back as soon as a person waits: `tell` is called with whether one does."""
        with self._changed:
            self._tell = tell
            tell(self._people > 0)
        try:
            yield
        finally:
            with self._changed:
                self._tell = None
                tell(False)

    def idle(self) -> bool:
        """Whether nobody has the turn or waits for it in the foreground."""
        with self._changed:
            return not self._taken and not self._people

    def _arrive(self, background: bool) -> None:
        with self._changed:
            if not background:
                self._people += 1
                if self._tell is not None:
                    self._tell(True)

    def _take(self, background: bool) -> bool:
        with self._changed:
            if self._taken or (background and self._people):
                self._changed.wait(_TICK)
            if self._taken or (background and self._people):
                return False
            self._taken = True
            return True

    def _leave_queue(self, background: bool) -> None:
        with self._changed:
            if not background:
                self._people -= 1
                self._changed.notify_all()
