"""A search as people mean it: a query with its operators, a filter, and of passages that say the same, one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from forge_desktop.corpus.alike import Folds
from forge_desktop.corpus.query import Query, Wording, plain, understand
from forge_desktop.corpus.records import Finding, Hit, Passage, SearchFilter
from forge_desktop.corpus.retrieval import Found, Index, analyser
from forge_desktop.corpus.retrieval.postings import Int64s
from forge_desktop.corpus.retrieval.scope import Scope
from forge_desktop.corpus.scoping import Scopes, within
from forge_desktop.corpus.store import Store

_AT_ONCE = 64  # passages whose text is read in one go
_MOST_READ = 20_000  # passages whose text is compared with phrases and exclusions
_MOST_CHARACTERS = 20_000_000  # that are read for a phrase of which no word is indexed
_NOTHING_ASKED = "There is no word to look for."
_NOTHING_LEFT = "No document fits the filter."
_CUT = "Only a part of the passages was compared with the phrases and the words to leave out; there may be more."


class Finder:
    """Searches the index and reads the passages it names."""

    def __init__(self, store: Store, index: Index, scopes: Scopes) -> None:
        self._store, self._index, self._scopes = store, index, scopes

    def find(
        self, text: str, k: int, *, where: SearchFilter | None = None, operators: bool = True, every: bool = False
    ) -> Finding:
        """The best k passages; with `every` also those that say the same as a better one.

        Raises ForgeError for a filter that names what is not there, and for nothing else.
        """
        query = understand(text) if operators else plain(text)
        scoped = None if where is None else self._scopes.of(where)
        documents = None if scoped is None else scoped.documents
        if scoped is not None and not scoped.documents:
            return Finding((), query.understood, 0, _NOTHING_LEFT)
        hits, cut = self._hits(query, k, None if scoped is None else scoped.scope, every)
        note = _CUT if cut else ""
        if not hits and operators and not analyser.words(query.text):
            note = _NOTHING_ASKED
        return Finding(tuple(hits), query.understood, documents, note)

    def _hits(self, query: Query, k: int, scope: Scope | None, every: bool) -> tuple[list[Hit], bool]:
        """The hits, and whether more may be there beyond what was looked at."""
        wanted = k if every else 2 * k + 10  # a few more, so that a hit knows what is like it
        while True:
            ranked = self._ranked(query.text, wanted, scope)
            if not ranked and query.phrases:
                return self._spelled_out(query, k, scope)
            hits = self._gathered(query, ranked, k, every)
            if len(hits) >= k or len(ranked) < wanted:
                return hits, False
            if wanted >= _MOST_READ:
                return hits, query.demands
            wanted = min(4 * wanted, max(_MOST_READ, k))

    def _gathered(self, query: Query, ranked: list[Found], k: int, every: bool) -> list[Hit]:
        folds = Folds(frozenset(analyser.terms(query.text)))
        hits: list[Hit] = []
        alike: list[list[int]] = []
        for entry, passage in self._read(ranked):
            wording = Wording(passage.text)
            if query.demands and query.missing(wording):
                continue
            like = None if every else folds.place(wording.terms)
            if like is not None:
                alike[like].append(passage.id)
                continue
            hits.append(Hit(passage, *entry[1:]))
            alike.append([])
            if every and len(hits) == k:
                break
        return [replace(hit, alike=tuple(like)) if like else hit for hit, like in zip(hits, alike, strict=True)][:k]

    def _spelled_out(self, query: Query, k: int, scope: Scope | None) -> tuple[list[Hit], bool]:
        """Where phrases stand of which no word is indexed ("to be or not to be"), in the order of the documents."""
        hits: list[Hit] = []
        left = _MOST_CHARACTERS
        for document_id in self._store.searched_documents():
            text = self._store.text(document_id)
            left -= len(text)
            if not query.missing_phrase(Wording(text)):
                passages = self._store.passages(document_id)
                inside = None if scope is None else set(within(scope, _ids(passages)).tolist())
                for passage in passages:
                    if (inside is None or passage.id in inside) and not query.missing(Wording(passage.text)):
                        hits.append(Hit(passage, 0.0, None, None, None, None))
            if len(hits) >= k or left < 0:
                return hits[:k], left < 0
        return hits, False

    def _read(self, ranked: list[Found]) -> Iterator[tuple[Found, Passage]]:
        for start in range(0, len(ranked), _AT_ONCE):
            some = ranked[start : start + _AT_ONCE]
            passages = self._store.passages_by_id([entry.passage_id for entry in some])
            for entry in some:
                passage = passages.get(entry.passage_id)
                if passage is None or (entry.bm25 is None and (entry.vector or 0.0) <= 0.0):
                    continue  # removed between the two looks, or like the query in nothing
                yield entry, passage

    def _ranked(self, text: str, wanted: int, scope: Scope | None) -> list[Found]:
        if scope is None:
            return self._index.search(text, wanted)
        found = self._index.search(text, 1_000_000)
        inside = set(within(scope, np.array([entry.passage_id for entry in found], np.int64)).tolist())
        return [entry for entry in found if entry.passage_id in inside][:wanted]


def _ids(passages: Sequence[Passage]) -> Int64s:
    return np.array([passage.id for passage in passages], np.int64)
