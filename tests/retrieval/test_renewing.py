"""Merges and renewals in slices: whatever happens between them, scores stay those of the surviving passages."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.corpus.retrieval import Index, analyser, merging
from forge_desktop.storage import Database
from tests.retrieval.conftest import add, oracle, remove

WORDS = [f"w{number}" for number in range(12)]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 12)),
        st.tuples(st.sampled_from(["remove", "restore"]), st.integers(0, 2**30)),
        st.tuples(st.sampled_from(["merge", "wholly", "age", "renew", "killed"]), st.just(0)),
    ),
    min_size=4,
    max_size=24,
)


def age(connection: sqlite3.Connection) -> None:
    """Make what is indexed the work of an older program."""
    connection.execute("UPDATE index_state SET analyser = 'older' WHERE analyser <> ''")
    connection.execute("UPDATE segments SET analyser = 'older'")


class Kept:
    """An index and what should be in it."""

    def __init__(self, folder: str) -> None:
        self.db = Database(Path(folder) / "forge.db")
        self.index = Index(self.db)
        self.passages: dict[int, str] = {}
        self.gone: dict[int, str] = {}
        self.last = 0

    def step(self, what: str, value: int) -> None:
        source = random.Random(value)
        if what == "add":
            texts = [" ".join(source.choices(WORDS, k=source.randrange(12))) for _ in range(value)]
            fresh = {self.last + number: text for number, text in enumerate(texts, 1)}
            self.last += len(fresh)
            add(self.db, self.index, fresh)
            self.passages |= fresh
        elif what == "remove":
            gone = {number: self.passages[number] for number in self.passages if source.random() < 0.4}
            remove(self.db, self.index, *gone)
            self.gone |= gone
            self.passages = {number: text for number, text in self.passages.items() if number not in gone}
        elif what == "restore":
            back = {number: self.gone[number] for number in self.gone if source.random() < 0.5}
            add(self.db, self.index, back)
            self.passages |= back
            self.gone = {number: text for number, text in self.gone.items() if number not in back}
        else:
            self.upkeep(what)

    def upkeep(self, what: str) -> None:
        with self.db.write() as connection:
            if what in ("merge", "wholly"):
                merging.go_on(connection, wholly=what == "wholly", most=15)
            elif what == "age":
                age(connection)
            elif what == "renew" and self.index.stale:
                self.index.renew(connection, self.texts, 3)
        if what == "killed":  # a merge and a renewal that are taken back, and a program that starts anew
            with pytest.raises(KeyboardInterrupt):
                self.interrupted()
            path = self.db.path
            self.db.close()
            self.db = Database(path)
            self.index = Index(self.db)

    def interrupted(self) -> None:
        with self.db.write() as connection:
            merging.go_on(connection, wholly=True, most=15)
            if self.index.stale:
                self.index.renew(connection, self.texts, 3)
            raise KeyboardInterrupt

    def texts(self, connection: object, after: int, at_most: int) -> list[tuple[int, str]]:
        return [(number, self.passages[number]) for number in sorted(self.passages) if number > after][:at_most]

    def check(self) -> None:
        assert self.index.check(self.passages) == []
        if len(self.passages) >= 4 and any(map(analyser.terms, self.passages.values())):
            for query in ("w0 w3 w11", "w5 w5 w1 unknown"):
                scores = oracle(self.passages, query)
                assert self.index.scores(query) == scores
                best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:5]
                assert list(self.index.best(query, 5).items()) == best


@given(STEPS)
def test_no_merge_or_renewal_changes_a_bit(steps):
    with tempfile.TemporaryDirectory() as folder:
        kept = Kept(folder)
        for what, value in steps:
            kept.step(what, value)
            if what in ("merge", "wholly", "renew", "killed"):
                kept.check()
        while kept.index.stale:
            kept.upkeep("renew")
        kept.index.tidy(wholly=True)
        assert kept.db.value("SELECT count(*) FROM segments") <= 2
        kept.check()
        kept.db.close()


def test_a_renewal_goes_on_where_it_was_and_answers_meanwhile(db, index):
    passages = {number: f"stone bridge {number}" for number in range(1, 21)}
    add(db, index, passages)
    with db.write() as connection:
        age(connection)
    asked = []

    def texts(connection: object, after: int, at_most: int) -> list[tuple[int, str]]:
        asked.append(after)
        return [(number, passages[number]) for number in passages if number > after][:at_most]

    done: int | None = 0
    while done is not None:
        assert index.stale
        again = Index(db)  # as after a restart
        with db.write() as connection:
            done = again.renew(connection, texts, 6)
        assert again.scores("stone bridge") == oracle(passages, "stone bridge")
    assert asked[1:] == [6, 12, 18, 20]
    assert not index.stale
    assert index.check(passages) == []
    assert [row[0] for row in db.rows("SELECT DISTINCT analyser FROM segments")] == [analyser.ANALYSER_VERSION]


def test_passages_that_an_older_program_put_back_during_a_renewal_stay(db, index):
    passages = {number: f"stone bridge {number}" for number in range(1, 9)}
    add(db, index, passages)

    def texts(connection: object, after: int, at_most: int) -> list[tuple[int, str]]:
        return [(number, passages[number]) for number in passages if number > after][:at_most]

    with db.write() as connection:
        age(connection)
        assert index.renew(connection, texts, 6) == 6
        age(connection)  # it indexed these again, and one that is gone since
    del passages[3]
    done: int | None = 0
    while done is not None:
        assert index.stale
        with db.write() as connection:
            done = index.renew(connection, texts, 2)
    assert not index.stale
    assert index.check(passages) == []
    assert index.scores("stone bridge") == oracle(passages, "stone bridge")
    assert [row[0] for row in db.rows("SELECT DISTINCT analyser FROM segments")] == [analyser.ANALYSER_VERSION]


def test_passages_that_are_gone_leave_a_renewed_index(db, index):
    add(db, index, {number: f"stone bridge {number}" for number in range(1, 9)})
    with db.write() as connection:
        age(connection)
    add(db, index, {9: "stone wall"})  # already of the new version, so not asked for

    def texts(connection: object, after: int, at_most: int) -> list[tuple[int, str]]:
        return [(number, f"stone bridge {number}") for number in (1, 2, 9, 12) if number > after][:at_most]

    with db.write() as connection:
        while index.renew(connection, texts, 2) is not None:
            pass
    assert index.check([1, 2, 9, 12]) == []
