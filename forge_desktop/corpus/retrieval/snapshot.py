"""What a reader keeps in memory of one generation of the index: passage ids, lengths, which are alive.

Snapshots never change; a newer generation makes a new one that shares the segments both have. Everything is read inside
one read transaction, so the arrays and the lists of a search belong together.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.postings import Int64s

K1, B = 1.5, 0.75  # rank_bm25.BM25Okapi's defaults


@dataclass(frozen=True)
class Segment:
    """A segment as a reader sees it. `alive` is None while nothing of it was removed."""

    row: store.SegmentRow
    ids: Int64s
    lengths: npt.NDArray[np.int32]
    directory: Int64s
    alive: npt.NDArray[np.bool_] | None

    @property
    def living_ids(self) -> Int64s:
        """Ids of the passages that still count, ascending."""
        return self.ids if self.alive is None else self.ids[self.alive]

    def block_of(self, key: int) -> int | None:
        """The block that would hold this term."""
        at = int(np.searchsorted(self.directory, key, "right")) - 1
        return None if at < 0 else self.row.first_block + at


@dataclass(frozen=True)
class Snapshot:
    """One committed generation."""

    state: store.State
    segments: tuple[Segment, ...]

    @cached_property
    def norms(self) -> list[npt.NDArray[np.float64]]:
        """BM25's length term k1 * (1 - b + b * length / average) of every passage, by segment."""
        average = self.state.tokens / self.state.passages
        return [np.asarray(K1 * (1 - B + B * part.lengths / average), np.float64) for part in self.segments]


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
        return Segment(row, known.ids, known.lengths, known.directory, alive)
    return Segment(row, *store.passages_of(connection, row.id), alive)
