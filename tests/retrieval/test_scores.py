"""BM25 scores are rank_bm25's, bit for bit, whatever was added and removed before."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.corpus.retrieval import Index, analyser
from forge_desktop.storage import Database
from tests.retrieval.conftest import add, oracle, remove

WORDS = [f"w{number}" for number in range(12)]
# Few words, so that many stand in more than half of the passages and the average idf decides.
TEXTS = st.lists(st.sampled_from([*WORDS, "the"]), max_size=12).map(" ".join)
STEPS = st.lists(
    st.one_of(
        st.lists(TEXTS, min_size=1, max_size=12).map(lambda texts: ("add", texts)),
        st.integers(0, 2**30).map(lambda seed: ("remove", seed)),
    ),
    min_size=1,
    max_size=14,
)
QUERIES = st.lists(st.sampled_from([*WORDS, "the", "unknown"]), min_size=1, max_size=6).map(" ".join)


@given(STEPS, st.lists(QUERIES, min_size=1, max_size=4))
def test_scores_equal_rank_bm25_after_any_adds_and_removals(steps, queries):
    with tempfile.TemporaryDirectory() as folder:
        db = Database(Path(folder) / "forge.db")
        index, passages, following = Index(db), {}, 1
        for what, value in steps:
            if what == "add":
                fresh = {following + number: text for number, text in enumerate(value)}
                following += len(fresh)
                passages |= fresh
                add(db, index, fresh)
            else:
                source = random.Random(value)
                gone = [number for number in passages if source.random() < 0.4]
                remove(db, index, *gone)
                passages = {number: text for number, text in passages.items() if number not in gone}
        assert index.check(passages) == []
        if len(passages) >= 4 and any(map(analyser.terms, passages.values())):
            for query in queries:
                assert index.scores(query) == oracle(passages, query)
                best = sorted(index.scores(query).items(), key=lambda item: (-item[1], item[0]))[:5]
                found = sorted(
                    (one for one in index.search(query, 100) if one.bm25_rank), key=lambda one: one.bm25_rank
                )
                assert [(one.passage_id, one.bm25) for one in found[:5]] == best
        db.close()


def test_many_segments_are_merged_without_changing_a_bit(db, index):
    source, passages = random.Random(5), {}
    words = [f"word{number}" for number in range(400)]
    for number in range(1, 301):
        passages[number] = " ".join(source.choices(words, weights=range(400, 0, -1), k=source.randrange(60)))
        add(db, index, {number: passages[number]})
    assert db.value("SELECT count(*) FROM segments") < 25
    for number in source.sample(sorted(passages), 120):
        remove(db, index, number)
        del passages[number]
    assert index.ids() == sorted(passages)
    assert index.check(passages) == []
    for query in ("word1 word2", "word399 word0 word0", "word5"):
        assert index.scores(query) == oracle(passages, query)


def test_a_restored_passage_takes_its_old_place(db, index):
    passages = {number: f"stone bridge number{number} over water" for number in range(1, 9)}
    add(db, index, passages)
    remove(db, index, 2, 3)
    add(db, index, {3: passages[3], 2: passages[2]})
    assert index.ids() == sorted(passages)
    for query in ("stone", "number2 water", "number3 number2"):
        assert index.scores(query) == oracle(passages, query)
    assert [found.bm25_rank for found in sorted(index.search("stone bridge"))] == list(range(1, 9))


def test_a_frequency_above_a_byte_counts_in_full(db, index):
    passages = {1: "drum " * 70_000, 2: "drum " * 300 + "flute", 3: "flute", 4: "harp", 5: "drum harp", 6: "viola"}
    add(db, index, passages)
    for query in ("drum", "drum flute harp"):
        assert index.scores(query) == oracle(passages, query)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_than_four_passages_still_score_above_zero_and_rank_well(db, index, count):
    add(db, index, dict(list({1: "the red boat", 2: "a red house by the sea", 3: "red"}.items())[:count]))
    scores = index.scores("red boat")
    assert len(scores) == count
    assert all(score > 0 for score in scores.values())
    assert index.search("red boat")[0].passage_id == 1


def test_terms_tell_how_many_passages_have_each_and_its_weight(db, index):
    assert index.terms("Boats") == [("boat", 0, 0.0)]
    add(db, index, {number: "sea boat" if number < 3 else "sea sand" for number in range(1, 9)})
    found = {term: (count, weight) for term, count, weight in index.terms("the boats at unknownplace")}
    assert found["boat"][0] == 2
    assert found["boat"][1] > 0
    assert found["unknownplac"] == (0, 0.0)
