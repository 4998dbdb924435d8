"""Finds cards and shows them: one with all its values, or all of them in a list."""

from __future__ import annotations

import dataclasses
import itertools
import re
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import fields as known
from forge_desktop.cards import store_tallies
from forge_desktop.cards.footing import Footing, causes, stale
from forge_desktop.cards.records import Card, CardEntry, FieldState, Kind, Problem, Value
from forge_desktop.cards.store import CardRow, CardStore
from forge_desktop.cards.subjects import Subject, Subjects, orphaned

if TYPE_CHECKING:
    from collections.abc import Callable

_LABEL = re.compile(r"v\d+")
_COUNTED = re.compile(r"(.+) \(([2-9]|[1-9]\d{1,2})\)", re.ASCII)
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_AGAIN = "Look at the list again."
_SHORTEST = 4  # letters of the beginning of a uid that are enough to mean it


class Shelf:
    """Reads cards. Which values are stale is reckoned when asked for; lists remember it until told otherwise."""

    def __init__(
        self, store: CardStore, subjects: Subjects, footing: Footing, problem: Callable[[str, Kind], Problem | None]
    ) -> None:
        self._store, self._subjects, self._footing, self._problem = store, subjects, footing, problem
        self._stale: dict[str, int] = {}
        self._turn = 0
        self._lock = threading.Lock()

    def forget(self, uid: str = "") -> None:
        """What is stale in a card, or in any, may have changed."""
        with self._lock:
            self._turn += 1
            if uid:
                self._stale.pop(uid, None)
            else:
                self._stale = {}

    def entries(self) -> list[CardEntry]:
        """Every card, by kind and name."""
        there, rows = self._subjects.all(), self._store.cards()
        wanted = {kind: known.required(kind) for kind in known.LETTERS}
        filled = store_tallies.filled(
            self._store.db, [(kind, field.key) for kind, fields in wanted.items() for field in fields]
        )
        measured = [(kind, key) for kind in ("student", "adapter") for key in known.BENCHMARKED & _keys(wanted[kind])]
        elsewhere = store_tallies.brought(self._store.db, measured)
        stale_of = self._stale_of(rows)
        return [
            CardEntry(
                row.uid,
                row.kind,
                row.subject,
                _label(row, there),
                row.name,
                row.state,
                filled.get(row.uid, 0) - (elsewhere.get(row.uid, 0) if row.subject in there else 0),
                len(wanted[row.kind]),
                stale_of[row.uid],
                row.errors,
                row.changed,
                orphaned(row.subject, row.label, there),
            )
            for row in rows
        ]

    def row(self, name: str) -> CardRow:
        """The card called so: its uid or the beginning of it, the label, name or uid of its subject, or its own name.
        Raises ForgeError.
        """
        wanted = name.encode("utf-8", "replace").decode().strip()  # half a character is in no name
        if (at_once := self._store.card(wanted)) is not None:
            return at_once
        rows, there = self._store.cards(), self._subjects.all()
        found = [row for row in rows if wanted and wanted in (row.subject, _label(row, there))]
        folded = wanted.casefold()
        found = found or [row for row in rows if folded in {row.name.casefold(), _label(row, there).casefold()}]
        if not found and len(wanted) >= _SHORTEST:
            low = wanted.lower()
            found = [row for row in rows if row.uid.startswith(low) or row.subject.startswith(low)]
        if not found:
            found = [row for row in rows if row.subject in there and there[row.subject].name.casefold() == folded]
        living = [row for row in found if row.subject in there]
        if len(living) == 1:  # what is here is meant, not what was here once and was called the same
            found = living
        if len(found) > 1:
            several = ", ".join(f"{_label(row, there) or row.name} ({row.uid[:8]})" for row in found)
            raise ForgeError(f"Several cards are called {name!r}: {several}.", hint="Use what is in brackets.")
        if not found:
            raise self._nobody(name)
        return self.again(found[0].uid)

    def _nobody(self, name: str) -> ForgeError:
        if _UID.fullmatch(name):
            return ForgeError("That card is not here any more.", hint=_AGAIN)
        return ForgeError(f"No card is called {name!r}.", hint=_AGAIN, commands=["card list"])

    def taken(self, name: str) -> str:
        """Who is called so already, of cards and of what they are about, in a few words; "" for nobody."""
        folded, there = name.casefold(), self._subjects.all()
        for row in self._store.cards():
            if folded in (row.name.casefold(), _label(row, there).casefold()):
                return f"the card of {_label(row, there) or row.name} ({row.uid[:8]})"
        return "a version's, now or later" if _LABEL.fullmatch(folded) else ""

    def free(self, name: str, uid: str) -> str:
        """What a card is listed as that calls itself so: with a number where another one is, since commands find cards
        by it.
        """
        there = self._subjects.all()
        taken = {
            word.casefold() for row in self._store.cards() if row.uid != uid for word in (row.name, _label(row, there))
        }
        return unlike(name, taken)

    def again(self, uid: str) -> CardRow:
        """A card by its uid, with its texts. Raises ForgeError when it was removed meanwhile."""
        row = self._store.card(uid)
        if row is None:
            raise ForgeError("This card was removed.", hint=_AGAIN)
        return row

    def card(self, row: CardRow) -> Card:
        """A card with all that stands in it."""
        there = self._subjects.all()
        undoes, redoes = self._store.around(row.uid, row.cursor)
        return Card(
            uid=row.uid,
            kind=row.kind,
            subject=row.subject,
            label=_label(row, there),
            name=row.name,
            state=row.state,
            fields=self.with_stale(row, self._store.fields(row.uid)),
            document=row.document,
            parent=row.parent,
            created=row.created,
            changed=row.changed,
            broken=row.broken,
            problem=None if row.broken is None else self._problem(row.broken, row.kind),
            orphan=orphaned(row.subject, row.label, there),
            undoes=undoes if row.state == "draft" else "",
            redoes=redoes if row.state == "draft" else "",
        )

    def with_stale(self, row: CardRow, states: Mapping[str, FieldState]) -> dict[str, FieldState]:
        """The same with the sentences that say what is no longer true."""
        resting = any(v.rests_on for state in states.values() for v in (state.measured, state.hand) if v)
        now = self._footing.of(row.kind, row.subject) if resting else {}
        return {field: _looked_at(state, now) for field, state in states.items()}

    def _stale_of(self, rows: list[CardRow]) -> dict[str, int]:
        """How many values of each card are stale: those of a card nobody changed since are not looked at again."""
        with self._lock:
            counted, turn = dict(self._stale), self._turn
        if not all(row.uid in counted for row in rows):
            resting = store_tallies.resting(self._store.db)
            for row in rows:
                if row.uid not in counted:
                    counted[row.uid] = self._count(row, resting.get(row.uid, ()))
            with self._lock:
                if turn == self._turn:  # nothing was forgotten meanwhile
                    self._stale = dict(counted)
        return counted

    def _count(self, row: CardRow, values: Sequence[tuple[str, Value]]) -> int:
        if not values:
            return 0
        now = self._footing.of(row.kind, row.subject)
        return len({field for field, value in values if known.is_of(field, row.kind) and stale(value, now)})


def unlike(name: str, taken: Collection[str]) -> str:
    """The name, or with a number where it is one of these (in small letters), or such as only a version has."""
    if name.casefold() not in taken and not _LABEL.fullmatch(name.casefold()):
        return name
    counted = _COUNTED.fullmatch(name)  # "Foo (2)" becomes "Foo (3)"; a year in brackets is no count
    plain, first = (counted[1], int(counted[2]) + 1) if counted else (name, 2)
    numbered = (f"{plain[:190]} ({n})" for n in itertools.count(first))
    return next(each for each in numbered if each.casefold() not in taken)


def _keys(fields: Iterable[known.Field]) -> frozenset[str]:
    return frozenset(field.key for field in fields)


def _label(row: CardRow, there: Mapping[str, Subject]) -> str:
    return there[row.subject].label if row.subject in there else row.label


def _looked_at(state: FieldState, now: Mapping[str, str]) -> FieldState:
    measured, hand = (_told(value, now) for value in (state.measured, state.hand))
    return dataclasses.replace(state, measured=measured, hand=hand)


def _told(value: Value | None, now: Mapping[str, str]) -> Value | None:
    found = causes(value, now) if value is not None else {}
    return dataclasses.replace(value, stale=" ".join(found.values()), causes=found) if value and found else value
