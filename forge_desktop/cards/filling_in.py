"""Fills a card in one go: a job that measures, reads and asks, and writes what it found beside what people wrote."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import changes, told_stale
from forge_desktop.cards.checking import outdated
from forge_desktop.cards.editing import summary
from forge_desktop.cards.filling.filler import Filler
from forge_desktop.cards.records import NOT_KNOWN, Card, Change, FieldState, Filled, Value
from forge_desktop.cards.shelf import Shelf
from forge_desktop.cards.store import CardRow, CardStore

if TYPE_CHECKING:
    import sqlite3

    from forge_desktop.base.jobs import JobContext
    from forge_desktop.students import Students

_BUDGET = 45.0  # seconds of a benchmark that a person waits for after one click
_SAID_ON_THE_CARD = frozenset(("training_cost", "cost_per_pair"))  # a reader would take their lack for nothing paid
COMES_AND_GOES = frozenset(
    ("headers", "endpoint", "price table")
)  # sources whose values are gone once they say nothing


class Fills:
    """Runs the filler and keeps what it says. A field that a person changes meanwhile keeps their word."""

    def __init__(
        self, store: CardStore, shelf: Shelf, filler: Filler, students: Students, changed: Callable[[CardRow], None]
    ) -> None:
        self._store, self._shelf, self._filler = store, shelf, filler
        self._students, self._changed = students, changed

    def run(self, ctx: JobContext, uid: str, measure: bool) -> Filled:
        """Fill a card, after measuring its version where that is wished."""
        started = time.monotonic()
        card = self._shelf.card(self.open(uid))
        before = self._store.fields(uid)  # a benchmark is on the card as soon as it is kept
        measurement, problem = None, ""
        if measure:
            _refuse_elsewhere(card)
            try:
                measurement = self._students.measures.run(ctx, card.subject, budget=_BUDGET)
            except ForgeError as error:  # what needs no benchmark is filled all the same
                problem = " ".join(filter(None, (error.message, error.hint)))
        values, skipped = self._filler.fill(card, ctx.check, measure=measurement)
        skipped = [("benchmark", problem), *skipped] if problem else skipped
        unknown = {field: why for field, why in skipped if field in _SAID_ON_THE_CARD and card.kind == "adapter"}
        found = self.put(uid, values, gone=_no_longer_known(card, values), unknown=unknown, before=before)
        stale = tuple(outdated(self._shelf.card(self._shelf.again(uid))))
        return Filled(uid, tuple(found), tuple(skipped), time.monotonic() - started, stale)

    def open(self, uid: str) -> CardRow:
        """The card, if it may be filled."""
        row = self._shelf.again(uid)
        if row.state == "published":
            raise ForgeError(
                f"The card of {row.name} is published, so it is not filled.",
                hint="Reopen it first.",
                code="published",
                commands=[f"card reopen {row.label or row.uid[:8]}"],
            )
        return row

    def put(
        self,
        uid: str,
        values: Mapping[str, Value],
        *,
        gone: Collection[str] = (),
        unknown: Mapping[str, str] | None = None,
        before: Mapping[str, FieldState] | None = None,
    ) -> list[Change]:
        """Write measured values into a card in one transaction, and take out those of the fields that are `gone`; what
        differs from `before`, else from what is there. `unknown` are sentences why a field cannot be known, which then
        stand in it.
        """
        with self._store.db.write() as connection:
            row = self.open(uid)
            before = self._store.fields(uid) if before is None else before
            for key, value in values.items():
                self._store.put_value(connection, uid, key, "measured", value)
                if value.source != "shipped" and told_stale.sentence(before[key].hand if key in before else None):
                    self._store.drop_value(connection, uid, key, "hand")  # it is renewed
            for key in gone:
                self._store.drop_value(connection, uid, key, "measured")
            self._say_unknown(connection, uid, values, unknown or {})
            after = self._store.fields(uid)
            self._store.change(connection, uid, summary(row, after, row.broken))
            parent = self._store.card(row.parent) if row.parent else None
            if parent is not None:
                said = changes.what_changed(self._shelf.card(parent), self._shelf.card(row), after)
                if said is None:
                    self._store.drop_value(connection, uid, "changes", "measured")
                else:
                    self._store.put_value(connection, uid, "changes", "measured", said)
        self._changed(self._shelf.again(uid))
        measured = {key: _only_measured(state) for key, state in before.items()}
        now = {key: _only_measured(state) for key, state in after.items()}
        return changes.of_fields(measured, now)

    def _say_unknown(
        self, connection: sqlite3.Connection, uid: str, values: Mapping[str, Value], unknown: Mapping[str, str]
    ) -> None:
        """Let a field say why it is not known, until it is; a person's word stays."""
        for key, state in self._store.fields(uid).items():
            if key in values and state.not_applicable.startswith(NOT_KNOWN):
                self._store.mark(connection, uid, key, why="", taken_over=state.taken_over)
        there = self._store.fields(uid)
        for key, why in unknown.items():
            state = there.get(key, FieldState(key))
            if state.hand is None and (not state.not_applicable or state.not_applicable.startswith(NOT_KNOWN)):
                self._store.drop_value(connection, uid, key, "measured")
                self._store.mark(connection, uid, key, why=f"{NOT_KNOWN}{why}", taken_over=False)


def _refuse_elsewhere(card: Card) -> None:
    if not card.here:
        raise ForgeError(
            f"{card.label or card.name} is not a version on this computer, so it cannot be measured.",
            hint="Fill it without measuring.",
        )


def _no_longer_known(card: Card, values: Mapping[str, Value]) -> list[str]:
    """What an endpoint said, did or cost before it became another one, of which this one says nothing. What could not
    be looked at again, as in a file that is another one now, stays with its mark; so does what was paid at an earlier
    price.
    """
    return [
        key
        for key, state in card.fields.items()
        if key != "changes" and key not in values and state.measured is not None and _is_of_another(state.measured)
    ]


def _is_of_another(value: Value) -> bool:
    return "endpoint" in value.causes or (bool(value.causes) and value.source in COMES_AND_GOES)


def _only_measured(state: FieldState) -> FieldState:
    return FieldState(state.field, state.measured, None, state.not_applicable)
