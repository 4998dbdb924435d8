"""What else is asked of a question's lists: which passages may be found, which have all its terms, why one is found."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import okapi
from forge_desktop.corpus.retrieval.codes import K1, norm
from forge_desktop.corpus.retrieval.lists import TermList
from forge_desktop.corpus.retrieval.okapi import Question
from forge_desktop.corpus.retrieval.postings import Int64s
from forge_desktop.corpus.retrieval.scope import Scope
from forge_desktop.corpus.retrieval.snapshot import Mask, Snapshot

Int32s = npt.NDArray[np.int32]


@dataclass(frozen=True)
class TermExplained:
    """A term of a question: passages that have it, its weight, how often it stands in the passage, what it adds there.

    `impact` is the part of the passage's score that comes from this term, its repeats in the question included.
    """

    term: str
    passages_with: int
    idf: float
    frequency: int
    impact: float


@dataclass(frozen=True)
class Explained:
    """Why a passage has its BM25 score. Lengths in terms; score and rank are None when it has no term of the question.

    The rank counts from 1 among all passages of the index.
    """

    terms: tuple[TermExplained, ...]
    length: int
    average_length: float
    score: float | None
    rank: int | None


def allowed(
    connection: sqlite3.Connection, view: Snapshot, scope: Scope | None, excluded: Sequence[str]
) -> list[Mask | None]:
    """For each segment which passages are alive, in the scope and without the excluded terms; None for all."""
    masks = view.masks(scope)
    if not excluded:
        return masks
    left: list[Mask | None] = []
    for segment, mask, lists in zip(view.segments, masks, okapi.lists(connection, view, excluded), strict=True):
        some = np.ones(segment.row.passages, np.bool_) if mask is None else mask.copy()
        for found in lists.values():
            some[found.passages] = False
        left.append(some)
    return left


def having_any(connection: sqlite3.Connection, view: Snapshot, terms: Sequence[str]) -> Int64s:
    """Ids of passages that have any of these terms, removed ones too."""
    found = [np.zeros(0, np.int64)]
    for segment, lists in zip(view.segments, okapi.lists(connection, view, terms), strict=True):
        found += [segment.body.ids.of(postings.passages) for postings in lists.values()]
    return np.unique(np.concatenate(found))


def passages_with_all(question: Question, words: Sequence[Sequence[str]], masks: Sequence[Mask | None]) -> list[int]:
    """Ids of passages that have all these words, each as any of its terms, the best score first, ties by the lowest
    id. The question has all those terms."""
    ids, scores = [np.zeros(0, np.int64)], [np.zeros(0)]
    for at, (segment, mask) in enumerate(zip(question.view.segments, masks, strict=True)):
        lists = question.lists[at]
        having = [[lists[term].passages for term in word if term in lists] for word in words]
        if not all(having):
            continue
        passages = functools.reduce(_in_both, sorted(map(_in_any, having), key=len))
        if mask is not None:
            passages = passages[mask[passages]]
        ids.append(segment.body.ids.of(passages))
        scores.append(okapi.score_some(question, at, passages)[0])
    all_ids = np.concatenate(ids)
    order = np.lexsort((all_ids, -np.concatenate(scores)))
    best: list[int] = all_ids[order].tolist()
    return best


def some_with_all(
    view: Snapshot, lists: Sequence[Mapping[str, TermList]], asked: Sequence[Sequence[Sequence[str]]], most: int
) -> list[list[int]]:
    """Of each group of words, each word as any of its terms, ids of at most so many passages that have all of them,
    spread evenly over a segment; a list is read once for all groups."""
    joined: list[dict[tuple[str, ...], Int32s]] = [{} for _ in view.segments]
    found: list[list[int]] = []
    for words in asked:
        ids: list[int] = []
        for segment, held, known in zip(view.segments, lists, joined, strict=True):
            having = []
            for word in map(tuple, words):
                if word not in known:
                    parts = [held[term].passages for term in word if term in held]
                    known[word] = _in_any(parts) if parts else np.zeros(0, np.int32)
                having.append(known[word])
            if not having or not all(map(len, having)):
                continue
            passages = functools.reduce(_in_both, sorted(having, key=len))
            if segment.alive is not None:
                passages = passages[segment.alive[passages]]
            ids += segment.body.ids.of(passages[:: max(1, -(-len(passages) // most))]).tolist()
        found.append(ids[:: max(1, -(-len(ids) // most))])
    return found


def _in_any(lists: Sequence[Int32s]) -> Int32s:
    """Passages that are in any of these ascending lists, ascending."""
    return lists[0] if len(lists) == 1 else np.unique(np.concatenate(lists))


def _in_both(few: Int32s, many: Int32s) -> Int32s:
    """Passages that are in both ascending lists: each of the few is looked up among the many."""
    places = np.searchsorted(many, few)
    found: Int32s = few[many[np.minimum(places, len(many) - 1)] == few]
    return found


def explained(question: Question, passage_id: int) -> Explained | None:
    """The parts of a passage's score; None when it is not in the index."""
    for segment, lists in zip(question.view.segments, question.lists, strict=True):
        passage, _ = segment.body.ids.find(np.array([passage_id]))
        if not len(passage) or (segment.alive is not None and not segment.alive[passage[0]]):
            continue
        length, average = int(segment.body.lengths[passage[0]]), question.view.average
        terms = []
        for term in dict.fromkeys(question.terms):
            postings = lists[term].find(passage)[0] if term in lists else np.zeros(0, np.intp)
            often = int(lists[term].often(postings)[0]) if len(postings) else 0
            impact = often * (K1 + 1) / (often + float(norm(segment.body.lengths[passage], average)[0]))
            idf, times = question.idf[term], question.terms.count(term)
            terms.append(TermExplained(term, question.passages_with[term], idf, often, times * idf * impact))
        rank = okapi.rank(question, passage_id)
        score = okapi.scores_of(question, np.array([passage_id])).get(passage_id)
        return Explained(tuple(terms), length, average, score, rank)
    return None
