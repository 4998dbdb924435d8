"""The best k passages of a question, exactly those of a full scan, while most of its long lists are never looked at.

Every posting's code bounds what it can add to a score. The shortest lists are added up by these bounds; the best of the
sums, scored exactly, give a score that k passages reach. As soon as the lists that are left cannot reach it without the
others, they are only looked up for passages that still can. What is left is scored exactly, in the order of the
question's terms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval.codes import Floats
from forge_desktop.corpus.retrieval.okapi import Question, score, score_some
from forge_desktop.corpus.retrieval.postings import runs
from forge_desktop.corpus.retrieval.snapshot import Mask

_FEW = 5000  # postings, or passages allowed: below, looking at all is quicker than looking for the best
_ADDED_UP = 10_000  # postings of the shortest lists that are added up before a score to reach is looked for
_SEEDS = 8  # times k: passages that are scored to find what k of them reach
_SLACK = 2e-7  # for each list: bounds are sums in another order and in single precision, which is half of this exact
_LIGHTEST = 1e-30  # stands for a weight of zero, so that passages with that term alone are told from those without

Singles = npt.NDArray[np.float32]
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
        least = float(best_scores[-1]) if len(best_scores) == k else 0.0
        passages, scores = _Search(question, at, k, masks[at]).best(least)
        ids = segments[at].body.ids.of(passages)
        if len(best_ids):
            ids, scores = np.concatenate((best_ids, ids)), np.concatenate((best_scores, scores))
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
        self._lists = [(found, max(self._weights[term], _LIGHTEST)) for term, found in lists.items()]
        self._lists.sort(key=lambda entry: entry[0].count)
        self._known = np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.bool_)  # what was scored for a bound
        self._slack = _SLACK * (len(lists) + 4)
        bounds, self._highest = question.view.bounds(at)
        self._bounds: Singles = (bounds * (1 + self._slack)).astype(np.float32)

    def best(self, least: float) -> tuple[Passages, Floats]:
        """Passages that may be among the k best, with their scores; none below `least`, above zero when k reach it."""
        if min(self._weights.values()) < 0:
            return self._scanned()
        if least <= 0 and sum(found.count for found, _ in self._lists) <= _FEW:
            return self._scored(self._allowed(_distinct([found.passages for found, _ in self._lists])))
        if self._mask is not None and np.count_nonzero(self._mask) <= _FEW:
            return self._scored(np.flatnonzero(self._mask).astype(np.int32))
        return self._scored(self._candidates(least * (1 - self._slack)))

    def _candidates(self, least: float) -> Passages:
        """Passages among which those that reach `least` and are among the k best are."""
        rest = [0.0]  # what the lists from each on can add
        for found, weight in reversed(self._lists):
            rest.append(rest[-1] + weight * self._highest[found.codes.max()] * (1 + self._slack))
        rest.reverse()
        sums = _Sums(self._question.view.segments[self._at].row.passages)
        number = 0
        while number < len(self._lists) and (sums.postings < _ADDED_UP or rest[number] >= least):
            found, weight = self._lists[number]
            sums.add(found.passages, (self._bounds * np.float32(weight)).take(found.codes))
            number += 1
            if rest[number] >= least and (sums.postings >= _ADDED_UP or number == len(self._lists)):
                least = max(least, self._reached(self._allowed(sums.best(_SEEDS * self._k))))
        passages, values = sums.reaching(least - rest[number])
        if self._mask is not None:
            allowed = self._mask[passages]
            passages, values = passages[allowed], values[allowed]
        for (found, weight), after in zip(self._lists[number:], rest[number + 1 :], strict=True):
            postings, places = found.find(passages)
            values[places] += (self._bounds * np.float32(weight)).take(found.codes[postings])
            kept = (values >= least - after).nonzero()[0]
            passages, values = passages[kept], values[kept]
        if len(passages) > 2 * _SEEDS * self._k:
            least = max(least, self._reached(np.sort(passages[_highest(values, _SEEDS * self._k)])))
            passages = passages[values >= least]
        return passages

    def _reached(self, passages: Passages) -> float:
        """A score that k of these passages reach; 0.0 when they are fewer."""
        if len(passages) < self._k:
            return 0.0
        scores, matched = score_some(self._question, self._at, passages)
        self._known = passages, scores, matched
        return float(np.partition(scores, -self._k)[-self._k]) * (1 - self._slack)

    def _allowed(self, passages: Passages) -> Passages:
        return passages if self._mask is None else passages[self._mask[passages]]

    def _scored(self, passages: Passages) -> tuple[Passages, Floats]:
        known, scores, matched = self._known
        at = known.searchsorted(passages) if len(known) and len(passages) <= len(known) else np.zeros(0, np.intp)
        if len(at) and at[-1] < len(known) and (known[at] == passages).all():
            scores, matched = scores[at], matched[at]
        else:
            scores, matched = score_some(self._question, self._at, passages)
        return _cut(passages[matched], scores[matched], self._k)

    def _scanned(self) -> tuple[Passages, Floats]:
        scores, matched = score(self._question, self._at)
        passages = np.flatnonzero(matched if self._mask is None else matched & self._mask)
        return _cut(passages.astype(np.int32), scores[passages], self._k)


class _Sums:
    """Values added up by passage: sorted while there are few, then in a place for each passage of the segment."""

    def __init__(self, passages: int) -> None:
        self._size = passages
        self._parts: list[tuple[Passages, Singles]] = []  # of the shortest lists, not added up yet
        self._passages, self._values = np.zeros(0, np.int32), np.zeros(0, np.float32)
        self._places: Singles | None = None
        self.postings = 0

    def add(self, passages: Passages, values: Singles) -> None:
        """Add the values of these ascending passages."""
        self.postings += len(passages)
        if self._places is None and self.postings > _ADDED_UP and (self._parts or len(self._passages)):
            self._add_up()
            self._places = np.zeros(self._size, np.float32)
            self._places[self._passages] = self._values
        if self._places is None:
            self._parts.append((passages, values))
        else:
            np.add.at(self._places, passages.astype(np.intp), values)

    def best(self, most: int) -> Passages:
        """Of the passages in the shortest lists that many with the highest sums, ascending."""
        self._add_up()
        if len(self._passages) <= most:
            return self._passages
        values = self._values if self._places is None else self._places[self._passages]
        return np.sort(self._passages[_highest(values, most)])

    def reaching(self, need: float) -> tuple[Passages, Singles]:
        """Passages whose sum is at least `need`, ascending, and these sums."""
        self._add_up()
        if self._places is None:
            kept = (self._values >= need).nonzero()[0]
            return self._passages[kept], self._values[kept]
        passages = (self._places >= need if need > 0 else self._places > 0).nonzero()[0]
        return passages.astype(np.int32), self._places[passages]

    def _add_up(self) -> None:
        if not self._parts:
            return
        parts = [(self._passages, self._values), *self._parts] if len(self._passages) else self._parts
        self._parts = []
        if len(parts) == 1:
            ((self._passages, self._values),) = parts
            return
        together = np.concatenate([passages for passages, _ in parts])
        order = together.argsort()
        together = together[order]
        starts = runs(together)
        self._passages = together[starts]
        self._values = np.add.reduceat(np.concatenate([values for _, values in parts])[order], starts)


def _highest(values: Singles, most: int) -> npt.NDArray[np.intp]:
    """Where that many of the highest values stand."""
    return values.argpartition(len(values) - most)[len(values) - most :]


def _cut(passages: Passages, scores: Floats, k: int) -> tuple[Passages, Floats]:
    """The k best, ties to the lowest."""
    if len(scores) <= k:
        return passages, scores
    least = np.partition(scores, -k)[-k]
    above = np.flatnonzero(scores > least)
    kept = np.concatenate((above, np.flatnonzero(scores == least)[: k - len(above)]))
    return passages[kept], scores[kept]


def _distinct(parts: Sequence[Passages]) -> Passages:
    passages = np.concatenate(parts)
    passages.sort()
    return passages[runs(passages)]
