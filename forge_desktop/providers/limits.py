"""How fast an endpoint may be asked: token buckets, calls at once, and the pauses it asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

from forge_desktop.providers.records import Endpoint
from forge_desktop.storage import Database


class Limits:
    """One set of buckets for each endpoint."""

    def __init__(self, db: Database, now: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._db, self._now, self._monotonic = db, now, monotonic

    @contextlib.contextmanager
    def slot(
        self,
        endpoint: Endpoint,
        input_tokens: int,
        output_tokens: int,
        check: Callable[[], object] | None,
        blocked: Callable[[], str],
    ) -> Iterator[None]:
        """Hold one place."""
        if check is not None:
            check()
        yield

    def learn(self, endpoint: Endpoint, headers: Mapping[str, str], status: int) -> bool:
        """Take in what a response tells; whether a failure counts by itself."""
        return True

    def pause(self, uid: str) -> float:
        """Seconds until it may be asked again."""
        return 0.0

    def forget_pause(self, uid: str) -> None:
        """Ask at once."""
