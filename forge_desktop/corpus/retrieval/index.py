"""The search index: add and remove inside the corpus's own transaction, search from any thread."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Collection, Iterable, Iterator

import numpy as np

from forge_desktop.corpus.retrieval import analyser, fusion, okapi, snapshot, store, store_mending, vectors
from forge_desktop.corpus.retrieval.builder import Builder, merge_segments, to_merge
from forge_desktop.corpus.retrieval.embedder import EMBEDDER_VERSION, embed_query
from forge_desktop.corpus.retrieval.fusion import Found
from forge_desktop.corpus.retrieval.store_mending import Damaged
from forge_desktop.storage import Database

_AT_ONCE = 8192  # passages a new segment holds at most: bounds the memory of one add


class Index:
    """Finds passages by their words (BM25) and by the likeness of their spelling (hash vectors).

    Nothing is read when it is made, and nothing kept in memory that another transaction could take back: readers work
    on committed snapshots, and a search inside an open write transaction sees that transaction and remembers nothing.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._builder = Builder()
        self._known: snapshot.Snapshot | None = None

    @property
    def versions(self) -> dict[str, str]:
        """What this program would index with."""
        return {"analyser": analyser.ANALYSER_VERSION, "embedder": EMBEDDER_VERSION}

    @property
    def stale(self) -> bool:
        """Whether the stored index was made by another analyser or embedder: then clear it and add everything again."""
        state = store.state(self._db.connection)
        return state.passages > 0 and (state.analyser, state.embedder) != tuple(self.versions.values())

    def add(self, connection: sqlite3.Connection, items: Iterable[tuple[int, str]]) -> None:
        """Index passages (id, text) in the caller's transaction. An id already there raises IntegrityError."""
        waiting = iter(items)
        while part := sorted(itertools.islice(waiting, _AT_ONCE)):
            tokens = self._builder.add(connection, part, EMBEDDER_VERSION)
            self._count_in(connection, len(part), tokens)
            self.merge(connection)

    def remove(self, connection: sqlite3.Connection, ids: Collection[int]) -> None:
        """Forget passages in the caller's transaction; ids that are not there are ignored."""
        wanted = np.unique(np.fromiter(ids, np.int64, len(ids)))
        for row in store.segments(connection):
            if not len(wanted) or row.last_passage < wanted[0] or row.first_passage > wanted[-1]:
                continue
            row_ids, lengths, _ = store.passages_of(connection, row.id)
            alive = store.alive_in(connection, row)
            gone = alive & np.isin(row_ids, wanted)
            if gone.any():
                store.bury(connection, row, alive & ~gone)
                store.drop_vectors(connection, row_ids[gone].tolist())
                self._count_in(connection, -int(gone.sum()), -int(lengths[gone].sum()))
        self.merge(connection)

    def clear(self, connection: sqlite3.Connection) -> None:
        """Forget everything, in the caller's transaction."""
        store.clear(connection)

    def merge(self, connection: sqlite3.Connection) -> None:
        """Tidy up where small or mostly removed segments have piled up; add and remove do so themselves."""
        while rows := to_merge(store.segments(connection)):
            merge_segments(connection, rows)

    def search(self, query: str, k: int = 10) -> list[Found]:
        """The best k passages, best first. Never raises for any string; nothing to look for gives an empty list."""
        terms = analyser.terms(query)
        if not terms or k < 1:
            return []
        with self._reading() as (connection, view):
            if not view.state.passages:
                return []
            bm25 = okapi.score(connection, view, terms)
            pool = max(fusion.POOL, k)
            best = okapi.best(bm25, view, pool)
            weights = okapi.rarity(bm25, view, terms)
            share = fusion.bm25_share(weights, [term for term in weights if not bm25.passages_with[term]])
            vector = embed_query(weights)
            near = vectors.nearest(connection, view, vector) if vector.any() else []
            cosines = vectors.cosines(connection, vector, sorted(best.keys() | set(near)))
            nearest = vectors.best(cosines, pool)
            scores = okapi.scores_of(bm25, view, np.array(nearest, np.int64)) | best
            return fusion.fuse(fusion.Side(list(best), scores), fusion.Side(nearest, cosines), k=k, share=share)

    def scores(self, query: str) -> dict[int, float]:
        """The BM25 score of every passage that has a word of the question."""
        with self._reading() as (connection, view):
            if not view.state.passages:
                return {}
            return okapi.every(okapi.score(connection, view, analyser.terms(query)), view)

    def terms(self, query: str) -> list[tuple[str, int, float]]:
        """What is looked for: each term with the number of passages that have it and its weight (idf)."""
        terms = analyser.terms(query)
        with self._reading() as (connection, view):
            if not view.state.passages:
                return [(term, 0, 0.0) for term in dict.fromkeys(terms)]
            bm25 = okapi.score(connection, view, terms)
            return [(term, bm25.passages_with[term], bm25.idf[term]) for term in bm25.idf]

    def matches(self, query: str, text: str) -> list[tuple[int, int]]:
        """Where words of the question stand in a text, as (start, end) in code points."""
        return analyser.matches(frozenset(analyser.terms(query)), text)

    def ids(self) -> list[int]:
        """The ids of all indexed passages, ascending."""
        with self._reading() as (_, view):
            parts = [part.living_ids for part in view.segments]
        found: list[int] = np.sort(np.concatenate(parts)).tolist() if parts else []
        return found

    def check(self, expected: Iterable[int] | None = None) -> list[str]:
        """A sentence for everything damaged: checksums, totals, and ids missing or beyond those `expected`."""
        return [found.sentence for found in self.damaged(expected)]

    def damaged(self, expected: Iterable[int] | None = None, optional: Iterable[int] = ()) -> list[Damaged]:
        """Everything damaged. `optional` ids may be there or not. Never raises for what stands in a row."""
        try:
            look = store_mending.inspect(self._db.connection)
        except sqlite3.DatabaseError as error:
            return [Damaged(f"Search index: it cannot be read ({error}).")]
        if expected is None or look.damaged:
            return look.damaged
        wanted, have = set(expected), set(look.ids.tolist())
        return [
            Damaged(f"Search index: passage {passage} {what}.", (passage, passage))
            for ids, what in ((wanted - have, "is missing"), (have - wanted - set(optional), "should not be there"))
            for passage in sorted(ids)
        ]

    def drop_damaged(self, connection: sqlite3.Connection) -> list[Damaged]:
        """Forget what is damaged, in the caller's transaction: `ids` then lacks what must be added again."""
        look = store_mending.inspect(connection)
        if look.damaged:
            store_mending.drop(connection, look)
            self.remove(connection, look.vectorless)
        return look.damaged

    def _count_in(self, connection: sqlite3.Connection, passages: int, tokens: int) -> None:
        store.count_in(connection, passages, tokens, (analyser.ANALYSER_VERSION, EMBEDDER_VERSION))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, snapshot.Snapshot]]:
        """This thread's connection inside one read transaction, and the snapshot that belongs to it."""
        connection = self._db.connection
        if connection.in_transaction:  # this thread is writing: what it sees may still be rolled back
            yield connection, snapshot.load(connection, self._known)
            return
        connection.execute("BEGIN")
        try:
            view = snapshot.load(connection, self._known)
            self._known = view
            yield connection, view
        finally:
            with contextlib.suppress(sqlite3.OperationalError):  # SQLite itself ends it after some errors
                connection.execute("ROLLBACK")
