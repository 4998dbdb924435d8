"""Finds in a card what is private: paths, documents, names of the corpus, keys, addresses; hidden unless revealed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forge_desktop.cards.records import Card, Leak

if TYPE_CHECKING:
    from forge_desktop.students.rooms import Rooms


class Privacy:
    """Scans cards, and keeps what a person wants shown all the same."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def scan(self, card: Card) -> list[Leak]:
        """What a card says that is taken for private, field by field."""
        return []

    def reveal(self, card_uid: str, finding: str, shown: bool) -> None:
        """Let exports of a card show a finding, or hide it again."""

    def redact(self, text: str, leaks: Sequence[Leak]) -> str:
        """The text with every finding that is not revealed replaced by what hides it."""
        return text
