"""How the processes of one run share its steps; alone, a run shares with nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Peers(Protocol):
    """The processes of a run. Each computes `rows[rank::world]` of a step; sums are the same in all of them after."""

    rank: int
    world: int

    def sum(self, tensors: Sequence[Any]) -> None:
        """Add these tensors up over all processes, in place. Every process calls it with the same shapes in order."""


class Alone:
    """One process."""

    rank, world = 0, 1

    def sum(self, tensors: Sequence[Any]) -> None:
        """Nothing to add."""
