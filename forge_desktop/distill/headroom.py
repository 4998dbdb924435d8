"""How many calls may be under way at once: as many as were wished for, fewer and fewer near a cap."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forge_desktop.providers.errors import CapReached
from forge_desktop.providers.records import Budget


class Headroom:
    """Used by one run. `limit` calls may be under way; `note` says why they are fewer than wished, or ""."""

    def __init__(self, wished: int, budgets: Callable[[], Sequence[Budget]]) -> None:
        self._wished, self._budgets = wished, budgets
        self.limit, self.note = wished, ""
        self._worst = 0

    def refused(self, error: CapReached, flying: int) -> bool:
        """A call did not fit. Whether to try it again: there may be room once a call under way has settled."""
        self._worst = error.worst
        if flying:
            self.limit = flying
            self.note = f"{error.message} Waiting for {flying} under way."
            return True
        self.limit, self.note = 1, error.message
        return self._room() >= error.worst  # others settled since it was refused

    def settled(self, flying: int) -> None:
        """A call ended: where it left room, one more may be under way."""
        if self.limit < self._wished and self._room() >= (flying + 2) * self._worst:
            self.limit += 1
            if self.limit >= self._wished:
                self.note = ""

    def _room(self) -> int:
        return min((each.headroom for each in self._budgets() if each.headroom is not None), default=0)
