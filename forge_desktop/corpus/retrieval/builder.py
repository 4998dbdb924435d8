"""Passages to a segment: counted, written; and several segments to one."""

from __future__ import annotations

import itertools
import sqlite3
from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.postings import LARGEST_SEGMENT, Int64s, count, filed, merge, term_key

_MOST_TERMS = 300_000  # remembered with their keys, about 35 MB; then the memory starts afresh


class Builder:
    """Writes segments. One transaction at a time, so not shared between writing threads."""

    def __init__(self) -> None:
        self._vocabulary = Vocabulary()

    def add(self, connection: sqlite3.Connection, items: Sequence[tuple[int, list[str]]]) -> int:
        """Write one segment of passages (id, terms) with ids ascending; returns its tokens."""
        if len(self._vocabulary) > _MOST_TERMS:
            self._vocabulary = Vocabulary()
        vocabulary = self._vocabulary
        run: list[int] = []
        lengths = np.zeros(len(items), np.int64)
        for at, (_, found) in enumerate(items):
            lengths[at] = len(found)
            run.extend(map(vocabulary.__getitem__, found))
        postings = count(np.array(run, np.int64), lengths)
        ids = np.array([passage for passage, _ in items], np.int64)
        body = store.SegmentBody(ids, lengths.astype(np.int32))
        store.write_segment(connection, body, filed(postings, vocabulary.keys_of(postings.keys)))
        return len(run)


class Vocabulary(dict[str, int]):
    """Numbers terms as they come, so that passages are counted by sorting integers."""

    def __init__(self) -> None:
        self._fresh: list[str] = []
        self._keys = array("q")

    def __missing__(self, term: str) -> int:
        number = self[term] = len(self)
        self._fresh.append(term)
        return number

    def keys_of(self, numbers: Int64s) -> Int64s:
        """What the terms with these numbers are filed under."""
        self._catch_up()
        keys: Int64s = np.frombuffer(self._keys, np.int64)[numbers]
        return keys

    def _catch_up(self) -> None:
        self._keys.extend(map(term_key, self._fresh))
        self._fresh.clear()


def merge_segments(connection: sqlite3.Connection, rows: Sequence[store.SegmentRow]) -> None:
    """Put the living passages of these segments into one new segment, in id order, and drop the old ones."""
    alive = [store.alive_in(connection, row) for row in rows]
    ids, lengths = [], []
    for row, living in zip(rows, alive, strict=True):
        row_ids, row_lengths, _ = store.passages_of(connection, row.id)
        ids.append(row_ids[living])
        lengths.append(row_lengths[living])
    all_ids = np.concatenate(ids)
    if len(all_ids):
        order = np.argsort(all_ids)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        parts = [
            (store.postings_of(connection, row), renumbered)
            for row, renumbered in zip(rows, _renumbered(alive, place), strict=True)
        ]
        body = store.SegmentBody(all_ids[order], np.concatenate(lengths)[order])
        store.write_segment(connection, body, merge(parts))
    for row in rows:
        store.drop_segment(connection, row)


def to_merge(rows: Sequence[store.SegmentRow]) -> list[store.SegmentRow]:
    """Segments that should become one now: eight of about a size, or any mostly removed. Empty: all is well.

    Each passage is rewritten once for every eightfold growth, and at most seven segments of a size remain.
    """
    for row in rows:
        if row.removed * 2 >= row.passages:
            return [row]
    sizes = sorted(rows, key=lambda row: (_size(row), row.id))
    for _, same in itertools.groupby(sizes, _size):
        group = list(same)
        if len(group) >= 8 and _size(group[0]) < LARGEST_SEGMENT.bit_length() // 3:
            return _fitting(group)
    return []


def _size(row: store.SegmentRow) -> int:
    return (row.passages - row.removed).bit_length() // 3


def _fitting(group: Sequence[store.SegmentRow]) -> list[store.SegmentRow]:
    total, chosen = 0, []
    for row in sorted(group, key=lambda row: row.passages - row.removed):
        total += row.passages - row.removed
        if total > LARGEST_SEGMENT:
            break
        chosen.append(row)
    return chosen


def _renumbered(alive: Sequence[npt.NDArray[np.bool_]], place: Int64s) -> list[Int64s]:
    found, at = [], 0
    for living in alive:
        renumbered = np.full(len(living), -1, np.int64)
        size = int(living.sum())
        renumbered[living] = place[at : at + size]
        found.append(renumbered)
        at += size
    return found
