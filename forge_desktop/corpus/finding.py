"""A search as people mean it: a query with its operators, a filter, and of passages that say the same, one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forge_desktop.corpus.alike import Folds
from forge_desktop.corpus.query import Query, Wording, plain, understand
from forge_desktop.corpus.records import Finding, Hit, Passage, SearchFilter
from forge_desktop.corpus.retrieval import Found, Index, analyser
from forge_desktop.corpus.retrieval.fusion import Mix
from forge_desktop.corpus.retrieval.scope import Scope
from forge_desktop.corpus.scoping import Scopes, within
from forge_desktop.corpus.store import Store

_MORE = 10  # passages beyond the wanted ones: some are folded, and hits should know what is like them
_AT_ONCE = 64  # passages whose text is read in one go
_MOST_READ = 5_000  # passages whose text is compared with phrases; half a second
_MOST_CHARACTERS = 20_000_000  # that are read for a phrase of which no word is indexed
_NOTHING_ASKED = "There is no word to look for."
_ONLY_COMMON = "These words are too common to look for; in quotation marks they are found side by side."
_ONLY_ALIKE = "No passage that was searched has any of these words; what is shown is only alike."
_NOTHING_LEFT = "No document fits the filter."
_CUT = "Only a part of the passages was compared with the phrases and the words to leave out; there may be more."


@dataclass(frozen=True)
class Asked:
    """A query with the terms it leaves out, and the passages it may find (None: all)."""

    query: Query
    excluded: tuple[str, ...] = ()
    scope: Scope | None = None
    documents: int | None = None
    cut: bool = False  # not every passage was compared with the phrases
    mix: Mix | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing can be found."""
        return self.scope is not None and not len(self.scope.first)


class Finder:
    """Searches the index and reads the passages it names."""

    def __init__(self, store: Store, index: Index, scopes: Scopes) -> None:
        self._store, self._index, self._scopes = store, index, scopes

    def find(
        self,
        text: str,
        k: int,
        *,
        where: SearchFilter | None = None,
        operators: bool = True,
        every: bool = False,
        mix: Mix | None = None,
    ) -> Finding:
        """The best k passages; with `every` also those that say the same as a better one.

        Raises ForgeError for a filter that names what is not there, and for nothing else.
        """
        asked = replace(self.asked(understand(text) if operators else plain(text), where), mix=mix)
        query = asked.query
        if asked.empty:
            return Finding((), query.understood, 0, _NOTHING_LEFT)
        if query.must_be_spelled_out:
            hits, cut = self._spelled_out(asked, k)
        else:
            asked = self.narrowed(asked)
            hits, cut = self._hits(asked, k, every)
        notes = (_CUT if cut else "", self._noted(query, hits) if operators else "", self._index.embedding.note)
        note = " ".join(filter(None, notes))
        return Finding(tuple(hits), query.understood, asked.documents, note)

    def _noted(self, query: Query, hits: Sequence[Hit]) -> str:
        """What somebody should know who sees these hits, or none."""
        if query.phrases:
            return ""
        if hits:
            return "" if any(hit.bm25 is not None for hit in hits) else _ONLY_ALIKE
        if not analyser.words(query.text):
            return _NOTHING_ASKED
        return "" if self._index.query_words(query.text) else _ONLY_COMMON

    def asked(self, query: Query, where: SearchFilter | None) -> Asked:
        """The query with what the filter leaves."""
        terms = {term for word in query.excluded_words for term in self._index.excluded_terms(word)}
        asked = Asked(query, excluded=tuple(sorted(terms)))
        scoped = None if where is None else self._scopes.of(where)
        return asked if scoped is None else replace(asked, scope=scoped.scope, documents=scoped.documents)

    def narrowed(self, asked: Asked) -> Asked:
        """With phrases: only the passages in which they stand, looked for where all their words are."""
        query = asked.query
        words = [terms for phrase in query.phrases for terms in phrase.terms]
        if not words:
            return asked
        candidates = self._index.with_all(words, scope=asked.scope, excluded=asked.excluded)
        read = candidates[:_MOST_READ]
        kept = [passage.id for passage in self._passages(read) if not query.missing(Wording(passage.text))]
        key = ("phrases", query, None if asked.scope is None else asked.scope.key)
        return replace(asked, scope=Scope.of_ids(kept, key), cut=len(read) < len(candidates))

    def _hits(self, asked: Asked, k: int, every: bool) -> tuple[list[Hit], bool]:
        """The best hits, and whether there may be others that were not looked at."""
        wanted = k if every else k + _MORE
        while not asked.empty:
            ranked = self.ranked(asked, wanted)
            hits = self.gathered(asked.query, ranked, k, every)
            if len(hits) >= k or len(ranked) < wanted:
                return hits, asked.cut
            if wanted >= max(_MOST_READ, 4 * k):
                return hits, asked.cut or asked.query.demands
            wanted *= 4
        return [], asked.cut

    def ranked(self, asked: Asked, wanted: int) -> list[Found]:
        """What the index finds, best first."""
        return self._index.search(asked.query.text, wanted, scope=asked.scope, excluded=asked.excluded, mix=asked.mix)

    def gathered(self, query: Query, ranked: Sequence[Found], k: int, every: bool) -> list[Hit]:
        """The best k hits among what the index found, folded unless `every` is wanted."""
        folds = Folds(frozenset(analyser.words(query.text)))
        hits: list[Hit] = []
        alike: list[list[int]] = []
        for hit in self._hits_of(query, ranked):
            like = None if every else folds.place(analyser.words(hit.passage.text))
            if like is not None:
                alike[like].append(hit.passage.id)
                continue
            hits.append(hit)
            alike.append([])
            if every and len(hits) == k:
                break
        return [replace(hit, alike=tuple(like)) if like else hit for hit, like in zip(hits, alike, strict=True)][:k]

    def _hits_of(self, query: Query, ranked: Sequence[Found]) -> Iterator[Hit]:
        """The hits among what the index found, before any is folded into another."""
        entries = {entry.passage_id: entry for entry in ranked}
        for passage in self._passages(list(entries)):
            entry = entries[passage.id]
            if entry.bm25 is None and (entry.vector or 0.0) <= 0.0:
                continue  # like the query in nothing
            if not query.demands or not query.missing(Wording(passage.text)):
                yield Hit(passage, *entry[1:])

    def kept_out(self, asked: Asked, passage: Passage) -> str:
        """What in its text keeps a passage from being found, as a sentence, or ""."""
        if met := set(asked.excluded).intersection(analyser.terms(passage.text)) if asked.excluded else None:
            return f"It has a word that the query leaves out: {', '.join(sorted(met))}."
        return asked.query.missing(Wording(passage.text))

    def _passages(self, ids: Sequence[int]) -> Iterator[Passage]:
        """These passages in this order, without those removed meanwhile."""
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            found = self._store.passages_by_id(some)
            yield from (found[passage_id] for passage_id in some if passage_id in found)

    def _spelled_out(self, asked: Asked, k: int) -> tuple[list[Hit], bool]:
        """Where phrases stand of which no word is indexed ("to be or not to be"), in the order of the documents."""
        query, hits, left = asked.query, list[Hit](), _MOST_CHARACTERS
        for document_id in self._store.searched_documents():
            text = self._store.text(document_id)
            left -= len(text)
            if not query.missing_phrase(Wording(text)):
                passages = self._store.passages(document_id)
                ids = np.array([passage.id for passage in passages], np.int64)
                inside = set((ids if asked.scope is None else within(asked.scope, ids)).tolist())
                hits += [
                    Hit(passage, 0.0, None, None, None, None)
                    for passage in passages
                    if passage.id in inside and not self.kept_out(asked, passage)
                ]
            if len(hits) >= k or left < 0:
                return hits[:k], left < 0
        return hits, False
