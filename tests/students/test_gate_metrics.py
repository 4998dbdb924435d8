"""What an answer is worth by rules: right, cited, grounded, declined, well formed."""

from __future__ import annotations

import dataclasses
import math

import pytest

from forge_desktop.distill.records import Evidence, SuiteItem
from forge_desktop.students import gate_metrics
from forge_desktop.students.gate_items import GateItem, drawn, item_of, validation_part

_GARDEN = ((1, "garden.txt", "A plot costs 45 euros a year, paid in March."), (3, "pool.txt", "The pool opens at six."))


def _item(answer: str, **more: object) -> GateItem:
    return dataclasses.replace(GateItem(1, "u1", "What does a plot cost?", answer), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "more", "said", "mark"),
    [
        ("Rome", {}, "rome.", 1.0),
        ("Rome", {}, "The Rome [1]", 1.0),
        ("Rome", {}, "Rome is the capital.", 0.0),
        ("Rome", {"match": "contains"}, "It is Rome, in Italy.", 1.0),
        ("Rome", {"match": "contains"}, "It is Romeo.", 0.0),
        ("12", {"match": "contains", "accept": ("twelve",)}, "That makes Twelve.", 1.0),
        ("12", {"match": "contains"}, "12.5", 0.0),
        ("Straße", {}, "STRASSE", 1.0),
        ("anything", {"match": "none"}, "anything", None),
        ('{"a": 1, "b": ["x"]}', {"match": "json"}, '```json\n{"b": ["X"], "a": 1}\n```', 1.0),
        ('{"a": 1}', {"match": "json"}, '{"a": true}', 0.0),
        ('{"a": 1}', {"match": "json"}, 'Sure: {"a": 1}', 0.0),
        ('{"a": 1}', {"match": "json"}, '{"a": NaN}', 0.0),
    ],
)
def test_an_answer_is_right_as_its_item_asks(
    answer: str, more: dict[str, object], said: str, mark: float | None
) -> None:
    assert gate_metrics.exact_match(_item(answer, **more), said) == mark


def test_the_words_of_an_answer_are_compared_with_the_best_reference() -> None:
    item = _item("a plot costs 45 euros", accept=("45 euros",))
    assert gate_metrics.token_f1(item, "45 euros [1]") == 1.0
    assert gate_metrics.token_f1(item, "It costs 45") == pytest.approx(4 / 7)
    assert gate_metrics.token_f1(item, "") == 0.0
    assert gate_metrics.token_f1(_item("x", refuses=True), "x") is None


def test_a_citation_holds_when_there_is_such_a_passage() -> None:
    item = _item("45 euros [1]", evidence=_GARDEN, category="citation")
    assert gate_metrics.citation_validity(item, "45 euros [1].") == 1.0
    assert gate_metrics.citation_validity(item, "45 euros [1-3].") == pytest.approx(2 / 3)
    assert gate_metrics.citation_validity(item, "45 euros [1, 7].") == 0.5
    assert gate_metrics.citation_validity(item, "45 euros.") == 0.0
    asked_nothing = dataclasses.replace(item, category="fact")
    assert gate_metrics.citation_validity(asked_nothing, "45 euros.") is None
    assert gate_metrics.citation_validity(_item("x"), "x [1]") is None
    assert len(gate_metrics.cited_numbers("[1-999]" * 50)) == 200


def test_an_answer_is_grounded_where_passages_say_it() -> None:
    item = _item("45 euros", evidence=_GARDEN)
    assert gate_metrics.groundedness(item, "A plot costs 45 euros a year.") == 1.0
    assert gate_metrics.groundedness(item, "A plot costs 45 euros a year. The mayor owns eleven horses.") == 0.5
    assert gate_metrics.groundedness(item, "Hello!") is None


@pytest.mark.parametrize(
    "said", ["The documents do not say that.", "Das steht nicht in den Dokumenten.", "I don't know."]
)
def test_declining_is_right_where_nothing_answers(said: str) -> None:
    assert gate_metrics.refusal(_item(said, refuses=True), said) == 1.0
    assert gate_metrics.refusal(_item("45", refuses=False), said) == 0.0
    assert gate_metrics.refusal(_item("45"), said) is None


def test_answering_is_right_where_something_answers() -> None:
    assert gate_metrics.refusal(_item("45", refuses=False), "It costs 45 euros.") == 1.0
    assert gate_metrics.refusal(_item("45", refuses=True), "It costs 45 euros.") == 0.0


def test_the_reference_costs_nats_a_token() -> None:
    assert gate_metrics.nll([-1.0, -2.0, -3.0]) == 2.0
    assert gate_metrics.nll([]) is None
    for bad in (math.nan, -math.inf, math.inf):
        assert math.isnan(gate_metrics.nll([-1.0, bad]) or 0.0)


def test_what_is_scored_stands_in_the_items_meta() -> None:
    place = Evidence(2, "a" * 64, "garden.txt", 0, 5, 9, None, (), "words", cited=True)
    meta = {"match": "contains", "accept": ["b"], "refusal": False, "rules": "Be short."}
    item = item_of(SuiteItem(4, "u", "Q?", "A", (place,), "fact", meta))
    assert (item.match, item.accept, item.refuses, item.rules) == ("contains", ("b",), False, "Be short.")
    assert item.evidence == ((2, "garden.txt", "words"),)
    assert item.documents == ("a" * 64,)
    assert item_of(SuiteItem(4, "u", "Q?", "A", (), "fact", {"meta": meta})).match == "contains"
    plain = item_of(SuiteItem(4, "u", "Q?", "A", (), "", {"match": 7, "accept": "b"}))
    assert (plain.match, plain.accept, plain.refuses) == ("exact", (), None)
    assert item_of(SuiteItem(4, "u", "Q?", "A", (), "unanswerable")).refuses is True


def test_items_are_drawn_and_split_the_same_way_every_time() -> None:
    items = [GateItem(n, f"u{n}", "Q", "A") for n in range(1, 41)]
    some = drawn(items, 12, 1)
    assert len(some) == 12
    assert some == drawn(list(reversed(items)), 12, 1)[::-1]
    assert some != drawn(items, 12, 2)
    assert drawn(items, 0, 1) == items
    part = validation_part(items)
    assert len(part) == 10
    assert validation_part(items[:1]) == frozenset()
    assert len(validation_part(items[:2])) == 1
