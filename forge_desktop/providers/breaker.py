"""Stops asking an endpoint that fails: after five failures in a row, or a refused key, until a person resets it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from forge_desktop.base.events import Events
from forge_desktop.providers.records import Endpoint
from forge_desktop.providers.store import EndpointStore
from forge_desktop.storage import Database

FAILURES = 5
_REFUSED = (401, 403)


class Breakers:
    """One breaker for each endpoint, kept in the database; a change of nothing writes nothing."""

    def __init__(self, db: Database, events: Events | None, now: Callable[[], float]) -> None:
        self._db, self._store, self._events, self._now = db, EndpointStore(db), events, now
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, str]] = {}  # uid: failures in a row, why it is open

    def why(self, uid: str) -> str:
        """Why it is open, or ""."""
        with self._lock:
            return self._read(uid)[1]

    def note(self, endpoint: Endpoint, status: int, *, counts: bool) -> None:
        """One call ended. Status 0: no response came. `counts`: not one of a burst that failed together."""
        with self._lock:
            failures, why = self._read(endpoint.uid)
            if status in _REFUSED:
                new = (failures, f"{endpoint.name} refused the key (status {status}).")
            elif status == 0 or status in (408, 429) or status >= 500:
                failures += counts
                stopped = f"{endpoint.name} failed {failures} times in a row and is not asked any more."
                new = (failures, why or (stopped if failures >= FAILURES else ""))
            elif status < 400:
                new = (0, why)
            else:
                return  # the request was at fault
            self._write(endpoint.uid, new)

    def close(self, uid: str) -> None:
        """Forget the failures."""
        with self._lock:
            self._write(uid, (0, ""))

    def _read(self, uid: str) -> tuple[int, str]:
        if uid not in self._known:
            state = self._store.state(uid)
            self._known[uid] = (int(state.get("failures", 0)), str(state.get("blocked", "")))
        return self._known[uid]

    def _write(self, uid: str, new: tuple[int, str]) -> None:
        if self._known.get(uid) == new:
            return
        blocked_before = self._read(uid)[1]
        self._known[uid] = new
        if not self._db.read_only:
            state: dict[str, Any] = {**self._store.state(uid), "failures": new[0], "blocked": new[1]}
            self._store.keep_state(uid, state, self._now())
        if self._events is not None and blocked_before != new[1]:
            self._events.changed("endpoints")
