"""Which passages a search may find, as ranges of ids."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from forge_desktop.corpus.retrieval.postings import Int64s


@dataclass(frozen=True)
class Scope:
    """Sorted, disjoint, inclusive ranges of passage ids; equal `key`s mean equal ranges."""

    first: Int64s
    last: Int64s
    key: Hashable
