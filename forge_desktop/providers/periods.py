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


def start_of(day: str) -> float:
    """The first moment of a day."""
    return datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.UTC).timestamp()


class Calendar:
    """What time counts. `seen` is the latest one that ever counted, from the ledger; None before the first call.

    Within a process the time that went by tells a turned clock from a passed day; across processes nothing does, so
    there a long absence is believed unless a used budget would open anew by it.
    """

    def __init__(self, clock: Clock, seen: float | None) -> None:
        self._clock = clock
        self._wall, self._started = clock.now(), clock.monotonic()
        self._seen = self._wall if seen is None else seen
        self._confirmed: float | None = None

    def look(self, seen: float | None, confirmed: float | None, reopens: Callable[[float], bool]) -> tuple[float, bool]:
        """The time that counts now, and whether the clock's own is doubted: then that which is proven counts on.

        `confirmed` is what the clock showed when a person last said that it is right.
        """
        if confirmed is not None and confirmed != self._confirmed:
            self._believe(confirmed)
        now, gone = self._clock.now(), self._clock.monotonic() - self._started
        proven = max(self._seen + gone, seen or 0.0)
        if now <= proven:
            return proven, False
        turned = now - max(self._wall, self._seen) - gone > _DAY
        ahead = now - proven
        doubted = turned or (ahead > _DAY and (ahead > _YEAR or reopens(now)))
        return (proven, True) if doubted else (now, False)

    def _believe(self, confirmed: float) -> None:
        gone = self._clock.monotonic() - self._started
        self._seen, self._wall, self._started = self._seen + gone, confirmed, self._started + gone
        self._confirmed = confirmed
