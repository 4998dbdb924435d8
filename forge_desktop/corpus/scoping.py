"""From a search filter to the passages it leaves: names checked, formats recognised, ranges of ids remembered."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, Event, Events
from forge_desktop.corpus.names import encoded
from forge_desktop.corpus.parsers import PARSERS
from forge_desktop.corpus.records import SearchFilter
from forge_desktop.corpus.retrieval.postings import Int64s
from forge_desktop.corpus.retrieval.scope import Scope
from forge_desktop.corpus.store_scope import Conditions, ScopeStore

_REMEMBERED = 16  # filters of one generation of the index


@dataclass(frozen=True)
class Scoped:
    """What a filter leaves: its passages, and how many documents they belong to."""

    scope: Scope
    documents: int


class Scopes:
    """Turns filters into scopes. One is read from the tables once for each state of index and documents."""

    def __init__(self, store: ScopeStore, uids: Callable[[Sequence[str]], tuple[str, ...]], events: Events) -> None:
        """`uids` gives those of collections named by uid or name, and raises ForgeError for one that is not there."""
        self._store, self._uids = store, uids
        self._known: dict[Conditions, Scoped] = {}
        self._state = (-1, 0)  # the index's generation, and how often documents or collections changed
        self._changes = 0
        self._lock = threading.Lock()
        events.subscribe(self._on_event)

    def of(self, where: SearchFilter) -> Scoped | None:
        """The scope of a filter, None when it leaves everything. Raises ForgeError for an unknown name or format."""
        if where == SearchFilter():
            return None
        conditions = self.conditions(where)
        with self._lock:
            state = (self._store.generation(), self._changes)
            if state != self._state:
                self._known, self._state = {}, state
            found = self._known.get(conditions)
        if found is None:
            found = self._read(conditions, state)
            with self._lock:
                if state == self._state:
                    if len(self._known) >= _REMEMBERED:
                        self._known.clear()
                    self._known[conditions] = found
        return found

    def _read(self, conditions: Conditions, state: tuple[int, int]) -> Scoped:
        first, last = self._store.ranges(conditions)
        return Scoped(Scope(*_joined(first, last), (state, conditions)), len(first))

    def _on_event(self, event: Event) -> None:
        """Documents can change their collection while the index stays the same."""
        if isinstance(event, DataChanged) and event.what & {"documents", "collections"}:
            with self._lock:
                self._changes += 1

    def conditions(self, where: SearchFilter) -> Conditions:
        """A filter made comparable. Raises ForgeError for an unknown name or format."""
        return Conditions(
            collections=tuple(sorted(self._uids(where.collections))),
            folder=encoded(os.path.expanduser(where.folder)) if where.folder else b"",
            formats=tuple(sorted({known_format(name) for name in where.formats})),
            changed_from_ns=_nanoseconds(where.changed_from),
            changed_to_ns=_nanoseconds(where.changed_to),
        )


def known_format(name: str) -> str:
    """A format by its name or by a suffix of its files, in any case. Raises ForgeError when there is none."""
    wanted = name.strip().casefold()
    if wanted in PARSERS.values():
        return wanted
    found = PARSERS.get(f".{wanted.lstrip('.')}")
    if found is None:
        kinds = ", ".join(sorted(set(PARSERS.values())))
        raise ForgeError(f"Documents of the type {name} are not read.", hint=f"There are: {kinds}.")
    return found


def within(scope: Scope, ids: Int64s) -> Int64s:
    """Those of these ids that lie in the scope, in their order."""
    if not len(scope.first):
        return ids[:0]
    at = np.searchsorted(scope.first, ids, "right") - 1
    return ids[(at >= 0) & (ids <= scope.last[np.maximum(at, 0)])]


def _joined(first: Int64s, last: Int64s) -> tuple[Int64s, Int64s]:
    """Ranges that touch become one."""
    if not len(first):
        return first, last
    begins = np.concatenate(([True], first[1:] > last[:-1] + 1))
    return first[begins], last[np.concatenate((begins[1:], [True]))]


def _nanoseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e9)
