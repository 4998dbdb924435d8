"""Sees to it that every version and endpoint has a card: made from its parent's, filled with what is known at once."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import changes, store_tallies
from forge_desktop.cards import fields as known
from forge_desktop.cards.editing import by_hand, summary
from forge_desktop.cards.filling.filler import Filler
from forge_desktop.cards.records import FieldState, Kind, Source, Value
from forge_desktop.cards.sayable import unsayable
from forge_desktop.cards.shelf import Shelf
from forge_desktop.cards.store import CardRow, CardStore
from forge_desktop.cards.subjects import Subject, Subjects, orphaned

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)
_SECTIONS = ("identity", "use", "cost")  # what a person wrote there holds for the next version too, most likely
_ITS_OWN = frozenset(("name", "version", "summary", "base_model", "base_relation", "quantisation", "evaluation"))


class Keeping:
    """Makes cards and removes them, each in one transaction."""

    def __init__(self, store: CardStore, shelf: Shelf, subjects: Subjects, filler: Filler) -> None:
        self._store, self._shelf, self._subjects, self._filler = store, shelf, subjects, filler

    def ensure(self) -> list[str]:
        """Make the cards that are missing and follow what was renamed; the uids of the cards that were touched."""
        there = self._subjects.all()
        cards = {row.subject: row for row in self._store.cards() if row.subject}
        lacking = [subject for uid, subject in there.items() if uid not in cards]
        renamed = [
            (cards[uid], subject)
            for uid, subject in there.items()
            if uid in cards and (cards[uid].label, cards[uid].kind) != (subject.label, subject.kind)
        ]
        if not lacking and not renamed:
            return []
        touched = []
        with self._store.db.write() as connection:
            for row, subject in renamed:
                self._store.change(connection, row.uid, {"label": subject.label, "kind": subject.kind})
                touched.append(row.uid)
            for subject in lacking:
                if self._store.of_subject(subject.uid) is None:  # another thread was not quicker
                    touched.append(self._again(connection, subject) or self._make(connection, subject))
        return touched

    def new(self, kind: Kind, name: str, subject: str, source: Source = "hand") -> str:
        """Make a card by hand; its uid. Raises ForgeError where the subject has one or is not there."""
        name = " ".join(name.split())
        if not name or len(name) > 200 or unsayable(name):
            raise ForgeError("A card needs a name of at most 200 readable characters.", hint="Give it one.")
        if kind not in known.LETTERS:
            raise ForgeError(f"There is no kind of card called {kind}.", hint=f"There are {', '.join(known.LETTERS)}.")
        if subject:
            return self._of_subject(subject)
        if taken := self._shelf.taken(name):
            raise ForgeError(f"The name {name} is taken: it is {taken}.", hint="Give the card another name.")
        now = time.time()
        row = CardRow(str(uuid.uuid4()), kind, "", name, "", "", "draft", "", None, 0, 0, now, now)
        value = Value(name, source=source, at=now)
        with self._store.db.write() as connection:
            self._store.add(connection, row)
            self._store.put_value(connection, row.uid, "name", "hand", value)
        return row.uid

    def _of_subject(self, subject: str) -> str:
        found = self._subjects.all().get(subject)
        if found is None:
            raise ForgeError("What the card is about is not here.", hint="Make one about nothing, and name it.")
        with self._store.db.write() as connection:
            if self._store.of_subject(subject) is not None:
                raise ForgeError(f"{found.label} has a card already.", hint="Change that one.")
            return self._again(connection, found) or self._make(connection, found)

    def remove(self, row: CardRow) -> None:
        """Remove a card whose subject is not here. Raises ForgeError for any other."""
        if not orphaned(row.subject, row.label, self._subjects.all()):
            raise ForgeError(
                f"{row.label} is here, so its card stays.", hint="It goes when what it is about has been removed."
            )
        with self._store.db.write() as connection:
            self._store.drop(connection, row.uid)

    def _again(self, connection: sqlite3.Connection, subject: Subject) -> str:
        """Take up the card of an endpoint that was removed, where the same model answers at the same address again."""
        if not subject.answers:
            return ""
        there = self._subjects.all()
        rests = store_tallies.rests(self._store.db, "version")
        left = [
            row
            for row in self._store.cards()
            if row.subject
            and row.subject not in there
            and rests.get(row.subject, {}).get("endpoint") == subject.answers
        ]
        if not left:
            return ""
        row = max(left, key=lambda row: (row.label == subject.label, row.changed))
        self._store.change(connection, row.uid, {"subject": subject.uid, "label": subject.label, "kind": subject.kind})
        return row.uid

    def _make(self, connection: sqlite3.Connection, subject: Subject) -> str:
        now = time.time()
        parent = next((row for uid in subject.parents if (row := self._store.of_subject(uid)) is not None), None)
        measured = self._known(subject)
        states = {key: FieldState(key, value) for key, value in measured.items()}
        document = ""
        if parent is not None:
            states = taken_over(subject.kind, parent, self._store.fields(parent.uid), states)
            document = parent.document if parent.kind == subject.kind else ""
        row = CardRow(
            str(uuid.uuid4()),
            subject.kind,
            subject.uid,
            subject.name,
            subject.label,
            "" if parent is None else parent.uid,
            "draft",
            document,
            None,
            0,
            0,
            now,
            now,
        )
        self._store.add(connection, row)
        if parent is not None:
            said = changes.what_changed(self._shelf.card(parent), self._shelf.card(row), states)
            states |= {"changes": FieldState("changes", said)} if said is not None else {}
        for key, state in states.items():
            for origin, value in (("measured", state.measured), ("hand", state.hand)):
                if value is not None:
                    self._store.put_value(connection, row.uid, key, origin, value)  # type: ignore[arg-type]
            if state.not_applicable or state.taken_over:
                self._store.mark(connection, row.uid, key, why=state.not_applicable, taken_over=state.taken_over)
        self._store.change(connection, row.uid, summary(row, states, None))
        return row.uid

    def _known(self, subject: Subject) -> Mapping[str, Value]:
        """What is known at once. A card is made all the same where that cannot be read: whoever fills it is told."""
        try:
            return self._filler.cheap(subject.kind, subject.uid)
        except ForgeError as error:
            log.warning("the card of %s begins empty: %s", subject.label, error.message)
            return {}


def taken_over(
    kind: Kind, parent: CardRow, theirs: Mapping[str, FieldState], own: Mapping[str, FieldState]
) -> dict[str, FieldState]:
    """A card's fields with what people wrote in its parent's, marked as such until somebody has looked at it."""
    made = dict(own)
    for field in known.of_kind(kind):
        state = theirs.get(field.key)
        if state is None or not _goes_on(field):
            continue
        measured = None if field.key not in own else own[field.key].measured
        why = state.not_applicable if parent.kind == kind else ""
        hand = None if state.hand is None else by_hand(own.get(field.key), state.hand).value
        if hand is not None or why:
            made[field.key] = FieldState(field.key, measured, hand, why, taken_over=True)
    return made


def _goes_on(field: known.Field) -> bool:
    if field.key in _ITS_OWN:
        return False
    return not field.filled or field.section in _SECTIONS
