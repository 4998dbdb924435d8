"""What a reader keeps in memory of one generation of the index: passage ids, lengths, which are alive.

Snapshots never change; a newer generation makes a new one that shares the segments both have. Everything is read inside
one read transaction, so the arrays and the lists of a search belong together.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.codes import Floats, norm
from forge_desktop.corpus.retrieval.postings import Int64s
from forge_desktop.corpus.retrieval.scope import Scope

Mask = npt.NDArray[np.bool_]

_MOST_SCOPES = 8  # whose masks are remembered, a byte a passage each


@dataclass(frozen=True, eq=False)
class Segment:
    """A segment as a reader sees it. `alive` is None while nothing of it was removed."""

    row: store.SegmentRow
    alive: Mask | None
    body: store.SegmentBody
    directory: store.Directory
    _dead: list[Int64s] = field(default_factory=list)

    @property
    def living_ids(self) -> Int64s:
        """Ids of the passages that still count, ascending."""
        return self.body.ids.all() if self.alive is None else self.body.ids.all()[self.alive]

    @property
    def dead(self) -> Int64s:
        """The passages that were removed."""
        if not self._dead:
            self._dead.append(np.zeros(0, np.int64) if self.alive is None else np.flatnonzero(~self.alive))
        return self._dead[0]

    def block_of(self, key: int) -> int | None:
        """The block that would hold this term."""
        at = int(np.searchsorted(self.directory.keys, key, "right")) - 1
        return None if at < 0 else (self.row.id << store.BLOCK_BITS) + at

    def mask(self, scope: Scope | None) -> Mask | None:
        """Which of its passages are alive and in the scope; None for all."""
        if scope is None:
            return self.alive
        step = np.zeros(self.row.passages + 1, np.int32)
        np.add.at(step, self.body.ids.before(scope.first), 1)
        np.add.at(step, self.body.ids.before(scope.last + 1), -1)
        inside = np.cumsum(step[:-1]) > 0
        return inside if self.alive is None else inside & self.alive


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One committed generation."""

    state: store.State
    segments: tuple[Segment, ...]
    _masks: OrderedDict[Hashable, list[Mask | None]] = field(default_factory=OrderedDict)
    _bounds: dict[int, tuple[Floats, list[float]]] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)

    @cached_property
    def average(self) -> float:
        """The average length in tokens."""
        return self.state.tokens / self.state.passages

    @cached_property
    def norms(self) -> Floats:
        """BM25's length term of a passage of each length."""
        longest = max(int(segment.body.lengths.max(initial=0)) for segment in self.segments)
        return norm(np.arange(longest + 1), self.average)

    def bounds(self, at: int) -> tuple[Floats, list[float]]:
        """What a posting of segment `at` counts at most by its code, and by its code and all lower ones."""
        found = self._bounds.get(at)
        if found is None:
            bounds = self.segments[at].body.codes.bounds(self.average)
            found = self._bounds[at] = bounds, np.maximum.accumulate(bounds).tolist()
        return found

    def masks(self, scope: Scope | None) -> list[Mask | None]:
        """For each segment which passages are alive and in the scope; None for all."""
        if scope is None:
            return [segment.alive for segment in self.segments]
        found = self._masks.get(scope.key)
        if found is None:
            found = self._masks[scope.key] = [segment.mask(scope) for segment in self.segments]
            while len(self._masks) > _MOST_SCOPES:
                self._masks.popitem(last=False)
        return found


def load(connection: sqlite3.Connection, known: Snapshot | None) -> Snapshot:
    """The snapshot of what `connection` sees now; `known` itself when nothing changed since."""
    state = store.state(connection)
    if known is not None and known.state == state:
        return known
    have = {segment.row.id: segment for segment in known.segments} if known is not None else {}
    return Snapshot(state, tuple(_segment(connection, row, have.get(row.id)) for row in store.segments(connection)))


def _segment(connection: sqlite3.Connection, row: store.SegmentRow, known: Segment | None) -> Segment:
    if known is not None and known.row == row:
        return known
    alive = store.alive_in(connection, row) if row.removed else None
    if known is not None:
        return Segment(row, alive, known.body, known.directory)
    return Segment(row, alive, *store.body_of(connection, row.id))
