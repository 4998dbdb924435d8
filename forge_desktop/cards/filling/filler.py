"""Fills a card by its kind: what is known at once, and what has to be read or measured first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from forge_desktop.cards.records import Card, Kind, Value

if TYPE_CHECKING:
    from forge_desktop.students import Students
    from forge_desktop.students.rooms import Rooms


class Filler:
    """Fills cards of any kind. `measure` of a fill is a Measurement of the version, None where none was wished for."""

    def __init__(self, rooms: Rooms, students: Students) -> None:
        self._rooms, self._students = rooms, students

    def fill(
        self, card: Card, check: Callable[[], None], *, measure: Any = None
    ) -> tuple[dict[str, Value], list[tuple[str, str]]]:
        """Every value that can be known, by its field; and what was skipped (field or source), with a sentence why.

        `check` is called now and then, and ends it by raising.
        """
        check()
        return self.cheap(card.kind, card.subject), []

    def cheap(self, kind: Kind, subject: str) -> dict[str, Value]:
        """What tables tell at once: no file is read, nothing measured."""
        return {}
