"""Suites: what they hold does not train, and trains again when they are gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.suites import items_sha256
from tests.distill.pair_room import PairRoom, evidence, pair

SENTENCE = "The old lighthouse keeper wrote down every passing ship in a green book until the winter of his death."


@pytest.fixture
def room(data_dir: Path) -> Iterator[PairRoom]:
    made = PairRoom(data_dir)
    yield made
    made.close()


def suite_file(tmp_path: Path, *items: tuple[str, str], name: str = "suite.jsonl", **more: object) -> Path:
    path = tmp_path / name
    rows = [{"question": question, "answer": answer, **more} for question, answer in items]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("prompt", "final", "method"),
    [
        ("What did the keeper WRITE down?", "Ships.", "exact"),
        ("What did that keeper write down?", "Ships.", "MinHash"),
        ("Tell me of the lighthouse.", f"Somebody says: {SENTENCE}", "8-gram"),
    ],
)
def test_a_pair_that_a_suite_holds_does_not_train(
    room: PairRoom, tmp_path: Path, prompt: str, final: str, method: str
) -> None:
    suite = room.suite(
        room.suites.bring_in(suite_file(tmp_path, ("What did the keeper write down?", SENTENCE)), "S", "transfer")
    )
    kept = room.keep(pair("a", prompt, final))[0]
    assert (kept.accepted, kept.leaks) == (False, ("S",))
    [found] = room.pairs.similar("a")
    assert (found.suite, found.method, found.prompt) == ("S", method, "What did the keeper write down?")
    with room.db.write() as connection, pytest.raises(ForgeError, match=r"in the suite S \(item 1\)"):
        room.pairs.decide(connection, "a", accepted=True, reviewed="accepted")
    assert room.suites.remove(suite.uid) == 1
    assert room.pairs.get("a").accepted
    assert room.suites.all() == []


def test_a_recall_suite_is_compared_by_its_questions_alone(room: PairRoom, tmp_path: Path) -> None:
    file = suite_file(tmp_path, ("What did the keeper write down?", SENTENCE))
    room.suite(room.suites.bring_in(file, "S", "recall"))
    kept = room.keep(
        pair("a", "Tell me of the lighthouse.", SENTENCE),
        pair("b", "What did the keeper write down?", "Ships."),
    )
    assert [one.accepted for one in kept] == [True, False]


def test_other_numbers_are_another_question(room: PairRoom, tmp_path: Path) -> None:
    room.suite(room.suites.bring_in(suite_file(tmp_path, ("What was spent in 2019?", "A lot.")), "S", "transfer"))
    assert room.keep(pair("a", "What was spent in 2020?", "Little."))[0].accepted


def test_existing_pairs_are_compared_and_duplicates_come_up(room: PairRoom, tmp_path: Path) -> None:
    task = room.task("q")
    room.keep(
        pair("a", "What did the keeper write down?", "All the ships that came by.", score=0.9, task=task),
        pair("b", "What had the keeper been writing down?", "All the ships that came by.", score=0.5),
        pair("c", "Who cooked?", "Nobody did."),
    )
    assert room.pairs.get("b").duplicate_of == "a" or room.pairs.get("b").accepted
    room.suite(room.suites.bring_in(suite_file(tmp_path, ("What did the keeper write down?", "x")), "S", "transfer"))
    assert room.pairs.get("a").leaks == ("S",)
    assert room.state(task) == ("rejected", "It is in the suite S.")
    assert "a" not in room.accepted()
    assert "c" in room.accepted()
    counts = room.pairs.counts()
    assert counts.leaking == 1
    assert room.suites.held_by("S") == 1
    room.suites.remove("S")
    assert room.state(task) == ("kept", "")


def test_two_suites_hold_until_both_are_gone(room: PairRoom, tmp_path: Path) -> None:
    file = suite_file(tmp_path, ("What did the keeper write down?", "Ships."))
    room.keep(pair("a", "What did the keeper write down?", "Ships."))
    for name in ("S", "T"):
        room.suite(room.suites.bring_in(file, name, "transfer"))
    assert room.pairs.get("a").leaks == ("S", "T")
    room.suites.remove("S")
    assert not room.pairs.get("a").accepted
    room.suites.remove("T")
    assert room.pairs.get("a").accepted


def test_freezing_for_transfer_shares_no_document_with_what_stays(room: PairRoom) -> None:
    kept = []
    for n in range(40):
        document = format(n // 4, "x")
        kept.append(pair(f"p{n:02}", f"What is said in place {n} of it?", f"Saying number {n}.", documents=[document]))
    room.keep(*kept)
    suite = room.suite(room.suites.freeze(0.2, "Held back", "transfer"))
    assert suite.items == 8
    items = room.suites.items(suite.uid)
    held = {one.document_sha256 for item in items for one in item.evidence}
    stay = list(room.pairs.iterate())
    assert len(stay) == 32
    assert held.isdisjoint(one.document_sha256 for left in stay for one in left.evidence)
    assert room.pairs.counts().frozen == 8
    with room.db.write() as connection, pytest.raises(ForgeError, match="A suite took this pair"):
        room.pairs.decide(connection, str(items[0].meta["pair"]), accepted=True, reviewed="accepted")
    assert {item.meta["pair"] for item in items}.isdisjoint(left.uid for left in stay)
    late = room.keep(
        pair("late", "Something new?", "From a document that is held back.", documents=[next(iter(held))[0]])
    )
    assert late[0].leaks == ("Held back",)
    [found] = room.pairs.similar("late")
    assert found.method == "document"
    room.suites.remove(suite.uid)
    assert len(room.accepted()) == 41


def test_freezing_for_recall_takes_single_pairs(room: PairRoom) -> None:
    room.keep(*(pair(f"p{n}", f"Question about thing {n}?", f"Answer {n}.", documents=["a"]) for n in range(10)))
    suite = room.suite(room.suites.freeze(0.3, "R", "recall"))
    assert suite.items == 3
    assert len(room.accepted()) == 7


def test_what_hangs_together_cannot_be_frozen_apart(room: PairRoom) -> None:
    room.keep(*(pair(f"p{n}", f"Question about thing {n}?", f"Answer {n}.", documents=["a"]) for n in range(4)))
    with pytest.raises(ForgeError, match="each other's documents"):
        room.suite(room.suites.freeze(0.5, "T", "transfer"))
    assert room.suites.all() == []
    assert len(room.accepted()) == 4


def test_eval_cases_of_the_original_system_are_read(room: PairRoom, tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    row = {
        "case_id": "rag-1",
        "category": "rag",
        "input": {"question": "Where is it?"},
        "expected": "Here.",
        "metadata": {"k": 4},
        "evidence": [{"text": "It is here.", "path": "a.md"}],
    }
    file.write_text(json.dumps(row) + "\r\n\r\n", encoding="utf-8-sig")
    suite = room.suite(room.suites.bring_in(file, "Cases", "transfer"))
    [item] = room.suites.items(suite.uid)
    assert (item.uid, item.category, item.question, item.answer) == ("rag-1", "rag", "Where is it?", "Here.")
    assert item.meta == {"k": 4}
    assert item.evidence[0].name == "a.md"
    assert suite.sha256 == items_sha256([item])


def test_a_table_is_read_and_the_same_items_have_the_same_hash(room: PairRoom, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text('question,answer,category\n"Who, then?",Anna,people\n', encoding="utf-8")
    lines = suite_file(tmp_path, ("Who, then?", "Anna"), category="people")
    one = room.suite(room.suites.bring_in(table, "A", "recall"))
    other = room.suite(room.suites.bring_in(lines, "B", "recall"))
    assert one.sha256 == other.sha256
    assert [suite.name for suite in room.suites.all()] == ["A", "B"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"question": "Who?", "answer": "A"}\n{"question": "Who?"}\n', "Line 2 .* it has no answer"),
        ('{"question": "Who?", "answer": "A"}\nnonsense\n', "Line 2"),
        ('{"question": "Who?", "answer": NaN}\n', "Line 1"),
        ("\n", "no question"),
    ],
)
def test_a_bad_file_brings_nothing_in(room: PairRoom, tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ForgeError, match=sentence):
        room.suite(room.suites.bring_in(file, "S", "transfer"))
    assert room.suites.all() == []


def test_names_and_kinds_are_checked_at_once(room: PairRoom, tmp_path: Path) -> None:
    file = suite_file(tmp_path, ("Who?", "Anna"))
    room.suite(room.suites.bring_in(file, "S", "recall"))
    for name, kind, sentence in (("S", "recall", "already"), (" ", "recall", "needs a name"), ("T", "other", "kind")):
        with pytest.raises(ForgeError, match=sentence):
            room.suites.bring_in(file, name, kind)
    with pytest.raises(ForgeError, match="share"):
        room.suites.freeze(1.0, "T", "recall")
    with pytest.raises(ForgeError, match="no suite"):
        room.suites.remove("T")


def test_a_suite_of_no_evidence_holds_no_document(room: PairRoom, tmp_path: Path) -> None:
    room.suite(room.suites.bring_in(suite_file(tmp_path, ("Who?", "Anna")), "S", "transfer"))
    kept = room.keep(pair("a", "Where is the boat?", "There.", evidence=(evidence("", "bare text"),)))
    assert kept[0].accepted
