"""Cards among everything else: as rows of an export, looked over for damage, searched for what they mention."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from forge_desktop.cards import store_tallies
from forge_desktop.cards.formats import plain
from forge_desktop.cards.records import Card, CardMention

if TYPE_CHECKING:
    from forge_desktop.cards.store import CardStore

_SHORTEST = 4  # letters of a name that are looked for; shorter ones stand in every text


class Leaving:
    """What the archive asks of cards. `get` finds one by its uid, `version` one of its numbered versions."""

    def __init__(self, store: CardStore, get: Callable[[str], Card], version: Callable[[str, int], Card]) -> None:
        self._store, self._get, self._version = store, get, version

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every card as plain JSON has it, with its versions, the oldest first."""
        for row in self._store.cards():
            versions = [
                {**dataclasses.asdict(kept), "content": plain.content(self._version(row.uid, kept.number))}
                for kept in reversed(self._store.versions(row.uid))
            ]
            yield {**plain.content(self._get(row.uid)), "versions": versions}

    def damage(self) -> tuple[int, list[str]]:
        """How many versions of cards were looked at, and a sentence for each that is not what was kept."""
        checked, wrong = 0, []
        for name, number, sha256, content in store_tallies.kept(self._store.db):
            checked += 1
            if hashlib.sha256(content.encode()).hexdigest() != sha256:
                wrong.append(f"Version {number} of the card of {name} changed since it was kept.")
        return checked, wrong

    def mentioning(self, words: Sequence[str]) -> list[CardMention]:
        """The cards that say one of these anywhere, as they are now or in a version of them."""
        sought = [word for word in dict.fromkeys(words) if len(word) >= _SHORTEST]
        return store_tallies.mentioning(self._store, sought) if sought else []
