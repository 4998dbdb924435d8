"""Folds passages that say the same: of copies, versions and quoted mails the best one is shown, and how many more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set

_SHORT = 12  # words; a shorter passage is like another only when it is the same
_HELD = 0.9  # share of a passage's runs that another one must hold to stand for it


class Folds:
    """Passages in the order of their rank; `place` says which earlier one says all that a new one says.

    Nine tenths of its runs of three words must stand there, and every number and every word of the query that it has:
    two invoices that differ in a sum, or in what was asked for, are two.
    """

    def __init__(self, asked: Set[str]) -> None:
        self._asked = asked
        self._kept: list[frozenset[str]] = []  # the telling words of each passage that stands for itself
        self._holders: dict[tuple[str, ...], list[int]] = {}

    def place(self, words: Sequence[str]) -> int | None:
        """The number (from 0) of the earlier passage that stands for this one; None, when it stands for itself."""
        runs = _runs(words)
        telling = frozenset(word for word in words if not word.isalpha() or word in self._asked)
        held = Counter(holder for run in runs for holder in self._holders.get(run, ()))
        for holder in sorted(held):
            if held[holder] >= _HELD * len(runs) and telling <= self._kept[holder]:
                return holder
        for run in runs:
            self._holders.setdefault(run, []).append(len(self._kept))
        self._kept.append(telling)
        return None


def _runs(words: Sequence[str]) -> Set[tuple[str, ...]]:
    if len(words) < _SHORT:
        return {tuple(words)}
    return set(zip(words, words[1:], words[2:], strict=False))
