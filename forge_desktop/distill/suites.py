"""Frozen sets of questions to measure with, never to train with."""

from __future__ import annotations

from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import Jobs
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.records import Suite, SuiteItem
from forge_desktop.storage import Database


class Suites:
    """Imported, or frozen from a share of the accepted pairs."""

    def __init__(self, db: Database, jobs: Jobs, events: Events, pairs: Pairs) -> None:
        self._db, self._jobs, self._events, self._pairs = db, jobs, events, pairs

    def all(self) -> list[Suite]:
        """All suites by name."""
        return []

    def get(self, name: str) -> Suite:
        """The suite of this name or uid. Raises ForgeError when there is none."""
        raise ForgeError(f"There is no suite called {name}.")

    def items(self, uid: str) -> list[SuiteItem]:
        """A suite's items in order."""
        return []

    def bring_in(self, file: Path, name: str, kind: str) -> Suite:
        """Read a suite from JSON Lines or CSV; existing pairs are compared with it."""
        raise NotImplementedError

    def freeze(self, share: float, name: str, kind: str) -> Suite:
        """Take a share of the accepted pairs as a suite; they leave training."""
        raise NotImplementedError

    def remove(self, uid: str) -> int:
        """Remove a suite; returns how many pairs it no longer keeps from training."""
        raise NotImplementedError
