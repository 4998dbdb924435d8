"""Pairs that say the same: found, explained, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill import minhash
from forge_desktop.distill.dedupe import Lesson, Thresholds, twin
from tests.distill.pair_room import PairRoom, pair

LIMITS = Thresholds(0.65, 0.93)
LONG = (
    "The ferry crosses the sound every forty minutes between six in the morning and eleven at night, and takes bicycles"
    " without a fee as long as there is room on the car deck behind the second barrier."
)


@pytest.fixture
def room(data_dir: Path) -> Iterator[PairRoom]:
    made = PairRoom(data_dir)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("one", "other", "method"),
    [
        (("How old is it?", "Ten years."), ("how OLD  is it?", "ten years."), "exact"),
        (
            ("How old is it?", "Ten years."),
            ("How old is it?", "It is about ten years old, they say."),
            "exact question",
        ),
        (("When does the ferry go?", LONG), ("When does the ferry go?!", LONG.replace("bicycles", "bikes")), "MinHash"),
        (
            ("谁在第 50 届超级碗上用手语演绎了国歌？", "玛丽·麦特琳"),
            ("哪位演员在第 50 届超级碗上用手语演绎了国歌？", "玛丽·麦特琳"),
            "MinHash",
        ),
        (
            ("How much do ferries eat in a day?", "ten times their own weight"),
            ("How much can the ferry eat in one day?", "ten times their own weight"),
            "cosine",
        ),
    ],
)
def test_what_says_the_same_is_found(one: tuple[str, str], other: tuple[str, str], method: str) -> None:
    found = twin(Lesson(*one), Lesson(*other), LIMITS)
    assert found is not None
    assert found.method == method
    assert 0 < found.similarity <= 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("What was the turnover in 2019?", LONG), ("What was the turnover in 2020?", LONG)),
        (("Which firm sued Virgin Media?", "BSkyB"), ("Which firm sued BSkyB?", "Virgin Media")),
        (("What is the capital of Norway?", "Oslo."), ("What is the capital of Sweden?", "Stockholm.")),
        (("When did he die?", "1943"), ("When did he die there?", "1944")),
    ],
)
def test_what_only_looks_alike_is_not(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert twin(Lesson(*one), Lesson(*other), LIMITS) is None


def test_the_same_question_about_other_documents_is_another_lesson() -> None:
    one = Lesson("What does this section say?", "That ferries run.", frozenset({"a"}))
    assert twin(one, Lesson("What does this section say?", "Prices of tea.", frozenset({"b"})), LIMITS) is None
    assert twin(one, Lesson("What does this section say?", "Prices of tea.", frozenset({"a"})), LIMITS) is not None


def test_the_better_one_of_two_stays(room: PairRoom) -> None:
    tasks = [room.task("a"), room.task("b")]
    first, second = room.keep(
        pair("a", "When does the ferry go?", LONG, score=0.7, task=tasks[0]),
        pair("b", "When does the ferry go then?", LONG, score=0.9, task=tasks[1]),
    )
    assert first.accepted
    assert second.accepted
    gone = room.pairs.get("a")
    assert (gone.accepted, gone.duplicate_of, gone.method) == (False, "b", "MinHash")
    assert gone.similarity is not None
    assert 0.65 <= gone.similarity <= 1
    assert room.state(tasks[0]) == ("rejected", "It says the same as the pair b.")
    worse = room.keep(pair("c", "When does the ferry go?", LONG, score=0.8))[0]
    assert (worse.accepted, worse.duplicate_of) == (False, "b")
    assert room.pairs.counts().duplicates == 2


def test_a_duplicate_can_be_kept_all_the_same_and_stays(room: PairRoom) -> None:
    task = room.task("b")
    room.keep(pair("a", "When does it go?", LONG), pair("b", "When does it go?", LONG, task=task))
    assert room.pairs.keep_all_the_same("b").accepted
    assert room.state(task) == ("kept", "")
    assert room.accepted() == ["a", "b"]
    later = room.keep(pair("c", "When does it go?", LONG, score=1.0))[0]
    assert later.duplicate_of == "b"
    with pytest.raises(ForgeError, match="no duplicate"):
        room.pairs.keep_all_the_same("b")


def test_when_the_best_is_dropped_the_next_best_takes_its_place(room: PairRoom) -> None:
    room.keep(
        *(pair(uid, "When does it go?", LONG, score=score) for uid, score in (("a", 0.9), ("b", 0.5), ("c", 0.7)))
    )
    room.pairs.drop(["a"])
    assert room.accepted() == ["c"]
    assert room.pairs.get("b").duplicate_of == "c"
    assert room.pairs.counts().dropped == 1
    room.pairs.restore(["a"])
    assert room.accepted() == ["a"]
    assert room.pairs.get("c").duplicate_of == "a"
    assert room.pairs.get("b").duplicate_of == "a"


def test_a_task_has_one_pair(room: PairRoom) -> None:
    task = room.task("q")
    room.keep(pair("a", "When does it go?", LONG, task=task), pair("x", "When does it go?", LONG, score=0.1))
    assert room.pairs.get("x").duplicate_of == "a"
    room.keep(pair("b", "Is there a dog on board?", "Yes, always.", task=task))
    assert [one.uid for one in room.pairs.iterate(every=True)] == ["x", "b"]
    assert room.pairs.get("x").accepted
    again = room.keep(pair("b", "Is there a dog on board?", "No, never.", task=task))[0]
    assert again.accepted
    assert room.pairs.get("b").final == "No, never."


def test_what_waits_for_a_person_displaces_nobody(room: PairRoom) -> None:
    waiting = room.keep(
        pair("a", "When does it go?", LONG, score=0.2), pair("b", "When does it go?", LONG, score=0.9, accepted=False)
    )[1]
    assert (waiting.duplicate_of, waiting.accepted) == ("a", False)
    assert room.accepted() == ["a"]
    with room.db.write() as connection:
        decided = room.pairs.decide(connection, "b", accepted=True, reviewed="accepted")
    assert decided.accepted
    assert room.accepted() == ["a", "b"]
    with room.db.write() as connection:
        room.pairs.put_back(connection, waiting)
    assert room.pairs.get("b") == waiting


def test_what_a_person_accepted_never_gives_way(room: PairRoom) -> None:
    room.keep(pair("a", "When does it go?", LONG, score=0.2, reviewed="edited"))
    assert room.keep(pair("b", "When does it go?", LONG, score=1.0))[0].duplicate_of == "a"


def test_an_edit_is_a_repair_and_a_rejection_lets_duplicates_up(room: PairRoom) -> None:
    room.keep(pair("a", "When does it go?", "At ten.", draft="At ten."), pair("b", "When does it go?", "At 10."))
    with room.db.write() as connection:
        edited = room.pairs.decide(connection, "a", accepted=True, reviewed="edited", final="At eleven.", note="wrong")
    assert (edited.kind, edited.final, edited.note, edited.reviewed) == ("REPAIR_PAIR", "At eleven.", "wrong", "edited")
    assert room.accepted() == ["a"]
    with room.db.write() as connection:
        room.pairs.decide(connection, "a", accepted=False, reviewed="rejected")
    assert room.accepted() == ["b"]


def test_a_transaction_that_fails_leaves_nothing_that_confuses(room: PairRoom) -> None:
    room.keep(pair("z", "Something else altogether?", "Yes."))
    with pytest.raises(RuntimeError), room.db.write() as connection:  # noqa: PT012
        room.pairs.keep(connection, pair("a", "When does it go?", LONG))
        raise RuntimeError
    kept = room.keep(pair("b", "When does it go?", LONG))[0]
    assert kept.accepted
    assert room.accepted() == ["z", "b"]


def test_thresholds_are_settings(room: PairRoom) -> None:
    room.settings.change(duplicate_share=1.0, duplicate_cosine=1.0)
    room.keep(pair("a", "When does the ferry go?", LONG), pair("b", "When does that ferry go?", LONG + " Always."))
    assert room.accepted() == ["a", "b"]


def test_similar_pairs_are_shown_with_how_alike_they_are(room: PairRoom) -> None:
    room.keep(pair("a", "When does it go?", LONG), pair("b", "When does it go?", LONG), pair("c", "Who?", "Nobody."))
    found = room.pairs.similar("a")
    assert [(one.uid, one.method, one.similarity) for one in found] == [("b", "exact", 1.0)]
    assert room.pairs.similar("c") == []
    room.settings.change(duplicate_share=1.0)  # what was found by other thresholds is still shown
    assert [one.uid for one in room.pairs.similar("b")] == ["a"]


def test_it_finds_what_an_earlier_session_stored(data_dir: Path, room: PairRoom) -> None:
    room.keep(pair("a", "When does it go?", LONG))
    again = PairRoom(data_dir)
    try:
        assert again.keep(pair("b", "When does it go?", LONG, score=0.1))[0].duplicate_of == "a"
    finally:
        again.close()


def test_a_decision_taken_back_puts_things_where_they_were(room: PairRoom) -> None:
    room.keep(pair("a", "When does it go?", LONG, score=0.9), pair("b", "When does it go?", LONG, score=0.5))
    before = room.pairs.get("a")
    with room.db.write() as connection:
        room.pairs.decide(connection, "a", accepted=False, reviewed="rejected")
    assert room.accepted() == ["b"]
    with room.db.write() as connection:
        room.pairs.put_back(connection, before)
    assert room.accepted() == ["a"]
    assert room.pairs.get("b").duplicate_of == "a"


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=40), st.integers(0, 39))
def test_buckets_find_what_shares_a_band(rows: list[list[int]], which: int) -> None:
    signatures = np.array([row * (minhash.PERMUTATIONS // 4) for row in rows], np.uint32)
    asked = signatures[which % len(rows)]
    wanted = [n for n, row in enumerate(signatures) if (row == asked).all()]
    at_once, one_by_one = minhash.Buckets(), minhash.Buckets()
    at_once.extend(np.concatenate([signatures] * 20))  # enough to be sorted in
    for row in signatures:
        one_by_one.extend(row[None])
    assert one_by_one.near(asked) == wanted
    assert at_once.near(asked) == [n + turn * len(rows) for turn in range(20) for n in wanted]
    assert len(at_once) == 20 * len(rows)


def test_likeness_is_estimated_well() -> None:
    words = LONG.split()
    for kept in (0.9, 0.7, 0.5):
        other = " ".join(
            words[: int(kept * len(words))] + [f"other{chr(97 + n)}" for n in range(int((1 - kept) * len(words)))]
        )
        true = minhash.shared(LONG, other)
        assert abs(minhash.likeness(minhash.signature(LONG), minhash.signature(other)) - true) < 0.13


@pytest.mark.parametrize("text", ["", " ", "!", "a", "\ud83d\ude00", "\x00", "\u0e01" * 3])
def test_odd_texts_have_signatures_too(text: str) -> None:
    assert minhash.signature(text).shape == (minhash.PERMUTATIONS,)
    assert minhash.shared(text, text) == 1.0


def test_who_accepts_a_dropped_pair_takes_the_drop_back(room: PairRoom) -> None:
    room.keep(pair("a", "When does it go?", LONG))
    room.pairs.drop(["a"])
    with room.db.write() as connection:
        assert room.pairs.decide(connection, "a", accepted=True, reviewed="accepted").accepted
    assert room.accepted() == ["a"]
