"""Looks at each loss for signs that a run has diverged, and at its end whether it learnt; needs no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping

_EXPLODED = 4.0  # losses so many nats above the base's own, or above the lowest, are no learning any more
_LAST = 5  # steps that they are averaged over: single rows differ
_TWICE = 2  # steps in a row that far above the very first: one row alone may be odd
_WORSE = 0.5  # nats above the base's own with which no adapter is kept; a little worse is for the gate to judge


class Diverged(Exception):  # noqa: N818 - an end of the run, not an error of the program
    """The loss or its gradient is no number any more, or grew beyond all bounds. Its text says which."""


class Watch:
    """The losses so far, as far as they matter. The first is the base's own: the adapter begins as nothing."""

    def __init__(self) -> None:
        self._last: list[float] = []
        self._first: float | None = None
        self._lowest: float | None = None
        self._above = 0

    def see(self, step: int, loss: float, norm: float = 0.0) -> None:
        """Take in a step's loss and its gradient's norm. Raises Diverged."""
        for what, number in (("loss", loss), ("gradient", norm)):
            if not math.isfinite(number):
                raise Diverged(f"The {what} of step {step} is no number any more.")
        self._first = loss if self._first is None else self._first
        self._above = self._above + 1 if loss > self._first + _EXPLODED else 0
        if self._above >= _TWICE:
            raise Diverged(f"The loss grew from {self._first:.1f}, the base's own, to {loss:.1f} by step {step}.")
        self._last = [*self._last, loss][-_LAST:]
        if len(self._last) < _LAST:
            return
        now = sum(self._last) / _LAST
        self._lowest = min(now, self._first if self._lowest is None else self._lowest)
        if now > self._lowest + _EXPLODED:
            raise Diverged(f"The loss grew from {self._lowest:.1f} to {now:.1f} by step {step}.")

    def state(self) -> dict[str, object]:
        """What `restore` goes on from."""
        return {"last": self._last, "first": self._first, "lowest": self._lowest, "above": self._above}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from a state."""
        last, first, lowest, above = state["last"], state["first"], state["lowest"], state["above"]
        assert isinstance(last, list)
        assert isinstance(above, int)
        self._last, self._above = [float(loss) for loss in last], above
        self._first = first if isinstance(first, float) else None
        self._lowest = lowest if isinstance(lowest, float) else None


def refuse_worse(found: float, own: float, what: str) -> None:
    """Let no adapter come of a run that ended worse than the base began. Raises Diverged."""
    if found > own + _WORSE:
        raise Diverged(
            f"The run ended with a loss of {found:.2f} on {what}, where the untrained base has {own:.2f}: it has"
            " unlearnt, so there is no adapter."
        )
