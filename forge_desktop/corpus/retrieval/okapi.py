"""BM25 with exactly the scores of rank_bm25.BM25Okapi, from the posting lists of the question's terms only.

The same float64 expressions, added up in the order of the question's terms, give the same bits; a passage without a
term would only have zero added. idf uses math.log as rank_bm25 does. A term in more than half of the passages gets a
quarter of the average idf, which rank_bm25 sums over all terms in the order it first saw them, as np.cumsum does.
rank_bm25 ranks three passages or fewer wrongly (all zero, or negative), so there Lucene's always positive idf is used.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.postings import PLACE_BITS, Int64s, Postings, runs, term_key
from forge_desktop.corpus.retrieval.snapshot import K1, Snapshot

FEWEST_FOR_OKAPI = 4
_EPSILON = 0.25

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TermList:
    """One term in one segment: the living passages it stands in, and how often."""

    segment: int
    passages: Int64s
    frequencies: Floats


@dataclass(frozen=True)
class Bm25:
    """Scores of a question: `scores[s]` of all passages of segment s, `matched[s]` which of them have a term at all."""

    scores: list[Floats]
    matched: list[npt.NDArray[np.bool_]]
    idf: dict[str, float]
    passages_with: dict[str, int]


def score(connection: sqlite3.Connection, snapshot: Snapshot, terms: Sequence[str]) -> Bm25:
    """Score every passage that has one of these terms; repeats of a term count again."""
    lists = _term_lists(connection, snapshot, list(dict.fromkeys(terms)))
    passages_with = {term: sum(len(found.passages) for found in lists[term]) for term in lists}
    idf = {term: _idf(connection, snapshot, count) if count else 0.0 for term, count in passages_with.items()}
    scores = [np.zeros(segment.row.passages) for segment in snapshot.segments]
    matched = [np.zeros(segment.row.passages, np.bool_) for segment in snapshot.segments]
    for term in terms:
        for found in lists[term]:
            at, passages, often = found.segment, found.passages, found.frequencies
            scores[at][passages] += idf[term] * (often * (K1 + 1) / (often + snapshot.norms[at][passages]))
            matched[at][passages] = True
    return Bm25(scores, matched, idf, passages_with)


def every(bm25: Bm25, snapshot: Snapshot) -> dict[int, float]:
    """The score of every passage that has a term of the question."""
    found: dict[int, float] = {}
    for segment, scores, matched in zip(snapshot.segments, bm25.scores, bm25.matched, strict=True):
        found.update(zip(segment.ids[matched].tolist(), scores[matched].tolist(), strict=True))
    return found


def best(bm25: Bm25, snapshot: Snapshot, pool: int) -> dict[int, float]:
    """The `pool` best passages with their scores, best first; ties go to the lowest id."""
    ids, values = [], []
    for segment, scores, matched in zip(snapshot.segments, bm25.scores, bm25.matched, strict=True):
        passages = np.flatnonzero(matched)
        value = scores[passages]
        if len(value) > pool:
            least = np.partition(value, len(value) - pool)[len(value) - pool]
            above = np.flatnonzero(value > least)
            kept = np.concatenate((above, np.flatnonzero(value == least)[: pool - len(above)]))
            passages, value = passages[kept], value[kept]
        ids.append(segment.ids[passages])
        values.append(value)
    all_ids, all_values = np.concatenate(ids), np.concatenate(values)
    order = np.lexsort((all_ids, -all_values))[:pool]
    return dict(zip(all_ids[order].tolist(), all_values[order].tolist(), strict=True))


def scores_of(bm25: Bm25, snapshot: Snapshot, wanted: Int64s) -> dict[int, float]:
    """The scores of those of these passages that have a term of the question."""
    found: dict[int, float] = {}
    for segment, scores, matched in zip(snapshot.segments, bm25.scores, bm25.matched, strict=True):
        at = np.minimum(np.searchsorted(segment.ids, wanted), len(segment.ids) - 1)
        hit = at[(segment.ids[at] == wanted) & matched[at]]
        found.update(zip(segment.ids[hit].tolist(), scores[hit].tolist(), strict=True))
    return found


def average_idf(connection: sqlite3.Connection, snapshot: Snapshot) -> float:
    """rank_bm25's average idf over the living passages, to the bit: reads every list, so only when a term needs it."""
    keys, counts, seen = (np.zeros(0, np.int64) for _ in range(3))
    for segment in snapshot.segments:
        blocks = (_first_seen(block, segment.ids, segment.alive) for block in store.blocks(connection, segment.row))
        columns = zip((keys, counts, seen), *blocks, strict=True)
        keys, counts, seen = _merged(*(np.concatenate(column) for column in columns))
    distinct, which = np.unique(counts[np.argsort(seen)], return_inverse=True)
    values = np.array([_log_odds(snapshot.state.passages, int(count)) for count in distinct])
    return float(np.cumsum(values[which])[-1]) / len(keys)


def _term_lists(connection: sqlite3.Connection, snapshot: Snapshot, terms: Sequence[str]) -> dict[str, list[TermList]]:
    blocks: dict[int, Postings] = {}
    found: dict[str, list[TermList]] = {}
    for term in terms:
        key = term_key(term)
        found[term] = []
        for at, segment in enumerate(snapshot.segments):
            number = segment.block_of(key)
            if number is None:
                continue
            if number not in blocks:
                blocks[number] = store.block(connection, number)
            postings = blocks[number]
            row = int(np.searchsorted(postings.keys, key))
            if row == len(postings.keys) or postings.keys[row] != key:
                continue
            low, high = int(postings.starts[row]), int(postings.starts[row + 1])
            passages = postings.passages[low:high].astype(np.int64)
            frequencies = postings.frequencies[low:high].astype(np.float64)
            if segment.alive is not None:
                living = segment.alive[passages]
                passages, frequencies = passages[living], frequencies[living]
            if len(passages):
                found[term].append(TermList(at, passages, frequencies))
    return found


def _idf(connection: sqlite3.Connection, snapshot: Snapshot, passages_with: int) -> float:
    total = snapshot.state.passages
    if total < FEWEST_FOR_OKAPI:
        return math.log(1 + (total - passages_with + 0.5) / (passages_with + 0.5))
    value = _log_odds(total, passages_with)
    if value >= 0:
        return value
    cached: float | None = snapshot.__dict__.get("average_idf")
    if cached is None:
        cached = snapshot.__dict__["average_idf"] = average_idf(connection, snapshot)
    return _EPSILON * cached


def _log_odds(total: int, passages_with: int) -> float:
    return math.log(total - passages_with + 0.5) - math.log(passages_with + 0.5)


def _first_seen(block: Postings, ids: Int64s, alive: npt.NDArray[np.bool_] | None) -> tuple[Int64s, Int64s, Int64s]:
    """Of each living term of a block: key, passages it stands in, and where it is first seen, passage and place."""
    starts, counts = block.starts[:-1], block.counts
    first = starts
    if alive is not None:
        living = alive[block.passages]
        counts = np.add.reduceat(living.astype(np.int64), starts)
        index = np.where(living, np.arange(len(living)), len(living) - 1)
        first = np.minimum.reduceat(index, starts)
    seen = ids[block.passages[first]] << PLACE_BITS | block.places[first]
    kept = counts > 0
    return block.keys[kept], counts[kept], seen[kept]


def _merged(keys: Int64s, counts: Int64s, seen: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    """Terms met several times become one: counts added up, the earliest place kept."""
    if not len(keys):
        return keys, counts, seen
    order = np.argsort(keys)
    starts = runs(keys[order])
    return keys[order[starts]], np.add.reduceat(counts[order], starts), np.minimum.reduceat(seen[order], starts)
