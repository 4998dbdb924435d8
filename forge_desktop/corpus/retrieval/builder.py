"""Passages to a segment: counted, written."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence

import numpy as np

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.analyser import ANALYSER_VERSION
from forge_desktop.corpus.retrieval.codes import Codes
from forge_desktop.corpus.retrieval.coding import encode
from forge_desktop.corpus.retrieval.numbering import Ids
from forge_desktop.corpus.retrieval.postings import Int64s, Postings, count, filed, term_key

_MOST_TERMS = 300_000  # remembered with their keys, about 35 MB; then the memory starts afresh


class Builder:
    """Writes segments. One transaction at a time, so not shared between writing threads."""

    def __init__(self) -> None:
        self._vocabulary = Vocabulary()

    def add(self, connection: sqlite3.Connection, items: Sequence[tuple[int, Sequence[str]]]) -> int:
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
        _write(connection, ids, lengths, filed(postings, vocabulary.keys_of(postings.keys)))
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


def _write(connection: sqlite3.Connection, ids: Int64s, lengths: Int64s, postings: Postings) -> None:
    codes = Codes.fitting(lengths)
    body = store.SegmentBody(codes, Ids.packed(ids), lengths)
    segment = store.write_segment(connection, body, ANALYSER_VERSION, store.WRITING)
    directory = store.write_blocks(connection, segment, 0, encode(postings, codes, codes.classes(lengths)))
    store.finish_segment(connection, segment, directory)
