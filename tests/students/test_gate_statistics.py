"""Intervals, the sign test and the number of items that would decide, against what is known of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forge_desktop.students.statistics import interval, needed, paired, sign_test


def _paired(first: list[float], second: list[float], seed: int = 1):
    found = paired(first, second, resamples=10_000, confidence=0.95, seed=seed)
    assert found is not None
    return found


def test_the_interval_is_that_of_the_normal_curve_where_there_are_many_items() -> None:
    draw = np.random.default_rng(5)
    deltas = draw.normal(0.2, 1.0, 400)
    low, high = interval(deltas, resamples=10_000, confidence=0.95, seed=1)
    half = 1.96 * deltas.std(ddof=1) / math.sqrt(400)
    assert low == pytest.approx(deltas.mean() - half, abs=0.01)
    assert high == pytest.approx(deltas.mean() + half, abs=0.01)


def test_the_same_seed_gives_the_same_interval_and_another_one_nearly_that() -> None:
    first, second = [0.0] * 60, np.random.default_rng(7).normal(0.2, 1.0, 60).tolist()
    one, again, other = _paired(first, second), _paired(first, second), _paired(first, second, seed=2)
    assert (one.low, one.high) == (again.low, again.high)
    assert (one.low, one.high) != (other.low, other.high)
    assert one.low == pytest.approx(other.low, abs=0.03)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(3)
    covered = 0
    for number in range(200):
        low, high = interval(draw.normal(0.5, 1.0, 60), resamples=1000, confidence=0.95, seed=number)
        covered += low <= 0.5 <= high
    assert 178 <= covered <= 199  # 190 in 200, give or take four deviations


def test_the_sign_test_is_exact() -> None:
    assert sign_test(0, 0) == 1.0
    assert sign_test(6, 0) == pytest.approx(2 / 64)
    assert sign_test(0, 5) == pytest.approx(2 / 32)
    assert sign_test(8, 2) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert sign_test(5, 5) == 1.0
    assert sign_test(600, 500) == pytest.approx(sign_test(500, 600))
    assert sign_test(540, 450) == pytest.approx(0.0047, abs=0.0003)
    assert sign_test(545, 460) == pytest.approx(0.008, abs=0.0005)


def test_equal_differences_are_told_because_resampling_them_tells_nothing() -> None:
    found = _paired([0.0] * 8, [1.0] * 8)
    assert found.even
    assert (found.low, found.high, found.difference) == (1.0, 1.0, 1.0)
    assert (found.up, found.down) == (8, 0)
    assert found.p == pytest.approx(2 / 256)
    assert needed(found, 0.0, 0.95) is None


def test_nothing_is_compared_where_there_is_no_item_or_not_the_same_ones() -> None:
    assert paired([], [], resamples=100, confidence=0.95, seed=1) is None
    with pytest.raises(ValueError, match="same items"):
        paired([1.0], [1.0, 2.0], resamples=100, confidence=0.95, seed=1)


def test_so_many_more_items_decide() -> None:
    draw = np.random.default_rng(11)
    truth = draw.normal(0.1, 1.0, 20_000)
    few = truth[:60]
    found = _paired([0.0] * 60, few.tolist())
    more = needed(found, 0.0, 0.95)
    assert found.low < 0 < found.high
    assert more is not None
    half = 1.96 * found.deviation / math.sqrt(60 + more)
    assert found.difference - half == pytest.approx(0.0, abs=0.01)
    far = _paired([0.0, 0.0, 0.0, 0.0], [1.0, -1.0, 1.0, -1.000001])
    assert needed(far, 0.0, 0.95) is None  # the difference is as good as none
