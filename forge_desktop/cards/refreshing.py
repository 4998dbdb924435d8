"""Follows what tables tell: once a version, a gate, a benchmark or an endpoint changed, the drafts about it say so."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import store_tallies
from forge_desktop.cards.filling.filler import Filler
from forge_desktop.cards.filling_in import COMES_AND_GOES, Fills
from forge_desktop.cards.footing import of_registry
from forge_desktop.cards.grounds import is_endpoint
from forge_desktop.cards.records import FieldState, Value
from forge_desktop.cards.store import CardRow, CardStore

if TYPE_CHECKING:
    from forge_desktop.students import Students
    from forge_desktop.students.rooms import Rooms

log = logging.getLogger(__name__)
_OF_VERSIONS = frozenset(("versions", "gates", "measurements"))
_ONLY_A_FILL = frozenset(("teachers", "changes"))  # tables tell less of these than a fill, or nothing


class Refreshing:
    """Writes what is known at once into the cards that a change touched. Published cards stay, and show what is stale.

    What a fill reads or adds up is left to that.
    """

    def __init__(self, rooms: Rooms, students: Students, store: CardStore, filler: Filler, fills: Fills) -> None:
        self._rooms, self._students, self._store = rooms, students, store
        self._filler, self._fills = filler, fills

    def after(self, what: frozenset[str]) -> None:
        """Rows of these nouns changed."""
        touched = self._versions(what) if what & _OF_VERSIONS else set()
        touched |= self._endpoints() if "endpoints" in what else set()
        if touched:
            self._refresh_all(self._drafts(touched))

    def at_opening(self) -> None:
        """What changed a moment before the program ended, so that nothing came after it. It is asked at each opening:
        where nothing differs, no value is made but those of endpoints, which are few.
        """
        told = self._students.told_last()
        late = [row for row in self._drafts(told) if row.changed < told[row.subject]]
        self._refresh_all([*late, *self._drafts(self._other_states() | self._endpoints())])

    def _drafts(self, subjects: Container[str]) -> list[CardRow]:
        return [row for row in self._store.cards() if row.subject in subjects and row.state == "draft"]

    def _refresh_all(self, rows: list[CardRow]) -> None:
        for row in rows:
            self._refresh(row)

    def _versions(self, what: frozenset[str]) -> set[str]:
        """The versions of which the registry, the newest gate or the newest benchmark tell something new."""
        touched: set[str] = set()
        if "versions" in what:
            touched |= self._other_states()
        if "gates" in what and self._students.was_gated():
            done = next((one for one in self._students.gates.all() if one.state == "done"), None)
            touched |= {done.version, done.gated, done.baseline} if done is not None else set()
        if "measurements" in what:
            touched |= {one.version for one in self._students.measures.all()[:1]}
        return touched

    def _other_states(self) -> set[str]:
        """The versions of which the registry tells something else than their card."""
        known = store_tallies.rests(self._store.db, "registry")
        now = {one.uid: of_registry(one) for one in self._students.registry.versions(looked_at=False)}
        return {uid for uid, told in known.items() if uid in now and told.get("registry") != now[uid]}

    def _endpoints(self) -> set[str]:
        """All of them: they are few."""
        return {one.uid for one in self._rooms.providers.endpoints.list()}

    def _refresh(self, row: CardRow) -> None:
        try:
            told = self._filler.cheap(row.kind, row.subject)
            there = self._store.fields(row.uid)
            news = {key: value for key, value in told.items() if _is_news(key, value, there.get(key))}
            gone = _gone(there.values(), told) if is_endpoint(row.kind) else []
            if news or gone:
                self._fills.put(row.uid, news, gone=gone)
        except ForgeError as error:  # whoever changed something did so; the next fill tells what is wrong
            log.warning("the card of %s was not refreshed: %s", row.label, error.message)


def _is_news(key: str, told: Value, state: FieldState | None) -> bool:
    """Whether it is otherwise than what stands there, and not less than that."""
    there = None if state is None else state.measured
    if there is None:
        return True
    if key in _ONLY_A_FILL or told.source == "shipped":
        return False
    return _content(told) != _content(there)


def _content(value: Value) -> tuple[object, ...]:
    """All but the day on which it was looked at."""
    detail = {name: said for name, said in value.detail.items() if name != "date"}
    return (value.data, value.unit, value.source, detail, dict(value.rests_on))


def _gone(there: Iterable[FieldState], told: Mapping[str, Value]) -> list[str]:
    """What an endpoint said and says no more."""
    return [
        state.field
        for state in there
        if state.measured is not None and state.measured.source in COMES_AND_GOES and state.field not in told
    ]
