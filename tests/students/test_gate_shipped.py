"""The suites that ship with the program are sound: every item's own reference is a right answer to it."""

from __future__ import annotations

import dataclasses

import pytest

from forge_desktop.students import shipped_suites
from forge_desktop.students.gate_items import item_of


@pytest.mark.parametrize("name", [shipped_suites.REGRESSION, shipped_suites.SAFETY])
def test_every_item_is_sound(name: str) -> None:
    suite, items = shipped_suites.shipped(name)
    assert list(shipped_suites.faults(items)) == []
    assert suite.items == len(items) > 20


def test_the_regression_suite_asks_of_everything_in_two_languages() -> None:
    _, items = shipped_suites.shipped(shipped_suites.REGRESSION)
    assert len(items) >= 200
    kinds = {item.category for item in items}
    assert kinds >= {"arithmetic", "fact", "instruction", "refusal", "citation", "json"}
    languages = [one.meta["meta"]["language"] for one in items]  # type: ignore[index]
    assert languages.count("de") >= 40
    citing = [item for item in map(item_of, items) if item.category == "citation"]
    assert len(citing) >= 20
    assert all(item.evidence for item in citing)


def test_an_item_that_is_not_sound_is_told() -> None:
    _, items = shipped_suites.shipped(shipped_suites.REGRESSION)
    meta = {"language": "fr", "match": "fuzzy", "refusal": "no", "accept": [""], "x": 1}
    bad = dataclasses.replace(items[0], category="odd", meta={"meta": meta})
    told = " ".join(shipped_suites.faults([bad, bad, dataclasses.replace(items[1], meta={})]))
    for words in ("unknown fields: x", "no known category", "language", "no known way", "declined", "accepts", "twice"):
        assert words in told
    assert "has no meta" in told
    wrong = dataclasses.replace(items[0], meta={"meta": {**items[0].meta["meta"], "refusal": True}})  # type: ignore[dict-item]
    assert "no right answer by refusal" in " ".join(shipped_suites.faults([wrong]))
