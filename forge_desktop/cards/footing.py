"""What the values of a card rest on, as it is now; and the sentence that says what is otherwise than it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from forge_desktop.cards.records import Kind, Value

if TYPE_CHECKING:
    from forge_desktop.students import Students
    from forge_desktop.students.rooms import Rooms


class Footing:
    """The hashes of everything a value can rest on."""

    def __init__(self, rooms: Rooms, students: Students) -> None:
        self._rooms, self._students = rooms, students

    def of(self, kind: Kind, subject: str) -> Mapping[str, str]:
        """By name what holds now, for the version or endpoint of a card: "file", "adapter", "template", "build" …"""
        return {}


def stale(value: Value, now: Mapping[str, str]) -> str:
    """A sentence saying what changed from what to what since a value was taken; "" while nothing has."""
    return ""
