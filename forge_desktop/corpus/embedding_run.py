"""Brings missing vectors in: after an update, for other dimensions, or for an embedding model that came into use."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from forge_desktop.base.jobs import JobContext
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.store import Store
from forge_desktop.storage import Database

_BUILT_IN_AT_ONCE = 200  # in one transaction: a few hundredths of a second
_BY_MODEL_AT_ONCE = 32
_BREATH = 0.001  # seconds between transactions, without which a waiting chat would not get its turn


class EmbeddingRun:
    """Does the work of one embedding job. What a killed job has made stays made; the next goes on from there."""

    def __init__(self, db: Database, store: Store, index: Index, ctx: JobContext) -> None:
        self._db, self._store, self._index, self._ctx = db, store, index, ctx
        self._done = self._total = 0

    def run(self) -> int:
        """Make every vector that is wanted; how many that were. Raises ForgeError when the model fails."""
        embedding = self._index.embedding
        built_in, by_model = embedding.missing(np.array(self._index.ids(), np.int64))
        self._total = len(built_in) + len(by_model)
        self._over(built_in, _BUILT_IN_AT_ONCE, self._make_built_in)
        self._over(by_model, _BY_MODEL_AT_ONCE, lambda ids: embedding.make_by_model(self._texts(ids)))
        with self._db.write() as connection:
            embedding.settle(connection)
        return self._done

    def _over(self, ids: Sequence[int], at_once: int, make: Callable[[Sequence[int]], None]) -> None:
        for low in range(0, len(ids), at_once):
            share = 100 * self._done // self._total
            self._ctx.progress(float(self._done), float(self._total), f"embedding {share} %")
            make(ids[low : low + at_once])
            self._done += len(ids[low : low + at_once])
            self._ctx.wait(_BREATH)

    def _make_built_in(self, ids: Sequence[int]) -> None:
        with self._db.write() as connection:  # read and written in one: what is removed meanwhile gets no vector
            there = set(self._index.among(connection, ids))
            texts = self._texts([passage for passage in ids if passage in there])
            self._index.embedding.make_built_in(connection, texts)
            self._index.embedding.side.merge(connection)

    def _texts(self, ids: Sequence[int]) -> dict[int, str]:
        return {passage: found.text for passage, found in self._store.passages_by_id(ids).items()}
