"""Looks through what was learnt for damage: pairs, suites and datasets against the hashes they were stored with."""

from __future__ import annotations

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.datasets import Datasets
from forge_desktop.distill.pair_lines import content_sha256
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.suites import Suites, items_sha256


def look_through(pairs: Pairs, suites: Suites, datasets: Datasets) -> tuple[int, list[str]]:
    """How many were looked at, and a sentence for each that is not what was stored."""
    checked, found = 0, list[str]()
    for pair in pairs.iterate(every=True):
        checked += 1
        if pair.sha256 and pair.sha256 != content_sha256(pair):
            found.append(f"The pair {pair.uid} is not what was stored.")
    for suite in suites.all():
        checked += 1
        if items_sha256(suites.items(suite.uid)) != suite.sha256:
            found.append(f"The suite {suite.name} does not ask what it asked when it was made.")
    for made in datasets.all():
        checked += 1
        try:
            datasets.lines(made.uid)
        except ForgeError as error:
            found.append(error.message)
    return checked, found
