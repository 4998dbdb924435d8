"""Fills a card in one go: a job that measures, reads and asks, and writes what it found beside what people wrote."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import changes, told_stale
from forge_desktop.cards.editing import summary
from forge_desktop.cards.filling.filler import Filler
from forge_desktop.cards.keeping import what_changed
from forge_desktop.cards.records import Card, Change, FieldState, Filled, Value
from forge_desktop.cards.shelf import Shelf
from forge_desktop.cards.store import CardRow, CardStore

if TYPE_CHECKING:
    from forge_desktop.base.jobs import JobContext
    from forge_desktop.students import Students
    from forge_desktop.students.records_measure import Measurement

_BUDGET = 45.0  # seconds of a benchmark that a person waits for after one click


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
        measurement = self._measured(ctx, card) if measure else None
        values, skipped = self._filler.fill(card, ctx.check, measure=measurement)
        found = self.put(uid, values, gone=_no_longer_known(card, values), before=before)
        return Filled(uid, tuple(found), tuple(skipped), time.monotonic() - started)

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
        before: Mapping[str, FieldState] | None = None,
    ) -> list[Change]:
        """Write measured values into a card in one transaction, and take out those of the fields that are `gone`; what
        differs from `before`, else from what is there.
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
            after = self._store.fields(uid)
            self._store.change(connection, uid, summary(row, after, row.broken))
            parent = self._store.card(row.parent) if row.parent else None
            if parent is not None:
                said = what_changed(self._shelf.card(parent), self._shelf.card(row), after)
                if said is None:
                    self._store.drop_value(connection, uid, "changes", "measured")
                else:
                    self._store.put_value(connection, uid, "changes", "measured", said)
        self._changed(self._shelf.again(uid))
        measured = {key: _only_measured(state) for key, state in before.items()}
        now = {key: _only_measured(state) for key, state in after.items()}
        return changes.of_fields(measured, now)

    def _measured(self, ctx: JobContext, card: Card) -> Measurement:
        if card.kind not in ("student", "adapter") or card.orphan:
            raise ForgeError(
                f"{card.label or card.name} is not a version on this computer, so it cannot be measured.",
                hint="Fill it without measuring.",
            )
        return self._students.measures.run(ctx, card.subject, budget=_BUDGET)


def _no_longer_known(card: Card, values: Mapping[str, Value]) -> list[str]:
    """Fields whose measured value is no longer true, and for which nothing could be found: it would stay stale."""
    return [
        key
        for key, state in card.fields.items()
        if key != "changes" and key not in values and state.measured is not None and state.measured.stale
    ]


def _only_measured(state: FieldState) -> FieldState:
    return FieldState(state.field, state.measured)
