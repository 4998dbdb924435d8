"""Which passages a search looks at: ranges of their ids, because a document's passages follow one another."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scope:
    """Sorted, disjoint ranges of passage ids, both ends inside: `first[n]` to `last[n]`.

    Two scopes with one `key` hold the same ranges as long as the index does not change: masks are remembered by it.
    """

    first: Int64s
    last: Int64s
    key: Hashable

    @classmethod
    def of_ids(cls, ids: Iterable[int], key: Hashable) -> Scope:
        """The scope of exactly these passages."""
        wanted = np.unique(np.fromiter(ids, np.int64))
        if not len(wanted):
            return cls(wanted, wanted, key)
        breaks = np.flatnonzero(np.diff(wanted) != 1)
        return cls(wanted[np.append(0, breaks + 1)], wanted[np.append(breaks, len(wanted) - 1)], key)

    def __len__(self) -> int:
        """How many ids there are in its ranges."""
        return int((self.last - self.first + 1).sum())
