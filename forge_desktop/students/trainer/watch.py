"""Looks at each loss for signs that a run has diverged; needs no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping

_EXPLODED = 4.0  # losses so many nats above the lowest are no learning any more
_LAST = 5  # steps that they are averaged over: single rows differ


class Diverged(Exception):  # noqa: N818 - an end of the run, not an error of the program
    """The loss or its gradient is no number any more, or grew beyond all bounds. Its text says which."""


class Watch:
    """The losses so far, as far as they matter."""

    def __init__(self) -> None:
        self._last: list[float] = []
        self._lowest: float | None = None

    def see(self, step: int, loss: float, norm: float = 0.0) -> None:
        """Take in a step's loss and its gradient's norm. Raises Diverged."""
        for what, number in (("loss", loss), ("gradient", norm)):
            if not math.isfinite(number):
                raise Diverged(f"The {what} of step {step} is no number any more.")
        self._last = [*self._last, loss][-_LAST:]
        if len(self._last) < _LAST:
            return
        now = sum(self._last) / _LAST
        self._lowest = now if self._lowest is None else min(now, self._lowest)
        if now > self._lowest + _EXPLODED:
            raise Diverged(f"The loss grew from {self._lowest:.1f} to {now:.1f} by step {step}.")

    def state(self) -> dict[str, object]:
        """What `restore` goes on from."""
        return {"last": self._last, "lowest": self._lowest}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from a state."""
        last, lowest = state["last"], state["lowest"]
        assert isinstance(last, list)
        self._last, self._lowest = [float(loss) for loss in last], lowest if isinstance(lowest, float) else None
