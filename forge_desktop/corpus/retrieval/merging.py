"""Several segments to one, a slice of the terms at a time, so that no transaction takes long and a kill loses a slice.

The new segment is written beside the old ones, which are searched until it is complete; passages removed meanwhile are
removed from it in the transaction that puts it in their place. The old ones' blocks are then deleted, some at a time.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.codes import Codes
from forge_desktop.corpus.retrieval.coding import LARGEST_SEGMENT, decode, encode
from forge_desktop.corpus.retrieval.numbering import Ids
from forge_desktop.corpus.retrieval.postings import Int64s, Postings, joined, merged

SLICE = 400_000  # postings, about 50 ms
_ALL = 1 << 62
_SMALL = 2000  # passages whose lists are put together within an addition, some milliseconds
_FEW = 8  # segments of about a size are put together
_STEP = 4  # sizes are told apart by powers of two to this
_SMALL_PART = 4  # all become one when the smaller ones together are more than this part of the largest
_DROPPED_AT_ONCE = 2000  # blocks


def due(connection: sqlite3.Connection, *, wholly: bool = False) -> list[store.SegmentRow]:
    """Segments that should become one now: many of about a size, or any mostly removed. Empty: all is well.

    Each passage is rewritten once for every sixteenfold growth. `wholly` leaves few segments, so that questions are
    answered soonest: for the end of a run.
    """
    busy = {source for row in store.merges(connection) for source in json.loads(row.sources)}
    rows = [row for row in store.segments(connection) if row.id not in busy]
    for row in rows:
        if row.removed * 2 >= row.passages:
            return [row]
    for _, same in itertools.groupby(sorted(rows, key=_kind), _kind):
        group = list(same)
        if len(group) >= _FEW:
            return _fitting(group)
    return _smaller(rows) if wholly else []


def _smaller(rows: Sequence[store.SegmentRow]) -> list[store.SegmentRow]:
    """What tidying up would put together: all but the largest, or all when the others have grown beside it."""
    for _, same in itertools.groupby(sorted(rows, key=lambda row: row.analyser), lambda row: row.analyser):
        *small, largest = sorted(same, key=_living)
        if not small:
            continue
        if sum(map(_living, small)) * _SMALL_PART >= _living(largest):
            return _fitting([*small, largest])
        if len(small) > 1:
            return _fitting(small)
    return []


def tidy_small(connection: sqlite3.Connection) -> None:
    """Put together at once what takes milliseconds, so that many small additions leave few segments."""
    while (rows := due(connection)) and sum(map(_living, rows)) <= _SMALL:
        row = _begin(connection, rows)
        if row is not None:
            _Merge(connection, row).slice(_ALL)
        for source in rows:
            store.drop_some(connection, source, source.blocks)


def go_on(connection: sqlite3.Connection, *, wholly: bool, most: int = SLICE) -> bool:
    """Do a slice of what is to do, about that many postings; whether there was anything."""
    for row in store.merges(connection):
        _Merge(connection, row).slice(most)
        return True
    for retired in store.segments(connection, store.DROPPED):
        store.drop_some(connection, retired, _DROPPED_AT_ONCE)
        return True
    if rows := due(connection, wholly=wholly):
        _begin(connection, rows)
        return True
    return False


def _begin(connection: sqlite3.Connection, rows: Sequence[store.SegmentRow]) -> store.MergeRow | None:
    """Start putting these segments together; None when nothing of them is left."""
    ids, lengths = [], []
    for row in rows:
        alive, (body, _) = store.alive_in(connection, row), store.body_of(connection, row.id)
        ids.append(body.ids.all()[alive])
        lengths.append(body.lengths[alive])
    all_ids, all_lengths = np.concatenate(ids), np.concatenate(lengths)
    if not len(all_ids):
        for row in rows:
            store.retire(connection, row.id)
        store.count_in(connection, 0, 0)
        return None
    order = np.argsort(all_ids, kind="stable")
    all_lengths = all_lengths[order]
    body = store.SegmentBody(Codes.fitting(all_lengths), Ids.packed(all_ids[order]), all_lengths)
    segment = store.write_segment(connection, body, rows[0].analyser, store.WRITING)
    merge = store.MergeRow(segment, json.dumps([row.id for row in rows]), np.iinfo(np.int64).min, b"")
    store.write_merge(connection, merge)
    return merge


@dataclass(frozen=True)
class _Source:
    """A segment that is being merged: the new number of each of its passages, -1 for those removed before."""

    row: store.SegmentRow
    codes: Codes
    directory: store.Directory
    renumbered: Int64s


class _Merge:
    def __init__(self, connection: sqlite3.Connection, row: store.MergeRow) -> None:
        self._connection, self._row = connection, row
        self._body, _ = store.body_of(connection, row.segment)
        numbers = set(json.loads(row.sources))
        rows = [source for source in store.segments(connection) if source.id in numbers]
        self._sources = [self._source(source) for source in rows]

    def slice(self, most: int) -> None:
        """Write the lists of the next terms; with the last of them the new segment takes the place of the old ones."""
        row = self._row
        last = self._last_key(most)
        parts = [(self._read(source, last), source.renumbered) for source in self._sources]
        lists = merged(parts)
        written = encode(lists, self._body.codes, self._body.codes.classes(self._body.lengths))
        first = len(row.directory) // 16
        directory = row.directory + store.write_blocks(self._connection, row.segment, first, written)
        if last is None:
            self._finish(directory)
        else:
            store.write_merge(self._connection, row._replace(following=last, directory=directory))

    def _source(self, row: store.SegmentRow) -> _Source:
        body, directory = store.body_of(self._connection, row.id)
        renumbered = np.full(row.passages, -1, np.int64)
        living = np.flatnonzero(store.alive_in(self._connection, row))
        numbers, places = self._body.ids.find(body.ids.of(living))
        renumbered[living[places]] = numbers
        return _Source(row, body.codes, directory, renumbered)

    def _last_key(self, most: int) -> int | None:
        """The key before which this slice ends; None when it is the last one."""
        keys = np.concatenate([source.directory.keys for source in self._sources])
        sizes = np.concatenate([source.directory.sizes for source in self._sources])
        order = np.argsort(keys)
        order = order[keys[order] > self._row.following]
        enough = int(np.searchsorted(np.cumsum(sizes[order]), most))
        return None if enough + 1 >= len(order) else int(keys[order[enough + 1]])

    def _read(self, source: _Source, last: int | None) -> Postings:
        """The source's lists with keys from where the merge stands to `last`."""
        keys = source.directory.keys
        begin = max(int(np.searchsorted(keys, self._row.following, "right")) - 1, 0)
        end = len(keys) if last is None else int(np.searchsorted(keys, last))
        blocks = store.blocks(self._connection, source.row.id, begin, end)
        lists = joined(decode(*block, source.codes) for block in blocks)
        low = int(np.searchsorted(lists.keys, self._row.following))
        high = len(lists.keys) if last is None else int(np.searchsorted(lists.keys, last))
        return lists.part(low, high)

    def _finish(self, directory: bytes) -> None:
        connection, segment = self._connection, self._row.segment
        alive = np.zeros(len(self._body.lengths), np.bool_)
        for source in self._sources:
            living = store.alive_in(connection, source.row) & (source.renumbered >= 0)
            alive[source.renumbered[living]] = True
            store.retire(connection, source.row.id)
        store.finish_segment(connection, segment, directory)
        if not alive.all():
            store.bury(connection, segment, alive)
        store.end_merge(connection, segment)
        store.count_in(connection, 0, 0)


def _living(row: store.SegmentRow) -> int:
    return row.passages - row.removed


def _kind(row: store.SegmentRow) -> tuple[str, int]:
    return row.analyser, _living(row).bit_length() // _STEP


def _fitting(group: Sequence[store.SegmentRow]) -> list[store.SegmentRow]:
    """As many of the group, the smallest first, as fit into one segment; none when that is no gain."""
    total, chosen = 0, []
    for row in sorted(group, key=_living):
        total += _living(row)
        if total > LARGEST_SEGMENT:
            break
        chosen.append(row)
    return chosen if len(chosen) > 1 else []
