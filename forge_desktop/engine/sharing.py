"""Which layer goes to which GPU: llama.cpp's own rule for a split, and splits that fall on whole layers."""

from __future__ import annotations

from collections.abc import Sequence

CPU = -1


def places(units: int, gpu_layers: int, split: Sequence[float]) -> list[int]:
    """For each unit (the layers, then the output) the number of its GPU, or CPU.

    The last `gpu_layers` units are offloaded; a unit goes to the first GPU whose share of them reaches beyond it.
    """
    offloaded = min(max(0, gpu_layers), units) if split else 0
    first, total = units - offloaded, sum(split)
    ends, reached = [], 0.0
    for part in split:
        reached += part
        ends.append(reached / total if total > 0 else 1.0)
    found = [CPU] * first
    for number in range(offloaded):
        found.append(next((gpu for gpu, end in enumerate(ends) if end > number / offloaded), len(ends) - 1))
    return found


def shares(sizes: Sequence[int], rooms: Sequence[int]) -> list[int] | None:
    """How many of these units, in order, each GPU takes; None where they do not all fit.

    First in proportion to the rooms, so that no GPU is fuller than another; where a large unit spoils that, each GPU
    takes what it can.
    """
    for counts in (_proportional(sizes, rooms), _greedy(sizes, rooms)):
        if counts is not None and _fit(sizes, rooms, counts):
            return counts
    return None


def _proportional(sizes: Sequence[int], rooms: Sequence[int]) -> list[int] | None:
    total, room = sum(sizes), sum(max(0, each) for each in rooms)
    if room <= 0:
        return None
    counts, gpu, taken, reached = [0] * len(rooms), 0, 0, 0.0
    bounds = []
    for each in rooms:
        reached += max(0, each) * total / room
        bounds.append(reached)
    for size in sizes:
        # A unit belongs where its middle lies, so that rounding favours nobody.
        while gpu < len(rooms) - 1 and taken + size / 2 > bounds[gpu]:
            gpu += 1
        counts[gpu] += 1
        taken += size
    return counts


def _greedy(sizes: Sequence[int], rooms: Sequence[int]) -> list[int] | None:
    counts, gpu, left = [0] * len(rooms), 0, list(rooms)
    for size in sizes:
        while gpu < len(rooms) and size > left[gpu]:
            gpu += 1
        if gpu == len(rooms):
            return None
        left[gpu] -= size
        counts[gpu] += 1
    return counts


def _fit(sizes: Sequence[int], rooms: Sequence[int], counts: Sequence[int]) -> bool:
    place = 0
    for room, count in zip(rooms, counts, strict=True):
        if count and sum(sizes[place : place + count]) > room:
            return False
        place += count
    return place == len(sizes)
