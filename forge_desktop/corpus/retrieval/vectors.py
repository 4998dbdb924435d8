"""The vector side of the index: written beside the passages, searched by sign bits, then by the exact cosine.

Vectors carry their embedder's identity; those of several embedders stand side by side while one replaces another. Sign
bits are kept in immutable segments with tombstones and are held in memory once searched (64 MB for a million passages
of 512 dimensions); rows of signed bytes stay on the disk.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import embedder, signs, store_vectors
from forge_desktop.corpus.retrieval.numbering import Ids
from forge_desktop.corpus.retrieval.postings import Int64s
from forge_desktop.corpus.retrieval.scope import Scope
from forge_desktop.corpus.retrieval.signs import Vectors, Words
from forge_desktop.corpus.retrieval.store_vectors import EmbedderRow

LARGEST_SEGMENT = 65_536  # passages

_DROPPED_AT_ONCE = 4000  # rows
_SMALL = 4000  # passages whose segments are put together within an addition, some milliseconds
_NEAR = 20_000  # passages whose distance is worked out more exactly
_RESCORED = 800  # of these, by exact cosine; with 400 18 instead of 11 in a hundred of the true best ten were missed
_NEVER = 65_535  # the distance of a removed passage


@dataclass(frozen=True)
class Segment:
    """A segment as a reader sees it. `alive` is None while nothing of it was removed."""

    row: store_vectors.SegmentRow
    ids: Ids
    signs: Words
    alive: npt.NDArray[np.bool_] | None


@dataclass(frozen=True)
class VectorView:
    """One generation of the vectors. Sign bits are read when an embedder's are first searched."""

    generation: int
    embedders: tuple[EmbedderRow, ...]
    rows: tuple[store_vectors.SegmentRow, ...]
    read: dict[int, Segment] = field(default_factory=dict)

    def segment(self, connection: sqlite3.Connection, row: store_vectors.SegmentRow) -> Segment:
        """A segment with its arrays."""
        found = self.read.get(row.id)
        if found is None or found.row != row:
            alive = store_vectors.alive_in(connection, row) if row.removed else None
            ids, bits = (found.ids, found.signs) if found is not None else store_vectors.body_of(connection, row)
            found = self.read[row.id] = Segment(row, ids, bits, alive)
        return found


class VectorSide:
    """Stores vectors of passages and finds those nearest to a question's. Writing methods join the caller's
    transaction; one writer at a time."""

    def __init__(self) -> None:
        self.dimensions = embedder.DIMENSIONS  # of the built-in embedding's new vectors
        self._hash = embedder.HashEmbedder()
        self._known: VectorView | None = None

    @property
    def identity(self) -> str:
        """Of the built-in embedding as new vectors are made."""
        return embedder.identity(self.dimensions)

    # ---- writing ----

    def add(self, connection: sqlite3.Connection, ids: Sequence[int], terms: Sequence[Sequence[str]]) -> None:
        """Store the built-in vectors of these passages, ids ascending, given as their terms."""
        dimensions = self.dimensions
        self.put(connection, embedder.identity(dimensions), ids, self._hash.embed(terms, dimensions))

    def put(self, connection: sqlite3.Connection, identity: str, ids: Sequence[int], rows: Vectors) -> None:
        """Store an embedder's vectors, ids ascending. A passage that has one already raises IntegrityError."""
        row = store_vectors.embedder(connection, identity, rows.shape[1])
        passages = np.array(ids, np.int64)
        store_vectors.write_rows(connection, row.id, passages, rows)
        store_vectors.write_segment(connection, row.id, passages, signs.sign_bits(rows))
        store_vectors.count_in(connection, row.id, len(passages))
        self._tidy_small(connection)

    def remove(self, connection: sqlite3.Connection, ids: Collection[int]) -> None:
        """Forget all vectors of these passages; ids that are not there are ignored."""
        wanted = np.unique(np.fromiter(ids, np.int64, len(ids)))
        for row in store_vectors.segments(connection):
            if not len(wanted) or row.last_passage < wanted[0] or row.first_passage > wanted[-1]:
                continue
            alive = store_vectors.alive_in(connection, row)
            passages, places = store_vectors.ids_of(connection, row).find(wanted)
            gone = alive[passages]
            if gone.any():
                alive[passages] = False
                store_vectors.bury(connection, row, alive)
                store_vectors.drop_rows(connection, row.embedder, wanted[places[gone]].tolist())
                store_vectors.count_in(connection, row.embedder, -int(gone.sum()))
        self._tidy_small(connection)

    def merge(self, connection: sqlite3.Connection) -> bool:
        """One step of tidying up, a few hundredths of a second; whether there was anything to do."""
        return store_vectors.drop_some(connection, _DROPPED_AT_ONCE) or self._merge(connection, LARGEST_SEGMENT)

    def _merge(self, connection: sqlite3.Connection, most: int) -> bool:
        rows = _to_merge(store_vectors.segments(connection))
        if not rows or sum(map(_living, rows)) > most:
            return False
        bodies = [(*store_vectors.body_of(connection, row), store_vectors.alive_in(connection, row)) for row in rows]
        ids = np.concatenate([ids.all()[alive] for ids, _, alive in bodies])
        if len(ids):
            order = np.argsort(ids)
            bits = np.concatenate([bits[:, alive] for _, bits, alive in bodies], axis=1)
            store_vectors.write_segment(connection, rows[0].embedder, ids[order], bits[:, order])
        for row in rows:
            store_vectors.drop_segment(connection, row)
        return True

    def _tidy_small(self, connection: sqlite3.Connection) -> None:
        while self._merge(connection, _SMALL):
            pass

    def drop(self, connection: sqlite3.Connection, identity: str) -> None:
        """Forget everything of one embedder; `merge` takes its rows away."""
        for row in store_vectors.embedders(connection):
            if row.identity == identity:
                store_vectors.retire_embedder(connection, row.id)

    def clear(self, connection: sqlite3.Connection) -> None:
        """Forget everything."""
        store_vectors.clear(connection)

    # ---- reading ----

    def view(self, connection: sqlite3.Connection, *, remember: bool) -> VectorView:
        """What this connection sees now. `remember` only what is committed."""
        generation = store_vectors.generation(connection)
        known = self._known
        if known is not None and known.generation == generation and remember:
            return known
        rows = tuple(store_vectors.segments(connection))
        read = {row.id: known.read[row.id] for row in rows if row.id in known.read} if known is not None else {}
        found = VectorView(generation, tuple(store_vectors.embedders(connection)), rows, read)
        if remember:
            self._known = found
        return found

    def ids(self, connection: sqlite3.Connection, identity: str) -> Int64s:
        """Passages that have a vector of this embedder, ascending."""
        of = {row.id for row in store_vectors.embedders(connection) if row.identity == identity}
        parts = [
            store_vectors.ids_of(connection, row).all()[store_vectors.alive_in(connection, row)]
            for row in store_vectors.segments(connection)
            if row.embedder in of
        ]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *parts]))

    def bodies(self, connection: sqlite3.Connection, passages: Sequence[int]) -> Mapping[int, bytes]:
        """The built-in vectors of these passages as bytes, by id: those of the dimensions that most passages have."""
        rows = [row for row in store_vectors.embedders(connection) if embedder.is_built_in(row.identity)]
        if not rows:
            return {}
        most = max(rows, key=lambda row: (row.passages, row.id))
        found, vectors = store_vectors.rows_of(connection, most, passages)
        return dict(zip(found, map(bytes, vectors), strict=True))


@dataclass(frozen=True)
class Limits:
    """Which passages may be found: those of the scope, without some."""

    scope: Scope | None = None
    without: Int64s = field(default_factory=lambda: np.zeros(0, np.int64))


def nearest(
    connection: sqlite3.Connection, view: VectorView, row: EmbedderRow, query: Vectors, limits: Limits
) -> list[int]:
    """Ids of the few hundred passages whose sign bits are nearest to the question's; ties go to the lowest id."""
    asked = signs.asked(query)
    parts = [view.segment(connection, segment) for segment in view.rows if segment.embedder == row.id]
    far = [signs.differing(part.signs, asked) for part in parts]
    for part, distance in zip(parts, far, strict=True):
        if part.alive is not None:
            distance[~part.alive] = _NEVER
        if limits.scope is not None:
            distance[~part.ids.inside(limits.scope.first, limits.scope.last)] = _NEVER
        distance[part.ids.find(limits.without)[0]] = _NEVER
    every = np.concatenate([np.zeros(0, np.uint16), *far])
    bound = min(int(np.partition(every, _NEAR)[_NEAR]), _NEVER - 1) if len(every) > _NEAR else _NEVER - 1
    ids, near = [np.zeros(0, np.int64)], [np.zeros(0, np.uint16)]
    for part, distance in zip(parts, far, strict=True):
        at = np.flatnonzero(distance <= bound)
        ids.append(part.ids.of(at))
        near.append(signs.distance(part.signs[:, at], asked))
    passage, exact = np.concatenate(ids), np.concatenate(near)
    chosen: list[int] = passage[np.lexsort((passage, exact))[:_RESCORED]].tolist()
    return chosen


def cosines(
    connection: sqlite3.Connection, row: EmbedderRow, query: Vectors, passages: Collection[int]
) -> dict[int, float]:
    """The cosine with the question's vector of those of these passages that have one of this embedder."""
    found, rows = store_vectors.rows_of(connection, row, sorted(passages))
    return dict(zip(found, signs.cosines(rows, query).tolist(), strict=True))


def _to_merge(rows: Sequence[store_vectors.SegmentRow]) -> list[store_vectors.SegmentRow]:
    """Segments that should become one now: eight of one embedder of about a size, or one mostly removed."""
    for row in rows:
        if row.removed * 2 >= row.passages:
            return [row]
    tiers = sorted(rows, key=lambda row: (*_tier(row), row.id))
    for (_, size), same in itertools.groupby(tiers, _tier):
        group = list(same)
        if len(group) >= 8 and size < LARGEST_SEGMENT.bit_length() // 3:
            return _fitting(group)
    return []


def _tier(row: store_vectors.SegmentRow) -> tuple[int, int]:
    return row.embedder, _living(row).bit_length() // 3


def _living(row: store_vectors.SegmentRow) -> int:
    return row.passages - row.removed


def _fitting(group: Sequence[store_vectors.SegmentRow]) -> list[store_vectors.SegmentRow]:
    total, chosen = 0, []
    for row in sorted(group, key=_living):
        total += _living(row)
        if total > LARGEST_SEGMENT:
            break
        chosen.append(row)
    return chosen
