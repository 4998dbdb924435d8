"""Paired differences: their mean with a bootstrap interval, an exact sign test, and how many items would decide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_AT_ONCE = 4_000_000  # drawn numbers held at a time: 32 MB
_MOST_NEEDED = 1_000_000  # items; where more would be needed nobody can say that they would decide


@dataclass(frozen=True)
class Paired:
    """The differences between two arms on the same items. `low` and `high` are the ends of the interval of the mean.

    `up` and `down` count items whose difference is above and below zero, `p` is of the two-sided sign test on them.
    `even`: all differences are the same, so that resampling them tells nothing.
    """

    items: int
    first: float
    second: float
    difference: float
    low: float
    high: float
    deviation: float
    up: int
    down: int
    p: float
    even: bool


def paired(
    first: Sequence[float], second: Sequence[float], *, resamples: int, confidence: float, seed: int
) -> Paired | None:
    """Compare two arms item by item; None where there is no item. All values have to be finite."""
    if len(first) != len(second):
        raise ValueError("both arms have to have the same items")
    if not first:
        return None
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    deltas = other - one
    even = bool(np.ptp(deltas) <= 1e-12)
    mean = float(deltas.mean())
    low, high = (mean, mean) if even else interval(deltas, resamples=resamples, confidence=confidence, seed=seed)
    up, down = int((deltas > 0).sum()), int((deltas < 0).sum())
    deviation = float(deltas.std(ddof=1)) if len(deltas) > 1 else 0.0
    means = float(one.mean()), float(other.mean())
    return Paired(len(deltas), *means, mean, low, high, deviation, up, down, sign_test(up, down), even)


def interval(deltas: Values, *, resamples: int, confidence: float, seed: int) -> tuple[float, float]:
    """The bootstrap's percentile interval of the mean: the same seed draws the same resamples."""
    draw = np.random.default_rng(seed)
    count = len(deltas)
    means = np.empty(resamples)
    step = max(1, _AT_ONCE // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        means[start : start + rows] = deltas[draw.integers(0, count, (rows, count))].mean(axis=1)
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)


def sign_test(up: int, down: int) -> float:
    """The two-sided exact binomial probability of so uneven a split, were both ways equally likely, without ties."""
    count = up + down
    if not count:
        return 1.0
    tail = sum(math.comb(count, k) for k in range(min(up, down) + 1))
    return min(1.0, float(2 * tail / 2**count)) if count < 1000 else _sign_test_of_many(up, down)


def _sign_test_of_many(up: int, down: int) -> float:
    """By the normal curve, with the correction for whole numbers: beyond a thousand the exact sum is long."""
    z = (abs(up - down) - 1) / math.sqrt(up + down)
    return min(1.0, 2 * (1 - NormalDist().cdf(max(0.0, z))))


def needed(found: Paired, limit: float, confidence: float) -> int | None:
    """How many more items would bring the end of the interval to `limit`, if they were like these; None: unknown."""
    distance = abs(found.difference - limit)
    if found.even or distance <= 1e-9:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    wanted = (z * found.deviation / distance) ** 2
    if wanted > _MOST_NEEDED:
        return None
    return max(1, math.ceil(wanted) - found.items)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which this share (0 to 1) of them lies; None of none."""
    return float(np.percentile(np.asarray(values, np.float64), 100 * share)) if values else None
