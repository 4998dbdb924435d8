"""What was typed into cards and is not in them: why, and until when. Nothing of it goes without a person's doing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.editing import checked
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import Card
from forge_desktop.ui.widgets.words import own_direction, safe_words


@dataclass(frozen=True)
class Refused:
    """What stands in a field, its unit, and why it is not taken in."""

    data: object
    unit: str
    said: str


@dataclass(frozen=True)
class Unwritten:
    """A source that found no way into its card, the text it was typed over, and why."""

    text: str
    since: str
    said: str


class Unkept:
    """Fields and texts by card. Those of a card that is left stay, and are there again when it is opened."""

    def __init__(self) -> None:
        self.fields: dict[tuple[str, str], Refused] = {}
        self.texts: dict[str, Unwritten] = {}
        self._undone: list[tuple[str, str, Refused] | None] = []  # None: a change of the card itself

    def of(self, uid: str) -> dict[str, Refused]:
        """What is refused in a card, by field."""
        return {key: refused for (card, key), refused in self.fields.items() if card == uid}

    def judged(self, uid: str, taken: Mapping[str, tuple[object, str]], refused: Mapping[str, str]) -> None:
        """What became of fields that were typed."""
        for key, (data, unit) in taken.items():
            self.fields.pop((uid, key), None)
            if key in refused:
                self.fields[uid, key] = Refused(data, unit, refused[key])

    def drop(self, uid: str, keys: Iterable[str]) -> None:
        """A person wants something else in these fields."""
        for key in keys:
            self.fields.pop((uid, key), None)

    def cards(self) -> dict[str, list[str]]:
        """The titles of what is refused, by card."""
        found: dict[str, list[str]] = {}
        for uid, key in self.fields:
            found.setdefault(uid, []).append(key)
        titles = {uid: titles_of(keys) for uid, keys in found.items()}
        return titles | {uid: [*titles.get(uid, ()), _SOURCE] for uid in self.texts}

    def forget(self, uid: str) -> None:
        """A person removed the card."""
        self.drop(uid, list(self.of(uid)))
        self.texts.pop(uid, None)

    def lost(self, there: Collection[str]) -> tuple[list[str], str]:
        """Give up what belongs to cards that are not `there` any more: its titles, and all of it as it was typed."""
        gone = {uid: titles for uid, titles in self.cards().items() if uid not in there}
        said = []
        for uid in gone:
            said += [f"{titles_of([key])[0]}: {_typed(one)}" for key, one in self.of(uid).items()]
            said += [self.texts[uid].text] if uid in self.texts else []
            self.forget(uid)
        return [title for titles in gone.values() for title in titles], "\n\n".join(said)

    def undo(self, uid: str, keys: Iterable[str]) -> bool:
        """Take back what is refused in the first of these fields, else in another one, the newest first. False where
        nothing is: then the card itself is to be undone.
        """
        newest = [key for card, key in reversed(self.fields) if card == uid]
        key = next((key for key in (*keys, *newest) if (uid, key) in self.fields), None)
        if key is None:
            return False
        self._undone.append((uid, key, self.fields.pop((uid, key))))
        return True

    def card_undone(self) -> None:
        """A change of the card itself was taken back."""
        self._undone.append(None)

    def redo(self, uid: str) -> bool:
        """Put back what was taken back last, if that was refused; else the card itself has something to redo."""
        last = self._undone.pop() if self._undone else None
        if last is None or last[0] != uid:
            return False
        self.fields[uid, last[1]] = last[2]
        return True

    def can_redo(self, uid: str) -> bool:
        """Whether a refused text was taken back last."""
        last = self._undone[-1] if self._undone else None
        return last is not None and last[0] == uid

    def begin_anew(self) -> None:
        """Something was done since: there is nothing more to make again."""
        self._undone = []


_SOURCE = "the source"


def titles_of(keys: Iterable[str]) -> list[str]:
    """Fields as a person knows them."""
    return sorted(BY_KEY[key].title for key in keys if key in BY_KEY)


def in_words(cards: Mapping[str, Iterable[str]], names: Mapping[str, str]) -> str:
    """What is not kept, in a sentence for each card; `names` are their names by uid."""
    said = []
    for uid, titles in cards.items():
        card = f"the card of {own_direction(safe_words(names[uid]))}" if names.get(uid) else "a card"
        said.append(f"What was typed into {card} cannot be kept yet: {', '.join(titles)}.")
    return " ".join(said)


def _typed(refused: Refused) -> str:
    data = refused.data
    words = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, default=str)
    return f"{words} {refused.unit}".strip()


def can_stand(card: Card, key: str, data: object, unit: str) -> bool:
    """Whether a value will be taken in, as far as that hangs on the value."""
    if data is None:
        return True
    try:
        checked(BY_KEY[key], data, unit, card.kind)
    except ForgeError:
        return False
    return card.state != "published"
