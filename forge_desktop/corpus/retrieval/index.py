"""The search index: add and remove inside the corpus's own transaction, search from any thread."""

from __future__ import annotations

import collections
import contextlib
import itertools
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import numpy as np

from forge_desktop.corpus.retrieval import (
    analyser,
    fusion,
    merging,
    okapi,
    snapshot,
    store,
    store_languages,
    store_mending,
    store_vectors_mending,
)
from forge_desktop.corpus.retrieval.builder import Builder
from forge_desktop.corpus.retrieval.embedding import Embedding
from forge_desktop.corpus.retrieval.filtering import (
    Explained,
    allowed,
    explained,
    having_any,
    passages_with_all,
    some_with_all,
)
from forge_desktop.corpus.retrieval.fusion import Found, Mix
from forge_desktop.corpus.retrieval.pruned import top_k
from forge_desktop.corpus.retrieval.question import weigh
from forge_desktop.corpus.retrieval.scope import Scope
from forge_desktop.corpus.retrieval.store_mending import Damaged
from forge_desktop.corpus.retrieval.vectors import Limits
from forge_desktop.storage import Database

Texts = Callable[[sqlite3.Connection, int, int], Sequence[tuple[int, str]]]

_FIRST = -(1 << 62)
_AT_ONCE = 8192  # passages a new segment holds at most: bounds the memory of one add


class Index:
    """Finds passages by their words (BM25) and by the likeness of their spelling (hash vectors).

    Nothing is read when it is made, and nothing kept in memory that another transaction could take back: readers work
    on committed snapshots, and a search inside an open write transaction sees that transaction and remembers nothing.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self.embedding = Embedding(db)
        self._builder = Builder()
        self._known: snapshot.Snapshot | None = None

    @property
    def versions(self) -> dict[str, str]:
        """What this program would index with."""
        return {"analyser": analyser.ANALYSER_VERSION, "embedder": self.embedding.side.identity}

    @property
    def passages(self) -> int:
        """How many passages are indexed."""
        return store.state(self._db.connection).passages

    @property
    def stale(self) -> bool:
        """Whether some of the index was made by another analyser, or is missing: then `renew` it."""
        state = store.state(self._db.connection)
        return state.renewed is not None or state.analyser not in ("", analyser.ANALYSER_VERSION)

    def add(self, connection: sqlite3.Connection, items: Iterable[tuple[int, str]]) -> None:
        """Index passages (id, text) in the caller's transaction. An id already there raises IntegrityError."""
        if not store.state(connection).analyser:
            store.note_versions(connection, analyser.ANALYSER_VERSION)
        waiting = iter(items)
        while part := sorted(itertools.islice(waiting, _AT_ONCE)):
            analysed = [analyser.analyse(text) for _, text in part]
            ids, terms = [passage for passage, _ in part], [found.terms for found in analysed]
            tokens = self._builder.add(connection, list(zip(ids, terms, strict=True)))
            store.count_in(connection, len(part), tokens)
            store_languages.count_in(connection, collections.Counter(found.language for found in analysed))
            self.embedding.side.add(connection, ids, terms)
        merging.tidy_small(connection)

    def remove(self, connection: sqlite3.Connection, ids: Collection[int]) -> None:
        """Forget passages in the caller's transaction; ids that are not there are ignored."""
        wanted = np.unique(np.fromiter(ids, np.int64, len(ids)))
        for row in store.segments(connection):
            if not len(wanted) or row.last_passage < wanted[0] or row.first_passage > wanted[-1]:
                continue
            body, _ = store.body_of(connection, row.id)
            alive = store.alive_in(connection, row)
            passages, _ = body.ids.find(wanted)
            passages = passages[alive[passages]]
            if len(passages):
                alive[passages] = False
                store.bury(connection, row.id, alive)
                store.count_in(connection, -len(passages), -int(body.lengths[passages].sum()))
        self.embedding.side.remove(connection, ids)
        merging.tidy_small(connection)

    def clear(self, connection: sqlite3.Connection) -> None:
        """Forget everything, in the caller's transaction."""
        store.clear(connection)
        store_languages.clear(connection)
        self.embedding.side.clear(connection)

    def renew(self, connection: sqlite3.Connection, texts: Texts, at_most: int = 1000) -> int | None:
        """Index the next stored passages again where another version did, or none, in the caller's transaction.

        `texts(connection, after, at_most)` gives the next passages that should be searched, (id, text) by id. What was
        there answers until its turn comes. Returns the id up to which all is done, None at the end; a run that is
        killed goes on from there.
        """
        state = store.state(connection)
        target = analyser.ANALYSER_VERSION
        begun = state.renewed is not None and state.renewing == target
        items = texts(connection, state.renewed if begun and state.renewed is not None else _FIRST, at_most)
        if not items:
            if self._renew_left(connection, texts, at_most):
                return state.renewed or 0
            store.note_versions(connection, target)
            return None
        fresh = set(self._indexed(connection, fresh=True, between=(items[0][0], items[-1][0])))
        again = [(passage, text) for passage, text in items if passage not in fresh]
        self.remove(connection, [passage for passage, _ in again])
        self.add(connection, again)
        store.note_versions(connection, state.analyser, items[-1][0], target)
        return items[-1][0]

    def _renew_left(self, connection: sqlite3.Connection, texts: Texts, at_most: int) -> bool:
        """What another version still has at the end: what an older program, started in between, indexed behind the
        renewal is indexed again, what should no longer be searched leaves. Whether there is more of it."""
        left = sorted(self._indexed(connection, fresh=False))
        part = left[:at_most]
        again = [item for passage in part for item in texts(connection, passage - 1, 1) if item[0] == passage]
        self.remove(connection, part)
        self.add(connection, again)
        return len(left) > at_most

    def merge(self, connection: sqlite3.Connection, *, wholly: bool = False) -> bool:
        """Do a slice of tidying up, some 50 ms, in the caller's transaction; whether there was anything to do.

        Without it many segments pile up and questions take longer. `wholly` leaves as few as pay: for a run's end.
        """
        return self.embedding.side.merge(connection) or merging.go_on(connection, wholly=wholly)

    def tidy(self, between: Callable[[], object] = lambda: None, *, wholly: bool = False) -> None:
        """Tidy up in transactions of its own, `between` called after each; what it raises ends it with no harm."""
        more = True
        while more:
            with self._db.write() as connection:
                more = self.merge(connection, wholly=wholly)
            between()

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        scope: Scope | None = None,
        excluded: Sequence[str] = (),
        mix: Mix | None = None,
    ) -> list[Found]:
        """The best k passages, best first. Never raises for any string; nothing to look for gives an empty list.

        `scope` leaves only its passages; one with any of the `excluded` terms (see `excluded_terms`) is left out.
        What terms weigh stays that of the whole index. `mix` says how the sides count, where not as usual.
        """
        committed = not self._db.connection.in_transaction
        mix = mix or Mix()
        asked = self.embedding.ask(query) if mix.model else None
        with self._reading() as (connection, view):
            words, question = _asked(connection, view, query)
            if not words or k < 1 or not view.state.passages:
                return []
            masks = allowed(connection, view, scope, excluded)
            pool = max(fusion.POOL, k)
            best = top_k(question, pool, masks)
            weights, unknown = weigh(words, question.passages_with, view.state.passages)
            limits = Limits(scope, having_any(connection, view, excluded))
            spelling, model = self.embedding.likeness(connection, weights, asked, best, limits, committed=committed)
            by_spelling, by_model = spelling.side(pool), None if model is None else model.side(pool)
            alike = np.array([*by_spelling.best, *(by_model.best if by_model else ())], np.int64)
            lexical = fusion.Side(list(best), okapi.scores_of(question, alike) | best)
            return fusion.fuse(lexical, by_spelling, by_model, k=k, unknown=unknown, alpha=mix.alpha)

    def best(
        self, query: str, k: int = 10, *, scope: Scope | None = None, excluded: Sequence[str] = ()
    ) -> dict[int, float]:
        """The k passages with the best BM25 scores, best first, ties by the lowest id."""
        with self._reading() as (connection, view):
            words, question = _asked(connection, view, query)
            if not words or k < 1 or not view.state.passages:
                return {}
            return top_k(question, k, allowed(connection, view, scope, excluded))

    def with_all(
        self, words: Sequence[Sequence[str]], *, scope: Scope | None = None, excluded: Sequence[str] = ()
    ) -> list[int]:
        """Passages that have all these words, each as any of its terms, the best BM25 score first: where a phrase can
        stand."""
        with self._reading() as (connection, view):
            if not words or not view.state.passages:
                return []
            question = okapi.ask(connection, view, _flat(words))
            return passages_with_all(question, words, allowed(connection, view, scope, excluded))

    def with_each(self, phrases: Sequence[Sequence[str]], most: int) -> list[list[int]]:
        """Of each of these groups of words some passages that have all of them, in whatever form: at most so many,
        from everywhere in the index. Words that no passage is searched for (function words) are left out."""
        with self._reading() as (connection, view):
            if not phrases or not view.state.passages:
                return [[] for _ in phrases]
            languages = store_languages.met(connection)
            terms = {one: analyser.query_words(one, languages, met=languages) for one in {*itertools.chain(*phrases)}}
            lists = okapi.lists(connection, view, {*_flat([*itertools.chain(*terms.values())])})
            asked = [[stems for one in phrase for stems in terms[one]] for phrase in phrases]
            return some_with_all(view, lists, asked, most)

    def explain(self, query: str, passage_id: int) -> Explained | None:
        """Why a passage is found by its words, or not; None when it is not in the index."""
        with self._reading() as (connection, view):
            if not view.state.passages:
                return None
            return explained(_asked(connection, view, query)[1], passage_id)

    def scores(self, query: str) -> dict[int, float]:
        """The BM25 score of every passage that has a word of the question."""
        with self._reading() as (connection, view):
            if not view.state.passages:
                return {}
            return okapi.every(_asked(connection, view, query)[1])

    def terms(self, query: str) -> list[tuple[str, int, float]]:
        """What is looked for: each term with the number of passages that have it and its weight (idf)."""
        with self._reading() as (connection, view):
            words, question = _asked(connection, view, query)
            if not view.state.passages:
                return [(term, 0, 0.0) for term in dict.fromkeys(_flat(words))]
            return [(term, question.passages_with[term], question.idf[term]) for term in question.idf]

    def query_words(self, query: str) -> list[analyser.Terms]:
        """The words of a question, each as the terms that passages of the languages met have for it."""
        with self._reading() as (connection, view):
            return _asked(connection, view, query)[0]

    def query_terms(self, query: str) -> list[str]:
        """The terms a question is scored by, repeats kept: its words as passages of the languages met have them."""
        return _flat(self.query_words(query))

    def excluded_terms(self, word: str) -> list[str]:
        """The terms that a word to leave out may be, in passages of any language met."""
        return analyser.query_terms(word, store_languages.met(self._db.connection))

    def matches(self, query: str, text: str) -> list[tuple[int, int]]:
        """Where words of the question stand in a text, as (start, end) in code points."""
        connection = self._db.connection
        spoken = store_languages.spoken(connection, store.state(connection).passages)
        return analyser.matches(self.query_terms(query), text, spoken)

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
            with self._db.snapshot():
                look = store_mending.inspect(self._db.connection)
                living = None if look.damaged else look.ids
                found = [*look.damaged, *store_vectors_mending.inspect(self._db.connection, living).damaged]
        except sqlite3.DatabaseError as error:
            return [Damaged(f"Search index: it cannot be read ({error}).")]
        if expected is None or found:
            return found
        wanted, have = set(expected), set(look.ids.tolist())
        return [
            Damaged(f"Search index: passage {passage} {what}.", (passage, passage))
            for ids, what in ((wanted - have, "is missing"), (have - wanted - set(optional), "should not be there"))
            for passage in sorted(ids)
        ]

    def drop_damaged(self, connection: sqlite3.Connection) -> list[Damaged]:
        """Forget what is damaged, in the caller's transaction: `ids` and vectors then lack what must be made again."""
        look = store_mending.inspect(connection)
        damaged = look.damaged
        if damaged:
            store_mending.drop(connection, look)
            look = store_mending.inspect(connection)
        vectors = store_vectors_mending.inspect(connection, look.ids)
        if vectors.damaged:
            store_vectors_mending.drop(connection, vectors)
        return [*damaged, *vectors.damaged]

    def _indexed(
        self, connection: sqlite3.Connection, *, fresh: bool, between: tuple[int, int] = (_FIRST, -_FIRST)
    ) -> list[int]:
        """Ids of passages that the present analyser indexed, or of those that another one did."""
        found: list[int] = []
        low, high = between
        for row in store.segments(connection):
            current = row.analyser == analyser.ANALYSER_VERSION
            if current is fresh and row.last_passage >= low and row.first_passage <= high:
                ids = store.body_of(connection, row.id)[0].ids.all()[store.alive_in(connection, row)]
                found += ids[(ids >= low) & (ids <= high)].tolist()
        return found

    def among(self, connection: sqlite3.Connection, ids: Collection[int]) -> list[int]:
        """Those of these passages that are indexed, as the caller's connection sees it."""
        wanted = np.unique(np.fromiter(ids, np.int64, len(ids)))
        found: list[int] = []
        for row in store.segments(connection):
            if len(wanted) and row.last_passage >= wanted[0] and row.first_passage <= wanted[-1]:
                passages, places = store.body_of(connection, row.id)[0].ids.find(wanted)
                found += wanted[places[store.alive_in(connection, row)[passages]]].tolist()
        return found

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


def _asked(
    connection: sqlite3.Connection, view: snapshot.Snapshot, query: str
) -> tuple[list[analyser.Terms], okapi.Question]:
    """The words of a question and what the index knows of them; words it has not in the languages often met are
    looked for in those seldom met too."""
    spoken = store_languages.spoken(connection, view.state.passages)
    met = store_languages.met(connection)
    words = analyser.query_words(query, spoken, met=met)
    question = okapi.ask(connection, view, _flat(words))
    unheard = {stems for stems in words if not any(map(question.passages_with.get, stems))}
    if unheard and len(met) > len(spoken):
        words = analyser.query_words(query, spoken, met=met, unheard=unheard)
        question = okapi.ask(connection, view, _flat(words))
    return words, question


def _flat(words: Sequence[Sequence[str]]) -> list[str]:
    return [stem for word in words for stem in word]
