"""Changes to a card by hand: each is one small transaction, and can be taken back, also after a restart."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.cards import changes, checking, from_files, told_stale
from forge_desktop.cards.claims import honest
from forge_desktop.cards.fields import BY_KEY, Field
from forge_desktop.cards.patches import Draft, Hand, between, patched
from forge_desktop.cards.records import FieldState, Kind, Source, Value
from forge_desktop.cards.sayable import unsayable
from forge_desktop.cards.shelf import Shelf
from forge_desktop.cards.store import CardRow, CardStore, EditRow, as_json
from forge_desktop.cards.text_problems import wrong_in
from forge_desktop.cards.typing_in import taken
from forge_desktop.cards.validating import problem_of, problem_of_reason

if TYPE_CHECKING:
    import sqlite3

KEPT = 500  # edits of a card that can be taken back
_REASON = 500  # characters of a word why a field does not apply


class Editing:
    """Changes drafts. `changed` is told the card, once a change is committed."""

    def __init__(self, store: CardStore, shelf: Shelf, changed: Callable[[CardRow], None]) -> None:
        self._store, self._shelf, self._changed = store, shelf, changed

    # ---- one field ----

    def set(self, uid: str, key: str, data: object, unit: str) -> None:
        """Write a value by hand. Raises FieldError when it cannot stand there; None and "" take it away."""
        if data is None or data in ("", []) or data == {}:
            self.clear(uid, key)
            return

        def change(row: CardRow, states: Mapping[str, FieldState], draft: Draft) -> Draft:
            value = checked(field_of(key, row.kind), data, unit, row.kind)
            return self._mended(row, draft.with_fields({key: by_hand(states.get(key), value)}), key)

        self.change(uid, BY_KEY[key].title if key in BY_KEY else key, change)

    def clear(self, uid: str, key: str) -> None:
        """Take away what people said of a field; a measured value stays."""

        def change(row: CardRow, states: Mapping[str, FieldState], draft: Draft) -> Draft:
            said = problem_of_reason(field_of(key, row.kind))
            if said and (key not in states or states[key].measured is None):
                raise FieldError(key, ForgeError(said, hint="Give it another one."))
            return self._mended(row, draft.with_fields({key: Hand()}), key)

        self.change(uid, BY_KEY[key].title if key in BY_KEY else key, change)

    def not_applicable(self, uid: str, key: str, why: str) -> None:
        """Say why a field has no value; "" lets it have one. A value that is there stays, and is not shown."""
        why = " ".join(why.split())
        if len(why) > _REASON:
            raise FieldError(
                key, ForgeError(f"The reason is longer than {_REASON} characters.", hint="Say it shorter.")
            )

        if unsayable(why):
            raise FieldError(key, ForgeError("The reason holds control characters, which nobody can read."))

        def change(row: CardRow, states: Mapping[str, FieldState], draft: Draft) -> Draft:
            field = field_of(key, row.kind)
            if why and (said := problem_of_reason(field)):
                raise FieldError(key, ForgeError(said, hint="Give it another one."))
            hand = draft.fields.get(key, Hand())
            made = draft.with_fields({key: dataclasses.replace(hand, not_applicable=why, taken_over=False)})
            return self._mended(row, made, key)

        self.change(uid, BY_KEY[key].title if key in BY_KEY else key, change)

    def reviewed(self, uid: str, key: str) -> None:
        """Say of what was taken over from another card, or was stale where it came from, that it holds here; "" says
        it of everything.
        """

        def change(row: CardRow, states: Mapping[str, FieldState], draft: Draft) -> Draft:
            if key:
                field_of(key, row.kind)
            hands = {name: draft.fields.get(name, Hand()) for name in ([key] if key else draft.fields)}
            return draft.with_fields({name: _reviewed(hand) for name, hand in hands.items()})

        self.change(uid, BY_KEY[key].title if key in BY_KEY else "Taken over", change)

    # ---- any change ----

    def change(self, uid: str, what: str, make: Callable[[CardRow, Mapping[str, FieldState], Draft], Draft]) -> CardRow:
        """Let `make` turn the draft into another one, and keep how to turn it back, in one transaction."""
        with self._store.db.write() as connection:
            row = self._open(uid)
            states = self._store.fields(uid)
            old = _draft(row, states)
            new = make(row, states, old)
            back, forth = between(old, new)
            if not back and not forth:
                return row
            self._write(connection, row, states, new, row.cursor + 1)
            edit = EditRow(row.cursor + 1, what, as_json(back), as_json(forth), time.time())
            self._store.put_edit(connection, uid, edit, KEPT)
        return self._told(uid)

    def undo(self, uid: str) -> CardRow:
        """Take the last change back. Raises ForgeError when there is none."""
        return self._step(uid, 0)

    def redo(self, uid: str) -> CardRow:
        """Make the change again that was taken back last. Raises ForgeError when there is none."""
        return self._step(uid, 1)

    def _step(self, uid: str, forward: int) -> CardRow:
        with self._store.db.write() as connection:
            row = self._open(uid)
            edit = self._store.edit(uid, row.cursor + forward)
            if edit is None:
                what = "made again: nothing was taken back" if forward else "taken back"
                raise ForgeError(f"No change of {row.name} can be {what}.", hint="The card is as it was.")
            states = self._store.fields(uid)
            new = patched(_draft(row, states), edit.after if forward else edit.before)
            self._write(connection, row, states, new, edit.n if forward else edit.n - 1)
        return self._told(uid)

    def _mended(self, row: CardRow, draft: Draft, key: str) -> Draft:
        """The draft without its bad text, where all that was wrong in that has been said in the fields since."""
        if draft.broken is None or draft.broken != draft.document:
            return draft
        typed = self._store.typed(row.uid, row.cursor)
        waiting = {problem.field for problem in wrong_in(draft.broken, row.kind)} - {key}
        since = {name for name, hand in draft.fields.items() if hand.value is not None and hand.value.at > typed}
        return draft if waiting - since else dataclasses.replace(draft, broken=None)

    def _open(self, uid: str) -> CardRow:
        """The card, if it may be changed."""
        row = self._shelf.again(uid)
        if row.state == "published":
            raise ForgeError(
                f"The card of {row.name} is published, so it is not changed.",
                hint="Reopen it first.",
                code="published",
                commands=[f"card reopen {row.label or row.uid[:8]}"],
            )
        return row

    def _write(
        self,
        connection: sqlite3.Connection,
        row: CardRow,
        states: Mapping[str, FieldState],
        new: Draft,
        cursor: int,
    ) -> None:
        after = dict(states)
        for key, hand in new.fields.items():
            state = states.get(key)
            if hand == Hand.of(state):
                continue
            if hand.value is None:
                self._store.drop_value(connection, row.uid, key, "hand")
            else:
                self._store.put_value(connection, row.uid, key, "hand", hand.value)
            self._store.mark(connection, row.uid, key, why=hand.not_applicable, taken_over=hand.taken_over)
            measured = None if state is None else state.measured
            after[key] = FieldState(key, measured, hand.value, hand.not_applicable, hand.taken_over)
        values: dict[str, object] = {"cursor": cursor, **summary(row, after, new.broken)}
        values["name"] = self._listed(row, states.get("name"), after.get("name"), str(values["name"]))
        if new.document != row.document:
            values["document"] = new.document
        if new.broken != row.broken:
            values["broken"] = new.broken
        self._store.change(connection, row.uid, values)
        if any(hand.not_applicable != Hand.of(states.get(key)).not_applicable for key, hand in new.fields.items()):
            self._say_changes(connection, row, after)

    def _say_changes(self, connection: sqlite3.Connection, row: CardRow, states: Mapping[str, FieldState]) -> None:
        """What changed since the card before says nothing of what does not apply."""
        parent = self._store.card(row.parent) if row.parent else None
        if parent is not None:
            said = changes.what_changed(self._shelf.card(parent), self._shelf.card(row), states)
        else:
            said = changes.as_applies(states["changes"].measured if "changes" in states else None, states)
        if said is None:
            self._store.drop_value(connection, row.uid, "changes", "measured")
        else:
            self._store.put_value(connection, row.uid, "changes", "measured", said)

    def _listed(self, row: CardRow, before: FieldState | None, after: FieldState | None, name: str) -> str:
        """What a card is listed as; one about nothing here goes by that, so it may be another than it calls itself."""
        if row.subject:
            return name
        shown = [None if state is None or state.shown is None else state.shown.data for state in (before, after)]
        return row.name if shown[0] == shown[1] else self._shelf.free(name, row.uid)

    def _told(self, uid: str) -> CardRow:
        row = self._shelf.again(uid)
        self._changed(row)
        return row


def _reviewed(hand: Hand) -> Hand:
    return dataclasses.replace(hand, value=told_stale.looked_at(hand.value), taken_over=False)


def summary(row: CardRow, states: Mapping[str, FieldState], broken: str | None) -> dict[str, object]:
    """What a card's row says of its values: the name that it shows, how much is wrong, when it was changed."""
    wrong = [problem for problem in checking.problems(row.kind, states) if problem.severity == "error"]
    shown = states["name"].shown if "name" in states else None
    name = shown.data if shown is not None and isinstance(shown.data, str) else row.name
    return {"errors": len(wrong) + (broken is not None), "name": name, "changed": time.time()}


def field_of(key: str, kind: Kind) -> Field:
    """The field of that name. Raises FieldError where a card of this kind has none."""
    field = BY_KEY.get(key)
    if field is None:
        raise FieldError(key, ForgeError(f"No field of a card is called {key[:60]!r}.", commands=["card show"]))
    if not field.belongs_to(kind):
        raise FieldError(key, ForgeError(f"A card of this kind ({kind}) has no field {field.title}."))
    return field


def checked(field: Field, data: object, unit: str, kind: Kind, source: Source = "hand") -> Value:
    """A value as a person gave it, in the form in which it is kept. Raises FieldError when it cannot stand there."""
    kept, unit = taken(field, data, unit)
    if said := problem_of(field, kept, unit, kind):
        raise FieldError(field.key, ForgeError(said, hint=f"For example: {field.example}" if field.example else ""))
    return Value(kept, unit, "hand", source, at=time.time())


def by_hand(state: FieldState | None, value: Value) -> Hand:
    """A field in which a person writes this: nothing, where it says what is measured or what stands there already."""
    value = from_files.kept(state, honest(state, value))
    if state is not None:
        if state.hand is not None and (state.hand.data, state.hand.unit) == (value.data, value.unit):
            alike = told_stale.sentence(state.hand) == told_stale.sentence(value)
            return Hand(state.hand if alike else value)  # who writes it again says that it holds
        if state.measured is not None and (state.measured.data, state.measured.unit) == (value.data, value.unit):
            return Hand()
    return Hand(value)


def _draft(row: CardRow, states: Mapping[str, FieldState]) -> Draft:
    return Draft({key: Hand.of(state) for key, state in states.items()}, row.document, row.broken)
