"""Keeps what a suite measures out of training: by exact text, runs of eight words, MinHash, and source documents."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus import texts
from forge_desktop.distill import minhash
from forge_desktop.distill.dedupe import Lesson
from forge_desktop.distill.minhash import Buckets
from forge_desktop.distill.records import Suite, SuiteItem

_GRAM = 8  # words


class Leak(NamedTuple):
    """An item of a suite that a pair (nearly) holds, how far, and by what this was found."""

    suite: Suite
    item: SuiteItem
    similarity: float
    method: str


class SuiteIndex:
    """The items of suites, to be compared with pairs one by one. Immutable once made.

    A "transfer" suite is compared in question and answer, and shares no document that a pair cites. A "recall" suite
    asks in other words for what was trained, so that its answers must come up: its questions alone are compared.
    """

    def __init__(self, items: Sequence[tuple[Suite, SuiteItem]]) -> None:
        self._items = list(items)
        self._exact: dict[str, list[int]] = {}
        self._documents: dict[str, int] = {}
        self._buckets = Buckets()
        keys: list[npt.NDArray[np.uint32]] = []
        owners: list[npt.NDArray[np.int64]] = []
        self._sizes: list[int] = []  # of each part: the question at 2n, the answer at 2n + 1
        for number, (suite, item) in enumerate(self._items):
            self._exact.setdefault(minhash.exact(item.question), []).append(number)
            transfer = suite.kind == "transfer"
            if transfer:
                for one in item.evidence:
                    if one.cited:
                        self._documents.setdefault(one.document_sha256, number)
            for part, text in enumerate((item.question, item.answer if transfer else "")):
                found = _grams(text)
                self._sizes.append(len(found))
                keys.append(found)
                owners.append(np.full(len(found), 2 * number + part, np.int64))
        if self._items:
            self._buckets.extend(minhash.signatures(item.question for _, item in self._items))
        run = np.concatenate(keys) if keys else np.empty(0, np.uint32)
        order = np.argsort(run, kind="stable")
        self._keys = run[order]
        self._owners = np.concatenate(owners)[order] if owners else np.empty(0, np.int64)

    def leaks(self, lesson: Lesson, *, share: float, grams: float) -> list[Leak]:
        """The item of each suite that a pair holds most of; none for suites of which it holds nothing.

        `share` is from where on two questions are one, `grams` which part of an item's runs of words is too much.
        """
        best: dict[str, Leak] = {}

        def found(number: int, similarity: float, method: str) -> None:
            suite, item = self._items[number]
            if suite.uid not in best or similarity > best[suite.uid].similarity:
                best[suite.uid] = Leak(suite, item, similarity, method)

        if not self._items:
            return []
        for number in self._exact.get(minhash.exact(lesson.prompt), ()):
            found(number, 1.0, "exact")
        named = minhash.numbers([lesson.prompt])
        for number in self._buckets.near(minhash.signature(lesson.prompt)):
            question = self._items[number][1].question
            similarity = minhash.shared(lesson.prompt, question)
            if similarity >= share and minhash.numbers([question]) == named:
                found(number, similarity, "MinHash")
        for part, held in self._held(lesson).items():
            if held >= grams:
                found(part // 2, held, "8-gram")
        for document in sorted(lesson.documents):
            if document in self._documents:
                found(self._documents[document], 0.0, "document")
        return sorted(best.values(), key=lambda leak: leak.suite.name)

    def _held(self, lesson: Lesson) -> dict[int, float]:
        """The share of each item's runs that stand in the pair, for parts of which any does."""
        counts: Counter[int] = Counter()
        runs = np.unique(np.concatenate([_grams(lesson.prompt), _grams(lesson.final)]))
        low, high = np.searchsorted(self._keys, runs, "left"), np.searchsorted(self._keys, runs, "right")
        for begin, end in zip(low[low < high].tolist(), high[low < high].tolist(), strict=True):
            counts.update(self._owners[begin:end].tolist())
        return {part: count / self._sizes[part] for part, count in counts.items()}


def _grams(text: str) -> npt.NDArray[np.uint32]:
    """Hashes of a text's runs of eight words, each once; none of a shorter text."""
    words = texts.words(text)
    found = {
        zlib.crc32(" ".join(words[at : at + _GRAM]).encode("utf-8", "surrogatepass"))
        for at in range(len(words) - _GRAM + 1)
    }
    return np.fromiter(found, np.uint32, len(found))
