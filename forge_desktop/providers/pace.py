"""How fast one endpoint may be asked, reckoned from a clock that is given: no thread, no waiting in here."""

from __future__ import annotations

from collections.abc import Mapping

FIRST_PAUSE = 0.5  # seconds after a failure that asks for none; doubled with each further one
_MOST_PAUSE = 60.0
_BURST = 10  # a tenth of what a minute allows may go at once


class Bucket:
    """So much a minute: never more than that in any minute, a tenth of it at once.

    What is larger than the bucket waits until it is full and leaves it in debt.
    """

    def __init__(self, per_minute: int, now: float) -> None:
        self.per_minute = per_minute
        self._room = max(1.0, per_minute / _BURST)
        self._rate = max(per_minute - self._room, per_minute / 2) / 60
        self._level, self._at = self._room, now

    def delay(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be taken."""
        self._fill(now)
        return max(0.0, (min(amount, self._room) - self._level) / self._rate)

    def take(self, amount: float, now: float) -> None:
        """Take it; a negative amount gives back."""
        self._fill(now)
        self._level = min(self._room, self._level - amount)

    def _fill(self, now: float) -> None:
        self._level = min(self._room, self._level + max(0.0, now - self._at) * self._rate)
        self._at = max(self._at, now)


class Pace:
    """Buckets, calls under way, and pauses of one endpoint."""

    def __init__(self) -> None:
        self.running = 0
        self.burst = 0  # calls begun before the last failure belong to an earlier burst than those begun after it
        self._allowed = 1e9  # calls at once, learnt from refusals
        self._failing = False
        self._pause = FIRST_PAUSE
        self._until = 0.0
        self._buckets: dict[str, Bucket] = {}

    def allow(self, limits: Mapping[str, int], now: float) -> None:
        """What a minute allows, by kind; kinds that are not told are not limited."""
        for kind in list(self._buckets):
            if kind not in limits:
                del self._buckets[kind]
        for kind, per_minute in limits.items():
            if kind not in self._buckets or self._buckets[kind].per_minute != per_minute:
                self._buckets[kind] = Bucket(per_minute, now)

    def delay(self, amounts: Mapping[str, int], at_once: int, now: float) -> float:
        """Seconds until a call may begin; infinity where another one must end first."""
        most = min(at_once or 1e9, 1 if self._failing else max(1.0, self._allowed))
        if self.running >= int(most):
            return float("inf")
        waits = [bucket.delay(amounts.get(kind, 0), now) for kind, bucket in self._buckets.items()]
        return max([self.paused(now), *waits])

    def begin(self, amounts: Mapping[str, int], now: float) -> int:
        """A call begins; returns its burst."""
        self.running += 1
        self.take(amounts, now)
        return self.burst

    def take(self, amounts: Mapping[str, int], now: float) -> None:
        """Take tokens and requests out of the buckets, or give back what was not used (negative)."""
        for kind, amount in amounts.items():
            if kind in self._buckets:
                self._buckets[kind].take(amount, now)

    def paused(self, now: float) -> float:
        """Seconds of the pause that are left."""
        return max(0.0, self._until - now)

    def pause(self, seconds: float, now: float) -> None:
        """Nothing begins before so many seconds have passed."""
        self._until = max(self._until, now + seconds)

    def succeeded(self) -> None:
        """A call was answered: the next ones may go together again, one more from time to time."""
        self._failing, self._pause = False, FIRST_PAUSE
        if self._allowed < 1e6:
            self._allowed += 1 / self._allowed

    def failed(self, burst: int, asked: float | None, now: float, *, refused: bool) -> bool:
        """A call failed; `asked` is the pause it asked for, `refused` that it was one too many.

        Returns whether it counts: of those that were under way together only the first does. From now on one call at a
        time goes out, until one is answered.
        """
        counts = burst >= self.burst
        if counts:
            self.burst += 1
            if asked is None:
                self.pause(self._pause, now)
                self._pause = min(self._pause * 2, _MOST_PAUSE)
            if refused:
                self._allowed = max(1.0, min(self._allowed, self.running) / 2)
        if asked is not None:
            self.pause(asked, now)
        self._failing = True
        return counts

    def rest(self) -> None:
        """Forget pauses and failures: a person has looked."""
        self._until, self._pause, self._failing = 0.0, FIRST_PAUSE, False
