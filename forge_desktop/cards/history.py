"""Numbered versions of cards: published and locked, kept before something large changes, compared and restored."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.cards import changes, checking, told_stale
from forge_desktop.cards.editing import Editing, by_hand, checked, field_of
from forge_desktop.cards.fields import BY_KEY, is_of
from forge_desktop.cards.patches import Draft, Hand, read_value, written_value
from forge_desktop.cards.records import Card, CardVersion, Change, FieldState, Problem, Value
from forge_desktop.cards.shelf import Shelf
from forge_desktop.cards.store import CardRow, CardStore
from forge_desktop.cards.text_problems import readable
from forge_desktop.cards.validating import problem_of_reason

if TYPE_CHECKING:
    import sqlite3

_TOLD = 4  # reasons that a refusal names


class History:
    """Keeps what a card was, of which people may take back what they did. Cards go by the names that `Cards` knows;
    `changed` is told the card, once a change is committed.
    """

    def __init__(self, store: CardStore, shelf: Shelf, editing: Editing, changed: Callable[[CardRow], None]) -> None:
        self._store, self._shelf, self._editing, self._changed = store, shelf, editing, changed

    def undo(self, card: str) -> Card:
        """Take the last change by hand back, also one before a restart. Raises ForgeError when there is none."""
        return self._shelf.card(self._editing.undo(self._uid(card)))

    def redo(self, card: str) -> Card:
        """Make the change again that was taken back. Raises ForgeError when there is none."""
        return self._shelf.card(self._editing.redo(self._uid(card)))

    def publish(self, card: str, *, who: str = "", note: str = "") -> CardVersion:
        """Keep a card as its next version and lock it. Raises ForgeError with the first reasons why it is not ready."""
        uid = self._uid(card)
        with self._store.db.write() as connection:
            row = self._shelf.again(uid)
            if row.state == "published":
                raise ForgeError(f"The card of {row.name} is published already.", hint="Reopen it to change it.")
            found = self._shelf.card(row)
            _refuse(found)
            version = self._keep(connection, found, who, note, published=True)
            self._store.change(connection, uid, {"state": "published", "changed": time.time()})
        self._changed(self._shelf.again(uid))
        return version

    def reopen(self, card: str) -> Card:
        """Let a published card be changed again: the next draft. Raises ForgeError where it is one."""
        uid = self._uid(card)
        with self._store.db.write() as connection:
            row = self._shelf.again(uid)
            if row.state == "draft":
                raise ForgeError(f"The card of {row.name} is a draft already.", hint="It can be changed as it is.")
            self._store.change(connection, uid, {"state": "draft", "changed": time.time()})
        row = self._shelf.again(uid)
        self._changed(row)
        return self._shelf.card(row)

    def begin(self, card: str) -> None:
        """What a card says now is how it began: there is nothing to take back."""
        uid = self._uid(card)
        with self._store.db.write() as connection:
            self._store.drop_edits(connection, uid)
            self._store.change(connection, uid, {"cursor": 0})

    def versions(self, card: str) -> list[CardVersion]:
        """The numbered versions of a card, the newest first."""
        return self._store.versions(self._uid(card))

    def version(self, card: str, number: int) -> Card:
        """A card as it was in one of its versions. Raises ForgeError when there is no such version."""
        row = self._shelf.row(card)
        content = self._content(row, number)
        version = next(v for v in self._store.versions(row.uid) if v.number == number)
        return dataclasses.replace(
            self._shelf.card(row),
            kind=content["kind"],
            name=content["name"],
            state="published" if version.published else "draft",
            fields={key: _state(key, said) for key, said in content["fields"].items()},
            document=content["document"],
            broken=content["broken"],
            problem=None if content["broken"] is None else Problem("", "This text could not be read."),
            parent=content["parent"],
            changed=version.at,
            undoes="",
            redoes="",
        )

    def diff(self, a: str, b: str = "", *, number_a: int = 0, number_b: int = 0) -> list[Change]:
        """What is otherwise in `b` than in `a`: two cards, or two versions of one (0 is the card as it is now)."""
        return changes.between(self._as_of(a, number_a), self._as_of(b or a, number_b))

    def restore(self, card: str, number: int) -> Card:
        """Let a card say again what people had written in a version: an edit that can be taken back. Measured values
        stay the newest ones. What it says now is kept as a version, unless one holds it.
        """
        content = self._content(self._shelf.row(card), number)

        def change(row: CardRow, states: Mapping[str, FieldState], draft: Draft) -> Draft:
            old = {key: Hand.of(_state(key, said)) for key, said in content["fields"].items()}
            gone = {key: Hand() for key in draft.fields if key not in old}
            return Draft({**draft.fields, **gone, **old}, content["document"], content["broken"])

        uid = self._uid(card)
        with self._store.db.write() as connection:
            row = self._shelf.again(uid)
            if row.state == "draft":
                self._keep_draft(connection, row, f"As it was before version {number} was restored.")
            return self._shelf.card(self._editing.change(uid, f"Version {number} restored", change))

    def adopt(
        self,
        card: str,
        values: Mapping[str, Value],
        *,
        not_applicable: Mapping[str, str] | None = None,
        document: str | None = None,
        note: str = "Before another card was taken in.",
        always: bool = False,
    ) -> tuple[Problem, ...]:
        """Take in what somebody else's card says, as values by hand: one edit that can be taken back. The card as it
        was is kept as a version first, where a person had touched it, or `always`. Returns what was refused; fields
        that are not named stay as they are.
        """
        refused: list[Problem] = []

        def change(row: CardRow, states: Mapping[str, FieldState], draft: Draft) -> Draft:
            hands = {}
            for key, why in (not_applicable or {}).items():
                if is_of(key, row.kind):
                    if said := problem_of_reason(BY_KEY[key]):
                        refused.append(Problem(key, said))
                    else:
                        hands[key] = Hand(not_applicable=why)
            for key, value in values.items():
                try:
                    kept = checked(field_of(key, row.kind), value.data, value.unit, row.kind)
                except FieldError as error:
                    refused.append(Problem(key, error.message))
                    continue
                word = dataclasses.replace(value, data=kept.data, unit=kept.unit, origin="hand", stale="")
                hands[key] = dataclasses.replace(hands.get(key, Hand()), value=by_hand(states.get(key), word).value)
            made = draft.with_fields(hands)
            if document is None:
                return made
            if readable(document, row.kind):
                return dataclasses.replace(made, document=document, broken=None)
            return dataclasses.replace(made, broken=document)

        uid = self._uid(card)
        with self._store.db.write() as connection:
            row = self._shelf.again(uid)
            touched = always or row.cursor or row.document or self._store.versions(uid)
            if row.state == "draft" and touched:
                self._keep_draft(connection, row, note)
            self._editing.change(uid, "Taken in", change)
        return tuple(refused)

    def _uid(self, card: str) -> str:
        return self._shelf.row(card).uid

    def _as_of(self, card: str, number: int) -> Card:
        return self.version(card, number) if number else self._shelf.card(self._shelf.row(card))

    def _keep_draft(self, connection: sqlite3.Connection, row: CardRow, note: str) -> CardVersion:
        """Keep a card as it is as a version that is not published."""
        return self._keep(connection, self._shelf.card(row), "program", note, published=False)

    def _content(self, row: CardRow, number: int) -> dict[str, Any]:
        content = self._store.content(row.uid, number)
        if content is None:
            numbers = ", ".join(str(version.number) for version in reversed(self._store.versions(row.uid)))
            raise ForgeError(
                f"The card of {row.name} has no version {number}.",
                hint=f"It has {numbers}." if numbers else "It has none yet: one is made when it is published.",
            )
        assert isinstance(content, dict)
        return content

    def _keep(self, connection: sqlite3.Connection, card: Card, who: str, note: str, *, published: bool) -> CardVersion:
        sha256 = sha256_of(card)
        newest = next(iter(self._store.versions(card.uid)), None)
        if newest is not None and newest.sha256 == sha256 and newest.published >= published:
            return newest  # it was reopened, and nothing changed since
        who, note = (text.encode("utf-8", "replace").decode() for text in (who, note))
        version = CardVersion(card.uid, 0, sha256, published, who, note, time.time())
        return self._store.put_version(connection, card.uid, content_of(card), version)


def content_of(card: Card) -> str:
    """What a version of a card holds, as JSON; the same for the same content."""
    fields = {key: _said(card.fields[key]) for key in sorted(card.fields)}
    content = {
        "kind": card.kind,
        "name": card.name,
        "subject": card.subject,
        "label": card.label,
        "parent": card.parent,
        "fields": fields,
        "document": card.document,
        "broken": card.broken,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def sha256_of(card: Card) -> str:
    """Which content a card has."""
    return hashlib.sha256(content_of(card).encode()).hexdigest()


def _said(state: FieldState) -> dict[str, Any]:
    return {
        "measured": None if state.measured is None else written_value(state.measured),
        "hand": None if state.hand is None else written_value(state.hand),
        "not_applicable": state.not_applicable,
        "taken_over": state.taken_over,
    }


def _state(key: str, said: Mapping[str, Any]) -> FieldState:
    measured, hand = (
        None if said[name] is None else told_stale.shown(read_value(said[name])) for name in ("measured", "hand")
    )
    return FieldState(key, measured, hand, said["not_applicable"], said["taken_over"])


def _refuse(card: Card) -> None:
    """Raise ForgeError with the first reasons why a card is not ready."""
    found = checking.report(card, lambda _: ())
    reasons = [f"{title} is missing" for title in found.completeness.missing]
    empty = not (found.in_the_way or [problem for problem in found.problems if problem.severity == "error"])
    reasons += [f"{BY_KEY[field].title} is stale: {said}".rstrip(".") for field, said in found.in_the_way]
    reasons += [problem.message.rstrip(".?") for problem in found.problems if problem.severity == "error"]
    if reasons:
        more = f"; and {len(reasons) - _TOLD} more" if len(reasons) > _TOLD else ""
        raise ForgeError(
            f"The card of {card.label or card.name} is not ready: {'; '.join(reasons[:_TOLD])}{more}.",
            hint="Fill it in, or say of a field why it does not apply."
            if empty
            else "Mend what is wrong, fill in what is missing or stale, or say of a field why it does not apply.",
        )
