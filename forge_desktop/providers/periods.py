"""Which day and month a call counts for (UTC): they only move forward, and a clock that jumps must be confirmed."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from forge_desktop.providers.clock import Clock

_DAY = 86_400.0
_YEAR = 400 * _DAY  # longer than anybody is away; such a clock would shut every later day out


def day_of(seconds: float) -> str:
    """The day of a moment, in UTC, so that neither travelling nor summer time moves it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d")


class Calendar:
    """What time counts. `seen` is the latest one that ever counted, from the ledger; None before the first call.

    Within a process the time that went by tells a turned clock from a passed day; across processes nothing does, so
    there a long absence is believed unless a used budget would open anew by it.
    """

    def __init__(self, clock: Clock, seen: float | None) -> None:
        self._clock = clock
        self._wall, self._started = clock.now(), clock.monotonic()
        self._proven = self._wall if seen is None else seen

    def look(self, seen: float | None, reopens: Callable[[float], bool]) -> tuple[float, bool]:
        """The time that counts now, and whether the clock's own is doubted: then that which is proven counts on."""
        now, gone = self._clock.now(), self._clock.monotonic() - self._started
        proven = max(self._proven + gone, seen or 0.0)
        if now - proven <= _DAY:
            return max(now, proven), False
        turned = now - (self._wall + gone) > _DAY
        doubted = turned or now - proven > _YEAR or reopens(now)
        return (proven, True) if doubted else (now, False)

    def confirm(self) -> float:
        """A person says that the clock is right: believe it from here on; the time it shows."""
        gone = self._clock.monotonic() - self._started
        self._wall, self._started = self._clock.now(), self._started + gone
        self._proven = max(self._proven + gone, self._wall)
        return self._wall
