"""The search index: add and remove inside the corpus's own transaction, search from any thread."""

from __future__ import annotations

import collections
import contextlib
import itertools
import sqlite3
from collections.abc import Collection, Iterable, Iterator

import numpy as np

from forge_desktop.corpus.retrieval import analyser, fusion, likeness, okapi, question, snapshot, store, store_languages
from forge_desktop.corpus.retrieval.builder import Builder, merge_segments, to_merge
from forge_desktop.corpus.retrieval.embedding import Embedding
from forge_desktop.corpus.retrieval.fusion import Found
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
        self.embedding = Embedding(db)
        self._known: snapshot.Snapshot | None = None

    @property
    def versions(self) -> dict[str, str]:
        """What this program would index with."""
        return {"analyser": analyser.ANALYSER_VERSION, "embedder": self.embedding.side.identity}

    @property
    def stale(self) -> bool:
        """Whether the stored index was made by another analyser: then clear it and add everything again."""
        state = store.state(self._db.connection)
        return state.passages > 0 and state.analyser != analyser.ANALYSER_VERSION

    def add(self, connection: sqlite3.Connection, items: Iterable[tuple[int, str]]) -> None:
        """Index passages (id, text) in the caller's transaction. An id already there raises IntegrityError."""
        waiting = iter(items)
        while part := sorted(itertools.islice(waiting, _AT_ONCE)):
            analysed = [analyser.analyse(text) for _, text in part]
            items = [(passage, found.terms) for (passage, _), found in zip(part, analysed, strict=True)]
            tokens = self._builder.add(connection, items)
            self.embedding.side.add(connection, [passage for passage, _ in items], [terms for _, terms in items])
            store_languages.count_in(connection, collections.Counter(found.language for found in analysed))
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
                self._count_in(connection, -int(gone.sum()), -int(lengths[gone].sum()))
        self.embedding.side.remove(connection, ids)
        self.merge(connection)

    def clear(self, connection: sqlite3.Connection) -> None:
        """Forget everything, in the caller's transaction."""
        store.clear(connection)
        store_languages.clear(connection)
        self.embedding.side.clear(connection)

    def merge(self, connection: sqlite3.Connection) -> None:
        """Tidy up where small or mostly removed segments have piled up; add and remove do so themselves."""
        while rows := to_merge(store.segments(connection)):
            merge_segments(connection, rows)
        while self.embedding.side.merge(connection):
            pass

    def search(self, query: str, k: int = 10) -> list[Found]:
        """The best k passages, best first. Never raises for any string; nothing to look for gives an empty list."""
        committed = not self._db.connection.in_transaction
        asked = self.embedding.ask(query)
        with self._reading() as (connection, view):
            words = analyser.query_words(query, _languages(connection, view))
            if not words or k < 1 or not view.segments:
                return []
            bm25 = okapi.score(connection, view, [stem for word in words for stem in word])
            pool = max(fusion.POOL, k)
            best = okapi.best(bm25, view, pool)
            weights, unknown = question.weigh(words, bm25.passages_with, view.state.passages)
            found = self.embedding.likeness(connection, weights, asked, best, committed=committed)
            nearest = found.best(pool)
            scores = okapi.scores_of(bm25, view, np.array(nearest, np.int64)) | best
            share = fusion.bm25_share(unknown, model=found.model)
            return fusion.fuse(fusion.Side(list(best), scores), fusion.Side(nearest, found.cosines), k=k, share=share)

    def scores(self, query: str) -> dict[int, float]:
        """The BM25 score of every passage that has a word of the question."""
        with self._reading() as (connection, view):
            if not view.state.passages:
                return {}
            terms = analyser.query_terms(query, _languages(connection, view))
            return okapi.every(okapi.score(connection, view, terms), view)

    def terms(self, query: str) -> list[tuple[str, int, float]]:
        """What is looked for: each term with the number of passages that have it and its weight (idf)."""
        with self._reading() as (connection, view):
            terms = analyser.query_terms(query, _languages(connection, view))
            if not view.state.passages:
                return [(term, 0, 0.0) for term in dict.fromkeys(terms)]
            bm25 = okapi.score(connection, view, terms)
            return [(term, bm25.passages_with[term], bm25.idf[term]) for term in bm25.idf]

    def matches(self, query: str, text: str) -> list[tuple[int, int]]:
        """Where words of the question stand in a text, as (start, end) in code points."""
        with self._reading() as (connection, view):
            languages = _languages(connection, view)
        return analyser.matches(analyser.query_terms(query, languages), text, languages)

    def query_terms(self, query: str) -> list[str]:
        """The terms a question is scored by, repeats kept: its words as passages of every language met have them."""
        with self._reading() as (connection, view):
            return analyser.query_terms(query, _languages(connection, view))

    def ids(self) -> list[int]:
        """The ids of all indexed passages, ascending."""
        with self._reading() as (_, view):
            parts = [part.living_ids for part in view.segments]
        found: list[int] = np.sort(np.concatenate(parts)).tolist() if parts else []
        return found

    def among(self, connection: sqlite3.Connection, ids: Collection[int]) -> list[int]:
        """Those of these passages that are indexed, as the caller's connection sees it."""
        wanted = np.unique(np.fromiter(ids, np.int64, len(ids)))
        found: list[int] = []
        for row in store.segments(connection):
            if len(wanted) and row.last_passage >= wanted[0] and row.first_passage <= wanted[-1]:
                row_ids = store.passages_of(connection, row.id)[0][store.alive_in(connection, row)]
                found += row_ids[np.isin(row_ids, wanted)].tolist()
        return found

    def check(self, expected: Iterable[int] | None = None) -> list[str]:
        """A sentence for everything damaged: checksums, totals, and ids missing or beyond those `expected`."""
        try:
            with self._reading() as (connection, _):
                found = [*store.damage(connection), *self.embedding.side.damage(connection)]
            have = set(self.ids()) if expected is not None and not found else set()
        except sqlite3.DatabaseError as error:
            return [f"Search index: it cannot be read ({error})."]
        if expected is not None and not found:
            wanted = set(expected)
            found += [f"Search index: passage {passage} is missing." for passage in sorted(wanted - have)]
            found += [f"Search index: passage {passage} should not be there." for passage in sorted(have - wanted)]
        return found

    def _count_in(self, connection: sqlite3.Connection, passages: int, tokens: int) -> None:
        store.count_in(connection, passages, tokens, tuple(self.versions.values()))

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


def _languages(connection: sqlite3.Connection, view: snapshot.Snapshot) -> list[str]:
    return store_languages.spoken(connection, view.state.passages)
