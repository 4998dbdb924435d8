"""What a thread that makes a call is doing: what says that it shall go on, and whether a byte of it has left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Trail:
    """Whether a byte of a request can have left this machine. Until it has, the call provably was not made."""

    left: bool = False


class Watch(threading.local):
    """One for each thread. `tick` raises where a call shall end; `secure`: what is not encrypted is no request yet."""

    def __init__(self) -> None:
        self.tick: Callable[[], None] = _go_on
        self.secure = False
        self.trail = Trail()

    def begin(self, tick: Callable[[], None], trail: Trail, *, secure: bool) -> None:
        """A call begins on this thread."""
        self.tick, self.trail, self.secure = tick, trail, secure

    def end(self) -> None:
        """It is over."""
        self.begin(_go_on, Trail(), secure=False)


def _go_on() -> None:
    """No call, nothing to stop."""
