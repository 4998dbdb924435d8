"""Passages to a segment: analysed, counted, embedded, written; and several segments to one."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.analyser import terms
from forge_desktop.corpus.retrieval.embedder import HashEmbedder, sign_bits
from forge_desktop.corpus.retrieval.postings import LARGEST_SEGMENT, Int64s, count, filed, merge, term_key


class Builder:
    """Writes segments. One transaction at a time, so not shared between writing threads."""

    def __init__(self) -> None:
        self._embedder = HashEmbedder()

    def add(self, connection: sqlite3.Connection, items: Sequence[tuple[int, str]], embedder: str) -> int:
        """Write one segment of at most LARGEST_SEGMENT passages with ids ascending; returns its tokens."""
        numbers: dict[str, int] = {}
        run: list[int] = []
        lengths = np.zeros(len(items), np.int64)
        for at, (_, text) in enumerate(items):
            found = terms(text)
            lengths[at] = len(found)
            run += [numbers.setdefault(term, len(numbers)) for term in found]
        postings = count(np.array(run, np.int64), lengths)
        names = list(numbers)
        vectors = self._embedder.embed(names, postings, len(items))
        ids = np.array([passage for passage, _ in items], np.int64)
        keys = np.fromiter(map(term_key, names), np.int64, len(names))
        body = store.SegmentBody(ids, lengths.astype(np.int32), sign_bits(vectors))
        store.write_segment(connection, body, filed(postings, keys))
        store.add_vectors(connection, zip(ids.tolist(), map(bytes, vectors), strict=True), embedder)
        return len(run)


def merge_segments(connection: sqlite3.Connection, rows: Sequence[store.SegmentRow]) -> None:
    """Put the living passages of these segments into one new segment, in id order, and drop the old ones."""
    alive = [store.alive_in(connection, row) for row in rows]
    ids, lengths, signs = [], [], []
    for row, living in zip(rows, alive, strict=True):
        row_ids, row_lengths, _ = store.passages_of(connection, row.id)
        ids.append(row_ids[living])
        lengths.append(row_lengths[living])
        signs.append(store.signs_of(connection, row.id)[:, living])
    all_ids = np.concatenate(ids)
    if len(all_ids):
        order = np.argsort(all_ids)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        parts = [
            (store.postings_of(connection, row), renumbered)
            for row, renumbered in zip(rows, _renumbered(alive, place), strict=True)
        ]
        body = store.SegmentBody(
            all_ids[order], np.concatenate(lengths)[order], np.concatenate(signs, axis=1)[:, order]
        )
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
