"""The index as the corpus uses it: transactions, reopening, threads, odd passages, damage."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.retrieval import ANALYSER_VERSION, Index
from forge_desktop.storage import Database
from tests.retrieval.conftest import add, oracle, remove

HARBOUR = {
    1: "The harbour master counts the ships at dawn.",
    2: "Ships carry timber and grain.",
    3: "A lighthouse keeper writes letters.",
    4: "Grain prices fell in the autumn.",
    5: "Letters arrive by ship.",
}


def ids(index: Index, query: str, k: int = 10) -> list[int]:
    return [found.passage_id for found in index.search(query, k)]


def test_an_empty_index_finds_nothing(index):
    assert index.search("anything") == []
    assert index.scores("anything") == {}
    assert index.ids() == []
    assert index.check([]) == []
    assert not index.stale


def test_it_finds_what_was_indexed_with_scores_and_ranks_of_both_sides(db, index):
    add(db, index, HARBOUR)
    first, *_ = found = index.search("grain timber")
    assert first.passage_id == 2
    assert first.bm25 == index.scores("grain timber")[2]
    assert (first.bm25_rank, first.vector_rank) == (1, 1)
    assert 0.3 < first.vector <= 1
    assert first.score == 1.0
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(0 <= one.score <= 1 for one in found)


def test_a_misspelt_word_is_found_by_its_vector(db, index):
    add(db, index, HARBOUR)
    found = index.search("lighthuose")
    assert found[0].passage_id == 3
    assert found[0].bm25 is None
    assert found[0].bm25_rank is None
    assert found[0].vector_rank == 1


def test_words_of_a_language_seldom_met_are_found_as_its_passages_have_them(db, index):
    english = {number: f"The harbour master counts the ships of the day {number}." for number in range(1, 400)}
    german = {
        500: "Die Übergabe der Schlüssel ist am Freitag und nicht am Montag, die Wartungen folgen dann.",
        501: "schlüssel",
    }
    add(db, index, english | german)
    for query in ("Schlüssel", "Übergaben", "wartung", "wo sind die Schlüssel der Wartungen"):
        found = index.search(query)
        assert (found[0].passage_id, found[0].bm25_rank) == (500, 1) or query == "Schlüssel"
        assert found[0].bm25 == index.scores(query)[found[0].passage_id]
        assert 500 in index.best(query)
        assert index.explain(query, 500).terms
    assert index.matches("Übergaben", german[500]) == [(4, 12)]
    assert 500 not in index.best("freitag", excluded=index.excluded_terms("Schlüssels"))
    assert ids(index, "ships") == ids(index, "ship")


def test_stop_words_alone_and_blank_questions_find_nothing(db, index):
    add(db, index, HARBOUR)
    for query in ("", "   ", "the of and", "?!…", "\x00"):
        assert index.search(query) == []
    assert index.search("grain", 0) == []
    assert len(index.search("grain", 1)) == 1


def test_negative_scores_still_rank_matches_first(db, index):
    """Where nearly every word stands in most passages, rank_bm25's average idf is negative, and so are its scores."""
    passages = dict.fromkeys(range(3, 7), "granular sack") | dict.fromkeys((1, 2), "granulate sack sack")
    add(db, index, passages)
    assert index.scores("granular") == oracle(passages, "granular")
    assert max(index.scores("granular").values()) < 0
    assert ids(index, "granular")[:4] == [3, 4, 5, 6]


def test_k_beyond_the_pool_gives_every_match(db, index):
    add(db, index, {number: f"grain sack {number}" for number in range(1, 401)})
    assert sorted(ids(index, "grain", 1000)) == list(range(1, 401))


def test_identical_passages_are_ordered_by_id(db, index):
    add(db, index, dict.fromkeys(range(20, 0, -1), "one and the same sentence"))
    assert ids(index, "same sentence", 20) == list(range(1, 21))


def test_passages_without_words_count_but_are_never_found(db, index):
    passages = HARBOUR | {6: "", 7: "the of", 8: "—"}
    add(db, index, passages)
    assert index.scores("grain ship") == oracle(passages, "grain ship")
    assert index.ids() == sorted(passages)
    remove(db, index, 6, 7, 8)
    assert index.scores("grain ship") == oracle(HARBOUR, "grain ship")


def test_only_passages_without_words(db, index):
    add(db, index, {1: "", 2: "the", 3: "", 4: "", 5: "…"})
    assert index.search("the grain") == []
    assert index.scores("grain") == {}
    assert index.check([1, 2, 3, 4, 5]) == []


def test_everything_is_there_after_reopening(db, index, tmp_path):
    add(db, index, HARBOUR)
    remove(db, index, 4)
    before = index.search("grain ships letters")
    db.close()
    reopened = Database(tmp_path / "forge.db")
    try:
        again = Index(reopened)
        assert again.search("grain ships letters") == before
        assert again.check(HARBOUR.keys() - {4}) == []
    finally:
        reopened.close()


def test_removing_everything_leaves_an_empty_index(db, index):
    add(db, index, HARBOUR)
    remove(db, index, *HARBOUR)
    assert index.search("grain") == []
    assert index.ids() == []
    assert [db.value(f"SELECT count(*) FROM {table}") for table in ("segments", "postings", "vector_rows")] == [0, 0, 0]
    add(db, index, {9: "grain again"})
    assert ids(index, "grain") == [9]


def test_removing_what_is_not_there_is_nothing(db, index):
    add(db, index, HARBOUR)
    remove(db, index, 77, 3, 3, -1)
    remove(db, index, 3)
    assert index.check(HARBOUR.keys() - {3}) == []


def test_an_id_added_twice_is_refused_and_nothing_of_that_transaction_stays(db, index):
    add(db, index, HARBOUR)
    with pytest.raises(sqlite3.IntegrityError):
        add(db, index, {6: "a new passage", 3: "a lighthouse"})
    assert index.ids() == sorted(HARBOUR)
    assert index.check(HARBOUR) == []
    add(db, index, {6: "a new passage"})
    assert ids(index, "passage") == [6]


def test_a_transaction_that_is_rolled_back_leaves_nothing_not_even_in_memory(db, index):
    add(db, index, HARBOUR)
    before = index.search("grain ship")

    def crash() -> None:
        with db.write() as connection:
            index.remove(connection, [2])
            index.add(connection, [(6, "grain grain grain")])
            assert index.scores("grain").keys() == {4, 6}  # the writer sees its own work
            assert ids(index, "grain")[0] == 6
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert index.search("grain ship") == before
    add(db, index, {6: "barley"})  # takes the same ids and the same generation as what was rolled back
    assert index.scores("grain").keys() == {2, 4}
    assert index.scores("barley").keys() == {6}
    assert index.check([*HARBOUR, 6]) == []


def test_another_index_on_the_same_file_follows_every_change(db, index, tmp_path):
    add(db, index, HARBOUR)
    beside = Database(tmp_path / "forge.db", read_only=True)
    try:
        reader = Index(beside)
        assert reader.search("grain") == index.search("grain")
        remove(db, index, 2)
        add(db, index, {6: "more grain"})
        assert reader.scores("grain") == index.scores("grain")
        assert reader.scores("grain").keys() == {4, 6}
        with pytest.raises(ForgeError):
            add(beside, reader, {7: "no"})
    finally:
        beside.close()


def test_readers_always_see_whole_transactions_while_a_writer_works(db, index):
    """Every transaction adds or removes a pair of passages with one word of their own: a reader must see both or none,
    also while segments are merged away under it."""
    rounds, done, odd = 150, threading.Event(), []

    def read(mark: int) -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            pair = index.scores(f"pair{(turn * 7 + mark) % rounds}")
            common = index.search("common pear", 400)
            if len(pair) not in (0, 2) or len(common) % 2:
                odd.append((pair, len(common)))

    readers = [threading.Thread(target=read, args=(mark,)) for mark in range(2)]
    for reader in readers:
        reader.start()
    try:
        for turn in range(rounds):
            text = f"common pear pair{turn}"
            add(db, index, {2 * turn + 1: text, 2 * turn + 2: text})
            if turn % 3 == 2:
                remove(db, index, 2 * turn - 1, 2 * turn)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert odd == []
    assert len(index.ids()) == 2 * (rounds - rounds // 3)
    assert index.check(index.ids()) == []


def test_an_index_of_another_version_is_stale_until_it_is_made_anew(db, index):
    add(db, index, HARBOUR)
    assert index.versions == {"analyser": ANALYSER_VERSION, "embedder": "hash-512-2"}
    with db.write() as connection:
        connection.execute("UPDATE index_state SET analyser = 'older'")
    assert index.stale
    with db.write() as connection:
        index.clear(connection)
        index.add(connection, HARBOUR.items())
    assert not index.stale
    assert index.check(HARBOUR) == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE postings SET heads = zeroblob(length(heads)) WHERE block = 1 << 24", "block 16777216 is damaged"),
        ("DELETE FROM postings WHERE block = 1 << 24", "blocks"),
        ("UPDATE segments SET lengths = zeroblob(length(lengths))", "segment 1 is damaged"),
        ("UPDATE index_state SET passages = passages + 1", "counts 6 passages"),
    ],
)
def test_check_names_what_is_damaged(db, index, statement, sentence):
    add(db, index, HARBOUR)
    assert index.check() == []
    with db.write() as connection:
        connection.execute(statement)
    (found,) = index.check()
    assert sentence in found


def test_check_names_passages_that_are_missing_or_too_many(db, index):
    add(db, index, HARBOUR)
    assert index.check([1, 2, 3, 4, 6]) == [
        "Search index: passage 6 is missing.",
        "Search index: passage 5 should not be there.",
    ]


def test_a_missing_part_is_said_to_the_user(db, index):
    add(db, index, HARBOUR)
    with db.write() as connection:
        connection.execute("DELETE FROM postings")
    with pytest.raises(ForgeError, match="missing"):
        index.search("grain")
