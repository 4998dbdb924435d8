"""Frozen versions of pairs, and what the pairs look like as a whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records_pairs import PairWish
from forge_desktop.distill.store_pair_list import TOTALS
from tests.distill.pair_room import PairRoom, evidence, pair


@pytest.fixture
def room(data_dir: Path) -> Iterator[PairRoom]:
    made = PairRoom(data_dir)
    yield made
    made.close()


def some(room: PairRoom) -> None:
    room.keep(
        pair("aaaa1", "Where does the ferry go?", "To the island.", documents=["a"], score=0.95),
        pair("bbbb2", "Wer steuert das Schiff?", "Die Kapitänin.", documents=["a", "b"], language="de", score=0.35),
        pair("cccc3", "How deep is it?", "Very deep. " * 30, draft="Shallow.", kind="REPAIR_PAIR"),
        pair("dddd4", "Is it red?", "It is not.", accepted=False),
    )


def test_a_version_never_changes(room: PairRoom) -> None:
    some(room)
    first = room.datasets.freeze("Lessons", "the first")
    assert (first.version, first.pairs, first.train_pairs, first.repair_pairs, first.documents) == (1, 3, 2, 1, 2)
    before = room.datasets.lines(first.uid)
    assert hashlib.sha256(before).hexdigest() == first.sha256
    assert [json.loads(line)["pair_id"] for line in before.splitlines()] == ["aaaa1", "bbbb2", "cccc3"]
    same = room.datasets.freeze("Lessons")
    assert (same.version, same.sha256) == (2, first.sha256)
    room.pairs.drop(["aaaa1"])
    third = room.datasets.freeze("Lessons")
    assert third.pairs == 2
    assert third.sha256 != first.sha256
    assert room.datasets.lines(first.uid) == before
    assert room.datasets.get("Lessons") == third
    assert room.datasets.get("Lessons v1") == first
    assert room.datasets.pairs(first.uid) == ["aaaa1", "bbbb2", "cccc3"]


def test_versions_name_the_documents_they_hold(room: PairRoom) -> None:
    some(room)
    made = room.datasets.freeze("Lessons")
    assert room.datasets.holding("b" * 64) == [made]
    assert room.datasets.holding("c" * 64) == []
    assert room.datasets.documents(made.uid) == [("a" * 64, 2), ("b" * 64, 1)]
    room.datasets.remove(made.uid)
    assert room.datasets.all() == []
    with pytest.raises(ForgeError, match="no dataset"):
        room.datasets.lines(made.uid)


def test_damage_is_told(room: PairRoom) -> None:
    some(room)
    made = room.datasets.freeze("Lessons")
    with room.db.write() as connection:
        connection.execute("UPDATE datasets SET lines = x'00'")
    with pytest.raises(ForgeError, match="damaged"):
        room.datasets.lines(made.uid)


def test_nothing_cannot_be_frozen(room: PairRoom) -> None:
    with pytest.raises(ForgeError, match="no accepted pair"):
        room.datasets.freeze("Lessons")
    with pytest.raises(ForgeError, match="needs a name"):
        room.datasets.freeze(" ")


def test_pairs_are_listed_by_page_and_condition(room: PairRoom) -> None:
    some(room)
    assert [row.uid for row in room.pairs.window(0, 2)] == ["dddd4", "cccc3"]
    for wish, expected in (
        (PairWish(accepted=True), 3),
        (PairWish(text="ferry"), 1),
        (PairWish(text="100%"), 0),
        (PairWish(kind="REPAIR_PAIR"), 1),
        (PairWish(language="de"), 1),
        (PairWish(document="a" * 64), 2),
        (PairWish(duplicates=True), 0),
        (PairWish(leaking=False), 4),
        (PairWish(source="unchecked", order="score"), 4),
    ):
        assert room.pairs.count(wish) == expected
        assert len(room.pairs.window(0, 10, wish)) == expected
    assert room.pairs.get("cccc").uid == "cccc3"
    with pytest.raises(ForgeError, match="no longer there"):
        room.pairs.get("nope")


def test_totals_and_how_they_are_spread(room: PairRoom) -> None:
    assert room.pairs.counts().pairs == 0
    some(room)
    counts = room.pairs.counts()
    assert (counts.pairs, counts.accepted, counts.train_pairs, counts.repair_pairs, counts.waiting) == (4, 3, 2, 1, 1)
    plan = room.db.rows(f"EXPLAIN QUERY PLAN {TOTALS}")
    assert "COVERING INDEX pairs_by_standing" in plan[0]["detail"]  # no text is read for it
    spread = room.pairs.histograms()
    assert [bar.pairs for bar in spread.score] == [0, 0, 0, 1, 0, 0, 0, 0, 1, 1]
    assert sum(bar.pairs for bar in spread.length) == 3
    assert [(bar.label, bar.pairs) for bar in spread.language] == [("en", 2), ("de", 1)]
    assert [(bar.label, bar.pairs) for bar in spread.documents] == [("a.md", 2), ("b.md", 1)]
    first, second = room.pairs.coverage()
    assert (first.name, first.pairs, first.characters, first.share) == ("a.md", 2, len("It stands there."), None)
    assert second.pairs == 1


def test_evidence_that_overlaps_covers_once(room: PairRoom) -> None:
    parts = (evidence("a", "0123456789"), evidence("a", "56789abcde", n=2, start=5), evidence("a", "zz", n=3, start=90))
    room.keep(pair("a", "What is it?", "It.", evidence=parts))
    assert room.pairs.coverage()[0].characters == 17
