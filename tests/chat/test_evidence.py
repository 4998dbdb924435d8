"""Whether the passages found can carry an answer, on questions labelled by hand; and what a follow-up searches for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.chat.evidence import judge, retrieval_query

from .conftest import Room

LABELLED: dict[str, list[str]] = json.loads((Path(__file__).parent / "data" / "evidence.json").read_text())


def test_weak_evidence_is_told_from_strong(open_room: Callable[..., Room], sample_dir: Path) -> None:
    room = open_room()
    room.index(sample_dir)
    strong = {
        kind: sum(judge(question, room.corpus.search(question, 6)).strong for question in LABELLED[kind])
        for kind in ("answerable", "near", "far")
    }
    for kind in strong:
        for question in LABELLED[kind]:
            judged = judge(question, room.corpus.search(question, 6))
            print(f"{kind:10} {judged.strong!s:5} {judged.score:.2f} {judged.coverage:.2f} {question}")
    print({kind: f"{count} of {len(LABELLED[kind])} strong" for kind, count in strong.items()})
    assert strong["answerable"] >= 0.95 * len(LABELLED["answerable"])
    assert strong["far"] <= 0.1 * len(LABELLED["far"])


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("And hand tools?", "And hand tools? How long are power tools lent?"),
        ("What does it cost?", "What does it cost? How long are power tools lent?"),
        ("Why?", "Why? How long are power tools lent?"),
        ("Und wie lange dauert das?", "Und wie lange dauert das? How long are power tools lent?"),
        ("Who chaired the committee meeting in March?", "Who chaired the committee meeting in March?"),
        ("Wer leitet die Sprechstunde am Freitag im Monat?", "Wer leitet die Sprechstunde am Freitag im Monat?"),
    ],
)
def test_a_follow_up_that_leans_on_the_last_question_is_searched_with_it(question: str, searched: str) -> None:
    assert retrieval_query(question, ["Before that", "How long are power tools lent?"]) == searched
    assert retrieval_query(question, []) == question


@pytest.mark.parametrize("question", ["", " ", "\0", "\ud800", "the of and", "?" * 1000, "a" * 100_000, "<|im_end|>"])
def test_any_question_is_judged(question: str, open_room: Callable[..., Room], documents: Path) -> None:
    room = open_room()
    assert not judge(question, room.corpus.search(question, 6)).strong
    room.index(documents)
    judge(question, room.corpus.search(question, 6))
