"""Stops asking an endpoint that fails: after five failures in a row, or a refused key, until a person resets it."""

from __future__ import annotations

import threading

from forge_desktop.base.events import Events
from forge_desktop.providers.records import Endpoint
from forge_desktop.providers.states import States

FAILURES = 5
REFUSALS = 20  # requests refused one after another, none answered between them: not each of them can be at fault
_AT_ONCE = {
    401: "The key was refused by {} (status 401).",
    402: "{} wants to be paid before it answers (status 402).",
    403: "The key was refused by {} (status 403).",
}


def is_failure(status: int) -> bool:
    """Whether a call that ended so speaks against the endpoint, not against what was asked. 0: no response came."""
    return status in (0, 408, 429) or status >= 500


class Breakers:
    """One breaker for each endpoint."""

    def __init__(self, states: States, events: Events | None) -> None:
        self._states, self._events = states, events
        self._lock = threading.RLock()

    def why(self, uid: str) -> str:
        """Why it is open, or ""."""
        return str(self._states.get(uid).get("blocked", ""))

    def note(self, endpoint: Endpoint, status: int, *, counts: bool) -> None:
        """One call ended. `counts`: it is not one of many that were under way together and failed together."""
        with self._lock:
            self._note(endpoint, status, counts=counts)

    def close(self, uid: str) -> None:
        """A person has looked: forget the failures."""
        if self._states.set(uid, failures=0, refusals=0, blocked="") and self._events is not None:
            self._events.changed("endpoints")

    def _note(self, endpoint: Endpoint, status: int, *, counts: bool) -> None:
        state = self._states.get(endpoint.uid)
        failures, refusals = int(state.get("failures", 0)), int(state.get("refusals", 0))
        if status in _AT_ONCE:
            self._open(endpoint, _AT_ONCE[status].format(endpoint.name))
        elif is_failure(status):
            if counts:
                failures += 1
                self._states.set(endpoint.uid, failures=failures)
            if failures >= FAILURES:
                self._open(endpoint, f"{endpoint.name} failed {failures} times in a row and is not asked any more.")
        elif status < 400:
            self._states.set(endpoint.uid, failures=0, refusals=0)
        else:
            self._states.set(endpoint.uid, refusals=refusals + 1)
            if refusals + 1 >= REFUSALS:
                why = f"{endpoint.name} refused {refusals + 1} requests in a row (status {status})."
                self._open(endpoint, why)

    def _open(self, endpoint: Endpoint, why: str) -> None:
        if not self.why(endpoint.uid):
            self._states.set(endpoint.uid, blocked=why)
            if self._events is not None:
                self._events.changed("endpoints")
