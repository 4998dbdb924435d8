"""Frozen versions of the accepted pairs: their bytes never change."""

from __future__ import annotations

from forge_desktop.base.events import Events
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.records import Dataset
from forge_desktop.storage import Database


class Datasets:
    """Named, numbered, counted, with the sha256 of their lines."""

    def __init__(self, db: Database, events: Events, pairs: Pairs) -> None:
        self._db, self._events, self._pairs = db, events, pairs

    def all(self) -> list[Dataset]:
        """All versions, by name and number."""
        return []

    def freeze(self, name: str, note: str = "") -> Dataset:
        """Freeze the accepted pairs as the next version of this name."""
        raise NotImplementedError

    def lines(self, uid: str) -> bytes:
        """The JSON Lines as they were frozen."""
        raise NotImplementedError

    def remove(self, uid: str) -> None:
        """Remove a version."""
        raise NotImplementedError
