"""The best k passages of a question, exactly those of a full scan, while most of its long lists are never looked at.

Lists are taken from the shortest to the longest. A passage first met in a list can only be among the best when
its own share there plus all that the lists still to come can add reaches the k-th best score found so far, and that is
one comparison of bytes for a whole list. What is left is scored exactly, in the order of the question's terms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval.coding import K1, Floats, norm
from forge_desktop.corpus.retrieval.lists import TermList
from forge_desktop.corpus.retrieval.okapi import Question, score, score_some
from forge_desktop.corpus.retrieval.snapshot import Mask, Segment

_FEW = 5000  # postings, or passages allowed: below, looking at all is quicker than looking for the best
_SEEDS = 3  # times k: postings of the shortest lists from which the first bound is made
_SLACK = 1e-9  # bounds are sums in another order than scores

Passages = npt.NDArray[np.int32]


def top_k(question: Question, k: int, masks: Sequence[Mask | None]) -> dict[int, float]:
    """The k best passages with their scores, best first; ties go to the lowest id.

    `masks` tell for each segment which passages may be found, None for all; removed ones must not.
    """
    best_ids, best_scores = np.zeros(0, np.int64), np.zeros(0)
    segments = question.view.segments
    for at in sorted(range(len(segments)), key=lambda at: -segments[at].row.passages):
        if not question.lists[at]:
            continue
        least = best_scores[-1] if len(best_scores) == k else 0.0
        passages, scores = _Search(question, at, k, masks[at]).best(float(least))
        ids = np.concatenate((best_ids, segments[at].body.ids.of(passages)))
        scores = np.concatenate((best_scores, scores))
        order = np.lexsort((ids, -scores))[:k]
        best_ids, best_scores = ids[order], scores[order]
    return dict(zip(best_ids.tolist(), best_scores.tolist(), strict=True))


class _Search:
    """The search in one segment."""

    def __init__(self, question: Question, at: int, k: int, mask: Mask | None) -> None:
        self._question, self._at, self._k, self._mask = question, at, k, mask
        self._segment: Segment = question.view.segments[at]
        asked = Counter(question.terms)
        lists = question.lists[at]
        self._weights = {term: question.idf[term] * asked[term] for term in lists}
        self._order = sorted(lists, key=lambda term: lists[term].count)

    def best(self, least: float) -> tuple[Passages, Floats]:
        """Passages that may be among the k best, with their scores; none below `least`, above zero when k reach it."""
        lists = self._question.lists[self._at]
        if min(self._weights.values()) < 0:
            return self._scanned()
        if sum(found.count for found in lists.values()) <= _FEW:
            return self._scored(np.unique(np.concatenate([found.passages for found in lists.values()])))
        if self._mask is not None and np.count_nonzero(self._mask) <= _FEW:
            return self._scored(np.flatnonzero(self._mask).astype(np.int32))
        return self._scored(self._candidates(max(least * (1 - _SLACK), self._seed())))

    def _candidates(self, least: float) -> Passages:
        bounds = self._segment.body.codes.bounds(self._question.view.average)
        most = [self._weights[term] * float(bounds.max()) for term in self._order]
        rest = np.append(np.cumsum(most[::-1])[::-1], 0.0)
        passages, values = np.zeros(0, np.int32), np.zeros(0)
        for number, term in enumerate(self._order):
            found, weight, after = self._question.lists[self._at][term], self._weights[term], float(rest[number + 1])
            if len(passages):
                postings, places = found.find(passages)
                values[places] += self._shares(found, postings, passages[places], weight)
            if rest[number] >= least and (weight or not least):
                fresh, fresh_values = self._newcomers(
                    found, weight, (least - after) / weight if weight else 0.0, bounds
                )
                passages, values = _united(passages, values, fresh, fresh_values)
            if len(values) >= self._k:
                least = max(least, float(np.partition(values, -self._k)[-self._k]) * (1 - _SLACK))
            if least > 0:
                kept = values + after >= least
                passages, values = passages[kept], values[kept]
        return passages

    def _newcomers(self, found: TermList, weight: float, need: float, bounds: Floats) -> tuple[Passages, Floats]:
        """Passages of the list whose impact there may reach `need`, and their shares."""
        postings: npt.NDArray[np.intp]
        if need > 0:
            enough = np.flatnonzero(bounds >= need * (1 - _SLACK))
            if not len(enough):
                return np.zeros(0, np.int32), np.zeros(0)
            postings = np.flatnonzero(found.codes >= enough[0])
            passages = found.passages_at(postings)
        else:
            passages, postings = found.passages, np.arange(found.count)
        if self._mask is not None:
            allowed = self._mask[passages]
            passages, postings = passages[allowed], postings[allowed]
        return passages, self._shares(found, postings, passages, weight)

    def _seed(self) -> float:
        """A bound that at least k passages reach: the exact k-th score of the best postings of the shortest lists."""
        picked = []
        for term in self._order[:3]:
            found = self._question.lists[self._at][term]
            most = max(_SEEDS * self._k, 64)
            if found.count <= most:
                picked.append(found.passages)
                continue
            above = np.cumsum(np.bincount(found.codes, minlength=256)[::-1])
            lowest = 255 - int(np.searchsorted(above, most))
            picked.append(found.passages_at(np.flatnonzero(found.codes >= lowest)[: 2 * most]))
        passages = np.unique(np.concatenate(picked))
        if self._mask is not None:
            passages = passages[self._mask[passages]]
        if len(passages) < self._k:
            return 0.0
        scores, _ = score_some(self._question, self._at, passages)
        return float(np.partition(scores, -self._k)[-self._k]) * (1 - _SLACK)

    def _shares(self, found: TermList, postings: npt.NDArray[np.intp], passages: Passages, weight: float) -> Floats:
        often = found.frequencies(postings).astype(np.float64)
        lengths = norm(self._segment.body.lengths[passages], self._question.view.average)
        return weight * (often * (K1 + 1) / (often + lengths))

    def _scored(self, passages: Passages) -> tuple[Passages, Floats]:
        if self._mask is not None:
            passages = passages[self._mask[passages]]
        scores, matched = score_some(self._question, self._at, passages)
        return _cut(passages[matched], scores[matched], self._k)

    def _scanned(self) -> tuple[Passages, Floats]:
        scores, matched = score(self._question, self._at)
        passages = np.flatnonzero(matched if self._mask is None else matched & self._mask)
        return _cut(passages.astype(np.int32), scores[passages], self._k)


def _cut(passages: Passages, scores: Floats, k: int) -> tuple[Passages, Floats]:
    """The k best, ties to the lowest."""
    if len(scores) <= k:
        return passages, scores
    least = np.partition(scores, -k)[-k]
    above = np.flatnonzero(scores > least)
    kept = np.concatenate((above, np.flatnonzero(scores == least)[: k - len(above)]))
    return passages[kept], scores[kept]


def _united(passages: Passages, values: Floats, fresh: Passages, fresh_values: Floats) -> tuple[Passages, Floats]:
    """Both, ascending; a fresh one that is there already is left out."""
    if not len(passages) or not len(fresh):
        return (passages, values) if len(passages) else (fresh, fresh_values)
    at = np.minimum(np.searchsorted(passages, fresh), len(passages) - 1)
    new = passages[at] != fresh
    passages, values = np.concatenate((passages, fresh[new])), np.concatenate((values, fresh_values[new]))
    order = np.argsort(passages, kind="stable")
    return passages[order], values[order]
