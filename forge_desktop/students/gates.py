"""Evaluation gates: two versions on the same suites, and what follows from it."""

from __future__ import annotations

from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Bases


class Gates:
    """Evaluation gates: two versions on the same suites, and what follows from it."""

    def __init__(self, rooms: Rooms, bases: Bases) -> None:
        self._rooms, self._bases = rooms, bases
