"""What of a suite stands in the training data: by exact text, runs of eight words, MinHash, and source document."""

from __future__ import annotations

from forge_desktop.base.settings import Settings
from forge_desktop.distill.records import Evidence, Suite, SuiteItem
from forge_desktop.students import leaks
from forge_desktop.students.records_training import Learnt

_LONG = "The harbour of Velden was dredged to eleven metres in the year of the great storm by the north company."


def _suite(kind: str, *items: SuiteItem) -> tuple[Suite, list[SuiteItem]]:
    return Suite("u", "suite", kind, len(items), f"sha-{kind}", 0.0, ""), list(items)


def _item(n: int, question: str, answer: str, document: str = "") -> SuiteItem:
    place = Evidence(1, document, "a.txt", 0, 0, 5, None, (), "words", cited=True)
    return SuiteItem(n, f"item{n}", question, answer, (place,) if document is not None else ())


def _found(suite: tuple[Suite, list[SuiteItem]], *learnt: Learnt) -> tuple[tuple[str, str, str], ...]:
    return leaks.find([suite], learnt, Settings(), lambda done, total: None)[suite[0].sha256]


_ITEMS = (
    _item(1, "What does the lantern of Harlow cost?", "Seventeen crowns."),
    _item(2, "Who dredged the harbour of Velden, and how deep?", _LONG),
    _item(3, "Which colour has the door of the mill at Oxmoor?", "It is green.", "d" * 64),
)


def test_each_way_to_leak_is_found_and_every_item_is_named() -> None:
    found = _found(
        _suite("transfer", *_ITEMS),
        Learnt("p1", "what does the  LANTERN of Harlow cost?", "Nothing."),
        Learnt("p2", "Tell me about harbours.", f"Well: {_LONG}"),
        Learnt("p3", "Who owns the mill?", "Nobody.", ("d" * 64, "")),
        Learnt("p4", "What does the lantern of Harlow cost now?", "More."),
    )
    assert found == (("item1", "p1", "exact"), ("item2", "p2", "8-gram"), ("item3", "p3", "document"))


def test_of_a_recall_suite_only_the_questions_count() -> None:
    learnt = (
        Learnt("p2", "Tell me about harbours.", f"Well: {_LONG}"),
        Learnt("p3", "Who owns the mill?", "Nobody.", ("d" * 64,)),
        Learnt("p5", "Which colour has the front door of the mill at Oxmoor?", "It is green."),
    )
    assert _found(_suite("recall", *_ITEMS), *learnt) == (("item3", "p5", "MinHash"),)


def test_many_items_may_leak_through_one_pair() -> None:
    items = [_item(n, "What is it?", f"Number {n}.") for n in range(1, 4)]
    assert len(_found(_suite("transfer", *items), Learnt("p", "What is it?", "x"))) == 3


def test_documents_without_a_name_are_shared_with_nobody() -> None:
    assert (
        _found(_suite("regression", _item(1, "How tall is Ann?", "Tall.", "")), Learnt("p", "Who?", "I.", ("",))) == ()
    )
    assert _found(_suite("transfer", *_ITEMS)) == ()
