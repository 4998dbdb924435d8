"""The two clocks: what time it is, and how much time went by. Tests set them; the ledger trusts neither alone."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Both in seconds."""

    def now(self) -> float:
        """The wall clock, since 1970; a person or the network may turn it at any time."""

    def monotonic(self) -> float:
        """Time that went by since some moment; only ever grows."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """The wall clock."""
        return time.time()

    def monotonic(self) -> float:
        """Counts on while the machine sleeps, where the system has such a clock: a night's sleep is no clock change."""
        asleep_too = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if asleep_too is None else time.clock_gettime(asleep_too)
