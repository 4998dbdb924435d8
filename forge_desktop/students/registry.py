"""Adapters and versions: which there are, which one answers, and how that came about."""

from __future__ import annotations

from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Bases


class Registry:
    """Adapters and versions: which there are, which one answers, and how that came about."""

    def __init__(self, rooms: Rooms, bases: Bases) -> None:
        self._rooms, self._bases = rooms, bases
