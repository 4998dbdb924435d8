"""BM25 with exactly the scores of rank_bm25.BM25Okapi, from the posting lists of the question's terms only.

The same float64 expressions, added up in the order of the question's terms, give the same bits; a passage without a
term would only have zero added. idf uses math.log as rank_bm25 does. A term in more than half of the passages gets a
quarter of the average idf, which rank_bm25 sums over all terms in the order it first saw them, as np.cumsum does.
rank_bm25 ranks three passages or fewer wrongly (all zero, or negative), so there Lucene's always positive idf is used.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.codes import K1, Floats
from forge_desktop.corpus.retrieval.coding import decode, decode_firsts
from forge_desktop.corpus.retrieval.lists import Block, TermList
from forge_desktop.corpus.retrieval.postings import PLACE_BITS, Int64s, Ints, runs, term_key
from forge_desktop.corpus.retrieval.snapshot import Mask, Segment, Snapshot

FEWEST_FOR_OKAPI = 4
_EPSILON = 0.25


@dataclass(frozen=True, eq=False)
class Question:
    """A question's terms in order, repeats kept, with what the index knows of each; `lists[s]` are those of segment s.

    Of no use after the read transaction it was made in.
    """

    view: Snapshot
    terms: Sequence[str]
    lists: list[dict[str, TermList]]
    passages_with: dict[str, int]
    idf: dict[str, float]


def ask(connection: sqlite3.Connection, view: Snapshot, terms: Sequence[str]) -> Question:
    """Find the lists of these terms."""
    found = lists(connection, view, terms)
    passages_with = {term: sum(part[term].living for part in found if term in part) for term in terms}
    idf = {term: _idf(connection, view, count) if count else 0.0 for term, count in passages_with.items()}
    return Question(view, terms, found, passages_with, idf)


def lists(connection: sqlite3.Connection, view: Snapshot, terms: Iterable[str]) -> list[dict[str, TermList]]:
    """The lists of these terms in each segment."""
    keys = {term: term_key(term) for term in terms}
    return [_lists(connection, segment, keys) for segment in view.segments]


def score(question: Question, at: int) -> tuple[Floats, Mask]:
    """The scores of all passages of segment `at`, and which of them have a term at all; removed ones too."""
    segment = question.view.segments[at]
    scores = np.zeros(segment.row.passages)
    matched = np.zeros(segment.row.passages, np.bool_)
    for term in question.terms:
        found = question.lists[at].get(term)
        if found is not None:
            passages = found.passages
            often = found.often(np.arange(found.count))
            scores[passages] += share(question.idf[term], often, question.view.norms[segment.body.lengths[passages]])
            matched[passages] = True
    return scores, matched


def score_some(question: Question, at: int, passages: Ints) -> tuple[Floats, Mask]:
    """The same of these ascending passages of segment `at` only."""
    norms = question.view.norms[question.view.segments[at].body.lengths[passages]]
    matched = np.zeros(len(passages), np.bool_)
    shares: dict[str, tuple[npt.NDArray[np.intp], Floats]] = {}
    for term, found in question.lists[at].items():
        postings, places = found.find(passages)
        shares[term] = places, share(question.idf[term], found.often(postings), norms[places])
        matched[places] = True
    scores = np.zeros(len(passages))
    for term in question.terms:
        if term in shares:
            places, added = shares[term]
            scores[places] += added
    return scores, matched


def every(question: Question) -> dict[int, float]:
    """The score of every passage that has a term of the question."""
    found: dict[int, float] = {}
    for at, (segment, mask) in enumerate(zip(question.view.segments, question.view.masks(None), strict=True)):
        scores, matched = score(question, at)
        passages = np.flatnonzero(matched if mask is None else matched & mask)
        found.update(zip(segment.body.ids.of(passages).tolist(), scores[passages].tolist(), strict=True))
    return found


def scores_of(question: Question, wanted: Int64s) -> dict[int, float]:
    """The scores of those of these passages that have a term of the question."""
    found: dict[int, float] = {}
    ids = np.unique(wanted)
    for at, segment in enumerate(question.view.segments):
        if not question.lists[at] or not len(ids):
            continue
        passages, _ = segment.body.ids.find(ids)
        if segment.alive is not None:
            passages = passages[segment.alive[passages]]
        scores, matched = score_some(question, at, passages)
        found.update(zip(segment.body.ids.of(passages[matched]).tolist(), scores[matched].tolist(), strict=True))
    return found


def rank(question: Question, passage_id: int) -> int | None:
    """The passage's place among all, from 1, ties by the lowest id; None when it has no term of the question."""
    own = scores_of(question, np.array([passage_id])).get(passage_id)
    if own is None:
        return None
    better = 0
    for at, (segment, mask) in enumerate(zip(question.view.segments, question.view.masks(None), strict=True)):
        scores, matched = score(question, at)
        if mask is not None:
            matched &= mask
        equal = np.flatnonzero(matched & (scores == own))
        better += int(np.count_nonzero(matched & (scores > own)))
        better += int(np.count_nonzero(segment.body.ids.of(equal) < passage_id))
    return better + 1


def average_idf(connection: sqlite3.Connection, view: Snapshot) -> float:
    """rank_bm25's average idf over the living passages, to the bit: reads every list, so only when a term needs it."""
    keys, counts, seen = (np.zeros(0, np.int64) for _ in range(3))
    for segment in view.segments:
        blocks = _first_seen(connection, segment)
        columns = zip((keys, counts, seen), *blocks, strict=True)
        keys, counts, seen = _merged(*(np.concatenate(column) for column in columns))
    distinct, which = np.unique(counts[np.argsort(seen)], return_inverse=True)
    values = np.array([_log_odds(view.state.passages, int(count)) for count in distinct])
    return float(np.cumsum(values[which])[-1]) / len(keys)


def _lists(connection: sqlite3.Connection, segment: Segment, keys: Mapping[str, int]) -> dict[str, TermList]:
    blocks: dict[int, Block] = {}
    found: dict[str, TermList] = {}
    for term, key in keys.items():
        block = segment.block_of(key)
        if block is None:
            continue
        if block not in blocks:
            blocks[block] = Block(connection, block)
        postings = blocks[block].list_of(connection, key, segment)
        if postings is not None:
            found[term] = postings
    return found


def share(idf: float, often: Floats, norms: Floats) -> Floats:
    """What a term adds to the scores of passages with these length terms, rank_bm25's expression to the bit."""
    return idf * (often * (K1 + 1) / (often + norms))


def _idf(connection: sqlite3.Connection, view: Snapshot, passages_with: int) -> float:
    total = view.state.passages
    if total < FEWEST_FOR_OKAPI:
        return math.log(1 + (total - passages_with + 0.5) / (passages_with + 0.5))
    value = _log_odds(total, passages_with)
    if value >= 0:
        return value
    if "average_idf" not in view.memory:
        view.memory["average_idf"] = average_idf(connection, view)
    return _EPSILON * view.memory["average_idf"]


def _log_odds(total: int, passages_with: int) -> float:
    return math.log(total - passages_with + 0.5) - math.log(passages_with + 0.5)


def _first_seen(connection: sqlite3.Connection, segment: Segment) -> Iterator[tuple[Int64s, Int64s, Int64s]]:
    """Of each living term, by blocks: key, passages it stands in, and where it is first seen, passage and place."""
    of = segment.body.ids.of
    if segment.alive is None:
        for stored in store.firsts(connection, segment.row.id):
            keys, having, passages, places = decode_firsts(*stored)
            yield keys, having.astype(np.int64), of(passages) << PLACE_BITS | places.astype(np.int64)
        return
    for columns in store.blocks(connection, segment.row.id):
        block = decode(*columns, segment.body.codes)
        starts, living = block.starts[:-1], segment.alive[block.passages]
        counts: Int64s = np.add.reduceat(living.astype(np.int64), starts)
        first = np.minimum.reduceat(np.where(living, np.arange(len(living)), len(living) - 1), starts)
        seen = of(block.passages[first]) << PLACE_BITS | block.places[first].astype(np.int64)
        kept = counts > 0
        yield block.keys[kept], counts[kept], seen[kept]


def _merged(keys: Int64s, counts: Int64s, seen: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    """Terms met several times become one: counts added up, the earliest place kept."""
    if not len(keys):
        return keys, counts, seen
    order = np.argsort(keys)
    starts = runs(keys[order])
    return keys[order[starts]], np.add.reduceat(counts[order], starts), np.minimum.reduceat(seen[order], starts)
