"""The best k passages of a question, exactly those of a full scan, while most of its long lists are never looked at.

Every posting's code bounds what it can add to a score. The shortest lists are added up by these bounds; the best of the
sums, scored exactly, give a score that k passages reach. From then on a passage first met in a list can only be among
the best when its own bound there plus all that the lists still to come can add reaches that score, and that is one
comparison of bytes for a whole list. What is left is scored exactly, in the order of the question's terms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval.coding import Floats
from forge_desktop.corpus.retrieval.lists import TermList
from forge_desktop.corpus.retrieval.okapi import Question, score, score_some
from forge_desktop.corpus.retrieval.postings import runs
from forge_desktop.corpus.retrieval.snapshot import Mask

_FEW = 5000  # postings, or passages allowed: below, looking at all is quicker than looking for the best
_ADDED_UP = 10_000  # postings of the shortest lists that are added up at first
_SEEDS = 4  # times k: passages that are scored to find what k of them reach
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
        lists = question.lists[at]
        asked = Counter(question.terms)
        self._weights = {term: question.idf[term] * asked[term] for term in lists}
        self._lists = [(found, self._weights[term]) for term, found in lists.items()]
        self._lists.sort(key=lambda entry: entry[0].count)
        self._bounds = question.view.segments[at].body.codes.bounds(question.view.average)

    def best(self, least: float) -> tuple[Passages, Floats]:
        """Passages that may be among the k best, with their scores; none below `least`, above zero when k reach it."""
        if min(self._weights.values()) < 0:
            return self._scanned()
        if sum(found.count for found, _ in self._lists) <= _FEW:
            return self._scored(self._allowed(_distinct([found.passages for found, _ in self._lists])))
        if self._mask is not None and np.count_nonzero(self._mask) <= _FEW:
            return self._scored(np.flatnonzero(self._mask).astype(np.int32))
        return self._scored(self._candidates(least * (1 - _SLACK)))

    def _candidates(self, least: float) -> Passages:
        """Passages among which those that reach `least` and are among the k best are."""
        most = [weight * float(self._bounds[: int(found.codes.max()) + 1].max()) for found, weight in self._lists]
        rest = np.append(np.cumsum(most[::-1])[::-1], 0.0).tolist()
        begin, passages, values = self._added_up()
        if begin:
            least = max(least, self._reached(passages, values))
            passages, values = _reaching(passages, values, least - rest[begin])
        else:
            least = max(least, self._reached(*self._first_best()))
        for number in range(begin, len(self._lists)):
            found, weight = self._lists[number]
            if len(passages):
                postings, places = found.find(passages)
                values[places] += weight * self._bounds[found.codes[postings]]
            if rest[number] >= least and (weight or not least):
                fresh = self._newcomers(found, weight, least - rest[number + 1])
                passages, values = _united(passages, values, *fresh)
            passages, values = _reaching(passages, values, least - rest[number + 1])
        if len(passages) > 2 * _SEEDS * self._k:
            passages, values = _reaching(passages, values, self._reached(passages, values))
        return passages

    def _added_up(self) -> tuple[int, Passages, Floats]:
        """How many of the shortest lists were added up, their passages and the sums of their bounds."""
        begin = total = 0
        while begin < len(self._lists) and (total := total + self._lists[begin][0].count) <= _ADDED_UP:
            begin += 1
        some = self._lists[:begin]
        if not some:
            return 0, np.zeros(0, np.int32), np.zeros(0)
        passages = np.concatenate([found.passages for found, _ in some])
        values = np.concatenate([weight * self._bounds[found.codes] for found, weight in some])
        if begin > 1:
            order = passages.argsort()
            passages, starts = passages[order], runs(passages[order])
            passages, values = passages[starts], np.add.reduceat(values[order], starts)
        if self._mask is not None:
            allowed = self._mask[passages]
            passages, values = passages[allowed], values[allowed]
        return begin, passages, values

    def _first_best(self) -> tuple[Passages, Floats]:
        """Passages of the shortest list's highest codes."""
        found, weight = self._lists[0]
        above = np.cumsum(np.bincount(found.codes, minlength=256)[::-1])
        lowest = 255 - int(above.searchsorted(_SEEDS * self._k))
        postings = (found.codes >= max(lowest, 0)).nonzero()[0]
        passages = found.passages_at(postings)
        values = weight * self._bounds[found.codes[postings]]
        if self._mask is not None:
            allowed = self._mask[passages]
            passages, values = passages[allowed], values[allowed]
        return passages, values

    def _reached(self, passages: Passages, values: Floats) -> float:
        """A score that k of these passages reach, found among those with the highest values; 0.0 when they are few."""
        if len(passages) < self._k:
            return 0.0
        most = _SEEDS * self._k
        if len(passages) > most:
            passages = np.sort(passages[values.argpartition(-most)[-most:]])
        scores, _ = score_some(self._question, self._at, passages)
        return float(np.partition(scores, -self._k)[-self._k]) * (1 - _SLACK)

    def _newcomers(self, found: TermList, weight: float, need: float) -> tuple[Passages, Floats]:
        """Passages of the list whose bound there may reach `need`, and these bounds."""
        if need > 0:
            enough = (weight * self._bounds >= need).nonzero()[0]
            if not len(enough):
                return np.zeros(0, np.int32), np.zeros(0)
            postings = (found.codes >= enough[0]).nonzero()[0]
            passages, codes = found.passages_at(postings), found.codes[postings]
        else:
            passages, codes = found.passages, found.codes
        if self._mask is not None:
            allowed = self._mask[passages]
            passages, codes = passages[allowed], codes[allowed]
        return passages, weight * self._bounds[codes]

    def _allowed(self, passages: Passages) -> Passages:
        return passages if self._mask is None else passages[self._mask[passages]]

    def _scored(self, passages: Passages) -> tuple[Passages, Floats]:
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


def _reaching(passages: Passages, values: Floats, need: float) -> tuple[Passages, Floats]:
    """Those whose value is at least `need`."""
    if need <= 0 or not len(passages):
        return passages, values
    kept = (values >= need).nonzero()[0]
    return passages[kept], values[kept]


def _distinct(parts: Sequence[Passages]) -> Passages:
    passages = np.concatenate(parts)
    passages.sort()
    return passages[runs(passages)]


def _united(passages: Passages, values: Floats, fresh: Passages, fresh_values: Floats) -> tuple[Passages, Floats]:
    """Both, ascending; a fresh one that is there already is left out."""
    if not len(passages) or not len(fresh):
        return (passages, values) if len(passages) else (fresh, fresh_values)
    at = passages.searchsorted(fresh)
    at[at == len(passages)] = 0
    new = passages[at] != fresh
    passages, values = np.concatenate((passages, fresh[new])), np.concatenate((values, fresh_values[new]))
    order = passages.argsort()
    return passages[order], values[order]
