"""Chooses the pairs that are set apart to measure with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.keeping import lesson_of
from forge_desktop.distill.records import Pair

_TOO_FAR = 2.0  # times the wanted number: where documents are cited together, more than asked may have to go


def chosen(pairs: Sequence[Pair], share: float, *, by_document: bool) -> list[Pair]:
    """About a share of the pairs, chosen by hash: the same pairs give the same choice, whatever their order or topic.

    `by_document` takes those together that cite a document in common. Raises ForgeError where nothing is left to
    choose, or where too many hang together.
    """
    groups = grouped(pairs, lambda pair: lesson_of(pair).documents) if by_document else [[pair] for pair in pairs]
    wanted = max(1, round(share * len(pairs)))
    taken: list[Pair] = []
    for group in sorted(groups, key=_place):
        if len(taken) >= wanted:
            break
        if len(taken) + len(group) <= max(wanted * _TOO_FAR, 1) and len(taken) + len(group) < len(pairs):
            taken += group
    if not taken:
        raise ForgeError(
            f"No part of the {len(pairs):,} accepted pairs can be set apart"
            + (": they cite each other's documents." if by_document and len(pairs) > 1 else "."),
            hint="Make pairs from more documents, or freeze a recall suite." if by_document else "Make more pairs.",
        )
    return sorted(taken, key=lambda pair: (pair.created, pair.uid))


def grouped(pairs: Sequence[Pair], holds: Callable[[Pair], Iterable[str]]) -> list[list[Pair]]:
    """Pairs that hold one thing in common, directly or over others, stand in one group."""
    parent = list(range(len(pairs)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    holder: dict[str, int] = {}
    for number, pair in enumerate(pairs):
        for held in holds(pair):
            parent[root(number)] = root(holder.setdefault(held, number))
    found: dict[int, list[Pair]] = {}
    for number, pair in enumerate(pairs):
        found.setdefault(root(number), []).append(pair)
    return list(found.values())


def _place(group: Sequence[Pair]) -> str:
    return min(hashlib.sha256(pair.uid.encode()).hexdigest() for pair in group)
