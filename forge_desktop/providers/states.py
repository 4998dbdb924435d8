"""What is learnt of each endpoint and survives a restart: its limits, its pauses, its failures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from forge_desktop.providers.store import EndpointStore
from forge_desktop.storage import Database


class States:
    """A few named values for each endpoint, read once; to set what is already so writes nothing."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db, self._store, self._now = db, EndpointStore(db), now
        self._known: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def get(self, uid: str) -> dict[str, Any]:
        """All values of an endpoint; a copy."""
        with self._lock:
            return dict(self._read(uid))

    def set(self, uid: str, **values: Any) -> bool:
        """Change values; returns whether any of them changed."""
        with self._lock:
            known = self._read(uid)
            changed = {name: value for name, value in values.items() if known.get(name) != value}
            known.update(changed)
            if changed and not self._db.read_only:
                self._store.change_state(uid, changed, self._now())
            return bool(changed)

    def _read(self, uid: str) -> dict[str, Any]:
        if uid not in self._known:
            self._known[uid] = self._store.state(uid)
        return self._known[uid]
