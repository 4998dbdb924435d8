"""Waits until an endpoint may be asked once more: its limits, the calls at once, and the pauses it asks for."""

from __future__ import annotations

import contextlib
import datetime
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from forge_desktop.providers import headers as told
from forge_desktop.providers.breaker import is_failure
from forge_desktop.providers.pace import Pace
from forge_desktop.providers.records import Endpoint, Usage
from forge_desktop.providers.states import States

_LOOK = 0.1  # seconds between two looks whether the wait was cancelled
_WORTH_KEEPING = 5.0  # seconds; a shorter pause is over before the next start


class Slot:
    """The place of one call; `used` gives back what it had asked for and did not need."""

    def __init__(self, give_back: Callable[[Usage], None]) -> None:
        self.used = give_back


class Limits:
    """The paces of all endpoints, shared by the threads that ask."""

    def __init__(
        self, states: States, now: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._states, self._now, self._monotonic = states, now, monotonic
        self._paces: dict[str, Pace] = {}
        self._changed = threading.Condition()
        self._mine = threading.local()  # the burst that the call on this thread belongs to

    @contextlib.contextmanager
    def slot(
        self,
        endpoint: Endpoint,
        input_tokens: int,
        output_tokens: int,
        check: Callable[[], object],
    ) -> Iterator[Slot]:
        """Wait for a place and hold it; `check` is called all the while and ends the wait by raising."""
        amounts = {
            "rpm": 1,
            "tpm": input_tokens + output_tokens,
            "input_tpm": input_tokens,
            "output_tpm": output_tokens,
        }
        pace = self._wait(endpoint, amounts, check)

        def give_back(usage: Usage) -> None:
            unused = {
                "tpm": usage.input + usage.output - amounts["tpm"],
                "input_tpm": usage.input - input_tokens,
                "output_tpm": usage.output - output_tokens,
            }
            with self._changed:
                pace.take({kind: min(0, amount) for kind, amount in unused.items()}, self._monotonic())
                self._changed.notify_all()

        try:
            yield Slot(give_back)
        finally:
            self._mine.burst = None
            with self._changed:
                pace.running -= 1
                self._changed.notify_all()

    def learn(self, endpoint: Endpoint, headers: Mapping[str, str], status: int) -> bool:
        """Take in what a response tells; returns whether a failure counts, which it does once for a burst."""
        lower = {name.lower(): value for name, value in headers.items()}
        if found := told.limits(lower, endpoint.vendor):
            day = datetime.datetime.fromtimestamp(self._now(), datetime.UTC).date().isoformat()
            self._states.set(endpoint.uid, limits={**self.learnt(endpoint.uid), **found}, limits_on=day)
        asked = told.pause(lower, self._now())
        failed = is_failure(status)
        counts = True
        with self._changed:
            pace, now = self._pace(endpoint.uid), self._monotonic()
            if failed:
                burst = getattr(self._mine, "burst", None)
                counts = pace.failed(pace.burst if burst is None else burst, asked, now, refused=status == 429)
            else:
                if asked is not None:
                    pace.pause(asked, now)
                if 0 < status < 400:
                    pace.succeeded()
            left = pace.paused(now)
            self._changed.notify_all()
        if left > _WORTH_KEEPING:
            self._states.set(endpoint.uid, until=round(self._now() + left))
        return counts

    def learnt(self, uid: str) -> dict[str, int]:
        """The limits an endpoint has told of itself: "rpm", "tpm", "input_tpm", "output_tpm"."""
        return dict(self._states.get(uid).get("limits", {}))

    def learnt_on(self, uid: str) -> str:
        """The day on which it told them last, "" where it never did or that was not noted."""
        return str(self._states.get(uid).get("limits_on", ""))

    def forget(self, uid: str) -> None:
        """What it told of itself is of another model or account by now."""
        self._states.set(uid, limits={}, limits_on="")

    def paused(self, uid: str) -> float:
        """Seconds until an endpoint may be asked again."""
        with self._changed:
            return self._pace(uid).paused(self._monotonic())

    def rest(self, uid: str) -> None:
        """Forget the pause of an endpoint."""
        self._states.set(uid, until=0)
        with self._changed:
            self._pace(uid).rest()
            self._changed.notify_all()

    def _wait(self, endpoint: Endpoint, amounts: Mapping[str, int], check: Callable[[], object]) -> Pace:
        limits = self._in_force(endpoint)
        while True:
            check()
            with self._changed:
                pace, now = self._pace(endpoint.uid), self._monotonic()
                pace.allow(limits, now)
                seconds = pace.delay(amounts, endpoint.concurrency, now)
                if seconds <= 0:
                    self._mine.burst = pace.begin(amounts, now)
                    return pace
                self._changed.wait(min(seconds, _LOOK))
            limits = self._in_force(endpoint)

    def _in_force(self, endpoint: Endpoint) -> dict[str, int]:
        """What a minute allows: the lower of what a person set and what the endpoint told."""
        limits = self.learnt(endpoint.uid)
        for kind, own in (
            ("rpm", endpoint.rpm),
            ("input_tpm", endpoint.input_tpm),
            ("output_tpm", endpoint.output_tpm),
        ):
            if own:
                limits[kind] = min(own, limits.get(kind, own))
        return limits

    def _pace(self, uid: str) -> Pace:
        if uid not in self._paces:
            self._paces[uid] = Pace()
            until = float(self._states.get(uid).get("until", 0))
            if (left := until - self._now()) > 0:
                self._paces[uid].pause(min(left, told.LONGEST_PAUSE), self._monotonic())
        return self._paces[uid]
