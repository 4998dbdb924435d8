"""Training runs: planned, started, watched, stopped, resumed."""

from __future__ import annotations

from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Bases


class Training:
    """Training runs: planned, started, watched, stopped, resumed."""

    def __init__(self, rooms: Rooms, bases: Bases) -> None:
        self._rooms, self._bases = rooms, bases
