"""The best passages are those of a full scan, also in a scope and without excluded terms; and why they are found."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from forge_desktop.corpus.retrieval import Index, analyser, store
from forge_desktop.corpus.retrieval.builder import Builder
from forge_desktop.corpus.retrieval.codes import Codes
from forge_desktop.corpus.retrieval.coding import decode, encode
from forge_desktop.corpus.retrieval.postings import Postings
from forge_desktop.corpus.retrieval.scope import Scope
from forge_desktop.storage import Database
from tests.retrieval.conftest import add, oracle, remove

WORDS = [f"word{number}" for number in range(600)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Index, dict[int, str]]]:
    """3,000 passages in which words are as frequent as in a language, ids with gaps, some removed; two segments."""
    source, passages = random.Random(3), {}
    for number in range(3000):
        kept = source.randrange(20, 500)  # so that words come in bursts
        words = source.choices(WORDS[:kept], weights=[1 / (rank + 1) for rank in range(kept)], k=source.randrange(80))
        passages[number * 2 + number // 700 * 1000] = " ".join([*words, "always"] * source.choice((1, 1, 1, 9)))
    db = Database(tmp_path_factory.mktemp("library") / "forge.db")
    index = Index(db)
    ids = sorted(passages)
    for part in (ids[:2500], ids[2500:]):
        add(db, index, {number: passages[number] for number in part})
    gone = source.sample(ids, 300)
    remove(db, index, *gone)
    yield index, {number: text for number, text in passages.items() if number not in set(gone)}
    db.close()


QUERIES = [
    "word1 word30 word200",
    "word0 word1 word2 word3 word4 word5",
    "word7",
    "word0",
    "word400 word3 word3 word3",
    "word12 unknown word599 word90 word45",
    "always word20 word21",
    "word0 always",
]


@pytest.mark.parametrize("k", [1, 10, 100, 5000])
@pytest.mark.parametrize("query", QUERIES)
def test_the_best_are_those_of_a_full_scan(library, query, k):
    index, passages = library
    scores = oracle(passages, query)
    assert index.scores(query) == scores
    expected = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k]
    assert list(index.best(query, k).items()) == expected


@pytest.mark.parametrize("share", [0.01, 0.3, 0.99])
@pytest.mark.parametrize("query", QUERIES[:5])
def test_a_scope_leaves_the_scores_and_only_its_passages(library, query, share):
    index, passages = library
    source = random.Random(query)
    inside = {number for number in range(12_000) if source.random() < share}
    scope = Scope.of_ids(inside, ("test", share, query))
    expected = sorted(
        ((number, score) for number, score in oracle(passages, query).items() if number in inside),
        key=lambda item: (-item[1], item[0]),
    )
    assert list(index.best(query, 20, scope=scope).items()) == expected[:20]
    assert {found.passage_id for found in index.search(query, 50, scope=scope)} <= inside


def test_scopes_of_one_document_and_of_nothing(library):
    index, passages = library
    one = min(number for number, text in passages.items() if "word1 " in text)
    scope = Scope(np.array([one]), np.array([one]), "one")
    assert [found.passage_id for found in index.search("word1", scope=scope)] == [one]
    nothing = Scope.of_ids([], "nothing")
    assert len(nothing) == 0
    assert index.search("word1", scope=nothing) == []
    assert index.best("word1", scope=Scope(np.array([10**9]), np.array([10**9 + 5]), "beyond")) == {}


def test_passages_with_an_excluded_word_are_left_out(library):
    index, passages = library
    query, without = "word1 word30", ["word0", "word4"]
    left = {number for number, text in passages.items() if not {*without} & {*text.split()}}
    expected = sorted(
        ((number, score) for number, score in oracle(passages, query).items() if number in left),
        key=lambda item: (-item[1], item[0]),
    )
    assert list(index.best(query, 20, excluded=without).items()) == expected[:20]
    assert {found.passage_id for found in index.search(query, 100, excluded=without)} <= left


def test_passages_with_all_words_come_best_first(library):
    index, passages = library
    terms = ["word9", "word2"]
    having = {number for number, text in passages.items() if {*terms} <= {*text.split()}}
    scores = oracle(passages, "word9 word2")
    assert index.with_all([[term] for term in terms]) == sorted(having, key=lambda number: (-scores[number], number))
    inside = Scope.of_ids(range(3000), "lower")
    assert set(index.with_all([[term] for term in terms], scope=inside)) == {
        number for number in having if number < 3000
    }
    assert index.with_all([["word9"], ["unknown"]]) == []
    assert index.with_all([["unknown", "word9"], ["word2"]]) == index.with_all([["word9"], ["word2"]])
    assert index.with_all([]) == []


def test_an_explanation_adds_up(library):
    index, passages = library
    query = "word3 word3 word250 unknown"
    scores = oracle(passages, query)
    ranked = sorted(scores, key=lambda number: (-scores[number], number))
    for place in (0, 7, len(ranked) - 1):
        found = index.explain(query, ranked[place])
        words = passages[ranked[place]].split()
        assert (found.rank, found.score, found.length) == (place + 1, scores[ranked[place]], len(words))
        assert found.average_length == sum(len(text.split()) for text in passages.values()) / len(passages)
        assert sum(term.impact for term in found.terms) == pytest.approx(found.score)
        assert [(term.term, term.frequency) for term in found.terms] == [
            (term, words.count(term)) for term in ("word3", "word250", "unknown")
        ]
        assert [term.passages_with for term in found.terms] == [
            sum(term in text.split() for text in passages.values()) for term in ("word3", "word250", "unknown")
        ]
    unmatched = min(set(passages) - set(scores))
    assert (index.explain(query, unmatched).score, index.explain(query, unmatched).rank) == (None, None)
    assert index.explain(query, 10**9) is None


def test_everything_filtered_stays_right_after_a_change(tmp_path):
    db = Database(tmp_path / "forge.db")
    index = Index(db)
    scope = Scope(np.array([2]), np.array([8]), "same key")
    add(db, index, {number: f"stone bridge {number}" for number in range(1, 6)})
    assert sorted(index.best("stone", scope=scope)) == [2, 3, 4, 5]
    add(db, index, {number: f"stone wall {number}" for number in range(6, 12)})
    remove(db, index, 3)
    assert sorted(index.best("stone", scope=scope)) == [2, 4, 5, 6, 7, 8]
    db.close()


@pytest.mark.parametrize("size", [40_000, 300_000, 3_000_000])
def test_lists_are_read_as_they_were_written_in_segments_of_any_size(size):
    source = np.random.default_rng(size)
    counts = np.array([1, 3, 255, 256, 257, 5000, 2, 20_000, 1])
    lists = [np.sort(source.choice(size, count, replace=False)) for count in counts]
    lists[5] = np.append(lists[5][:-1] // 1000, size - 1)  # close together, and then one far away
    lists[5] = np.unique(lists[5])
    counts = np.array([len(part) for part in lists])
    total = int(counts.sum())
    frequencies = np.where(source.random(total) < 0.9, source.integers(1, 4, total), source.integers(1, 90_000, total))
    written = Postings(
        np.sort(source.integers(-(2**63), 2**63 - 1, len(counts))),
        np.append(0, np.cumsum(counts)),
        np.concatenate(lists),
        frequencies,
        source.integers(0, 1 << 20, total) // source.choice([1, 10_000], total),
    )
    lengths = source.integers(1, 300, size)
    codes = Codes.fitting(lengths)
    blocks = list(encode(written, codes, codes.classes(lengths)))
    read = [decode(*block[3:], Codes.unpack(codes.pack())) for block in blocks]
    for name in ("keys", "passages", "frequencies", "places"):
        together = np.concatenate([getattr(part, name) for part in read])
        assert np.array_equal(together, getattr(written, name)), name
    assert np.array_equal(np.concatenate([part.counts for part in read]), counts)
    assert [block.key for block in blocks] == [int(part.keys[0]) for part in read]


def test_a_code_never_bounds_an_impact_too_low():
    source = np.random.default_rng(7)
    for lengths in (source.integers(0, 200, 5000), np.full(50, 7), np.zeros(9, np.int64), np.array([1, 65_000])):
        codes = Codes.fitting(lengths)
        classes = codes.classes(lengths)
        for average in (0.5, 30.0, 4000.0):  # another than when the codes were made
            for often in (1, 2, 7, 8, 5000):
                impact = often * 2.5 / (often + 1.5 * (0.25 + 0.75 * lengths / average))
                given = codes.of(np.full(len(lengths), often), classes)
                assert (codes.bounds(average)[given] >= impact).all()
                assert (codes.frequencies[given] == min(often, 8)).all()


def test_a_question_of_many_words_has_its_exact_best(library):
    index, passages = library
    source = random.Random(11)
    query = " ".join(source.choices(WORDS, k=2000))
    scores = oracle(passages, query)
    expected = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:10]
    assert list(index.best(query, 10).items()) == expected


def test_a_word_in_exactly_half_of_very_many_passages_adds_nothing_and_is_found(db, index):
    """Its idf is zero, and so is the score of what has no other word; it still comes, lowest ids first."""
    texts = {number: "half" if number > 12_000 else "rare" if number < 4 else "other" for number in range(1, 24_001)}
    with db.write() as connection:
        store.note_versions(connection, analyser.ANALYSER_VERSION)
        tokens = Builder().add(connection, [(number, [text]) for number, text in texts.items()])
        store.count_in(connection, len(texts), tokens)
    found = index.best("rare half", 10)
    assert list(found) == [1, 2, 3, *range(12_001, 12_008)]
    assert list(found.values())[3:] == [0.0] * 7
