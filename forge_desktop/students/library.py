"""Bases on this computer and on the hub: found, fetched, brought in."""

from __future__ import annotations

from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Bases


class Library:
    """Bases on this computer and on the hub: found, fetched, brought in."""

    def __init__(self, rooms: Rooms, bases: Bases) -> None:
        self._rooms, self._bases = rooms, bases
