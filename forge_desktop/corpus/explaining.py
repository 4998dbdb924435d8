"""Why a passage is found or not, and whether the ranking is rank_bm25's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import astuple

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.finding import Asked, Finder
from forge_desktop.corpus.query import Query, understand
from forge_desktop.corpus.records import Explanation, Hit, Passage, RankingCheck, SearchFilter, TermExplained
from forge_desktop.corpus.retrieval import Found, Index, analyser
from forge_desktop.corpus.retrieval.filtering import Explained
from forge_desktop.corpus.retrieval.fusion import POOL
from forge_desktop.corpus.retrieval.scope import Scope
from forge_desktop.corpus.store import Store

_MOST_CHECKED = 200_000  # passages
_SECONDS, _BYTES = 50e-6, 2_000  # that rank_bm25 takes for a passage, roughly
_COMPARED = 100


class Explainer:
    """Answers questions about searches; changes nothing."""

    def __init__(self, store: Store, index: Index, finder: Finder) -> None:
        self._store, self._index, self._finder = store, index, finder

    def explain(self, text: str, passage_id: int, *, where: SearchFilter | None = None) -> Explanation:
        """Why this passage is found, or not. Raises ForgeError when it is gone."""
        passage = self._store.passages_by_id([passage_id]).get(passage_id)
        if passage is None:
            raise ForgeError(
                f"There is no passage {passage_id}.",
                hint="Passages get new numbers when a document is read again; search to see them.",
            )
        query = understand(text)
        asked = self._finder.asked(query, where)
        words = self._index.explain(query.text, passage_id)
        entry, rank, shown_by = None, None, None
        note = self._kept_out(asked, passage, words)
        if not note:
            asked = self._finder.narrowed(asked)
            ranked = self._finder.ranked(asked, POOL)
            entry = next((found for found in ranked if found.passage_id == passage_id), None)
            rank, shown_by = _place(self._finder.gathered(query, ranked, POOL, every=False), passage_id)
            note = _told(query, words, self._index.query_words(query.text), rank, shown_by)
        alone = entry or self._alone(asked, passage_id)
        return Explanation(
            passage,
            terms=tuple(TermExplained(*astuple(term)) for term in words.terms) if words else (),
            length=words.length if words else 0,
            average_length=words.average_length if words else 0.0,
            bm25=words.score if words else None,
            bm25_rank=words.rank if words else None,
            vector=alone.vector if alone else None,
            vector_rank=entry.vector_rank if entry else None,
            score=entry.score if entry else None,
            rank=rank,
            shown_by=shown_by,
            note=note,
        )

    def check_ranking(self, text: str) -> RankingCheck:
        """Build rank_bm25.BM25Okapi over the index's passages and compare scores and order."""
        from rank_bm25 import BM25Okapi

        begun = time.monotonic()
        query = understand(text).text
        ids = self._index.ids()
        if len(ids) > _MOST_CHECKED:
            raise ForgeError(
                f"Checking the ranking of {len(ids):,} passages would take about {len(ids) * _SECONDS:,.0f} seconds"
                f" and {len(ids) * _BYTES / 1e9:.1f} GB of memory; it is done up to {_MOST_CHECKED:,} passages.",
                hint="Check it with a smaller data directory: the ranking is computed in the same way.",
            )
        terms = self._index.query_terms(query)
        ours = self._index.scores(query)
        best = list(self._index.best(query, _COMPARED))
        if len(ids) < 4 or not terms:
            raise ForgeError(
                "There is nothing to compare: rank_bm25 needs four passages and a word.", hint="Ask for another word."
            )
        listed = [analyser.terms(passage.text) for passage in self._passages(ids)]
        theirs = BM25Okapi(listed).get_scores(terms).tolist() if len(listed) == len(ids) else []
        wanted = set(terms)
        met = {
            passage_id: score
            for passage_id, score, words in zip(ids, theirs, listed, strict=False)
            if not wanted.isdisjoint(words)
        }
        order = sorted(met, key=lambda passage_id: (-met[passage_id], passage_id))[:_COMPARED]
        return RankingCheck(len(ids), len(order), met == ours, order == best, time.monotonic() - begun)

    def _passages(self, ids: list[int]) -> Iterator[Passage]:
        indexed = set(ids)
        return (passage for passage in self._store.every_passage() if passage.id in indexed)

    def _kept_out(self, asked: Asked, passage: Passage, words: Explained | None) -> str:
        """Why the passage cannot be found whatever its rank, in a sentence, or ""."""
        if words is None:
            return "It is not in the search index yet: indexing its document goes on."
        alone = Scope.of_ids([passage.id], ("alone", passage.id))
        if asked.scope is not None and not _overlap(asked.scope, alone):
            return "Its document is not among those the filter leaves."
        return self._finder.kept_out(asked, passage)

    def _alone(self, asked: Asked, passage_id: int) -> Found | None:
        """What a search of this passage only finds: its vector's likeness."""
        scope = Scope.of_ids([passage_id], ("alone", passage_id))
        found = self._index.search(asked.query.text, 1, scope=scope)
        return found[0] if found else None


def _told(
    query: Query, words: Explained | None, sought: list[tuple[str, ...]], rank: int | None, shown_by: int | None
) -> str:
    """What became of a passage that may be found, in sentences."""
    if shown_by is not None:
        return f"It says the same as passage {shown_by}, which is shown in its place."
    if rank is not None:
        return f"It is found, at rank {rank}."
    if query.must_be_spelled_out:
        return "It has the phrases; passages found by phrases alone have no rank."
    if words is None or words.rank is None:
        return "None of the words looked for stands in it, and it is not among the passages most alike in spelling."
    having = {term.term for term in words.terms if term.frequency}
    missing = [stems[0] for stems in dict.fromkeys(sought) if having.isdisjoint(stems)]
    told = f"By its words it is number {words.rank:,}; of each side the best {POOL} are ranked together."
    return told + (f" It does not have: {', '.join(missing)}." if missing else "")


def _place(hits: list[Hit], passage_id: int) -> tuple[int | None, int | None]:
    """The rank of a passage among the hits, or the passage that stands for it."""
    for rank, hit in enumerate(hits, 1):
        if hit.passage.id == passage_id:
            return rank, None
        if passage_id in hit.alike:
            return None, hit.passage.id
    return None, None


def _overlap(scope: Scope, alone: Scope) -> bool:
    at = int(scope.first.searchsorted(alone.first[0], "right")) - 1
    return at >= 0 and bool(alone.first[0] <= scope.last[at])
