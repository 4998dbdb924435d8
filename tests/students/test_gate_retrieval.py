"""Searches compared by what they find: settings are handed over, and nothing is changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.retrieval.fusion import Mix
from forge_desktop.students.records_gate import RetrievalArm
from tests.distill.rooms import fact
from tests.students.gate_rooms import GateRoom, opened, tiny


@pytest.fixture
def room(data_dir: Path, tmp_path: Path) -> Iterator[GateRoom]:
    """Twelve documents, and a suite that says where each answer stands."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for n in range(12):
        (folder / f"{n}.txt").write_text(f"A page about trade, number {n}.\n\n{fact(n)[1]}\n", encoding="utf-8")
    with opened(data_dir, tiny(tmp_path / "base.gguf")) as made:
        made.wait(made.forge.corpus.index([folder]))
        rows = [
            {
                "question": fact(n)[0],
                "answer": fact(n)[1],
                "evidence": [{"text": fact(n)[1], "path": f"{n}.txt", "document_sha256": "0" * 64}],
            }
            for n in range(12)
        ]
        made.suite(tmp_path, "facts", rows)
        yield made


def test_settings_are_compared_by_what_they_find(room: GateRoom) -> None:
    before = dataclasses.asdict(room.forge.settings.values)
    arms = [
        RetrievalArm("usual", passages=6),
        RetrievalArm("one", passages=1),
        RetrievalArm("spelling", passages=1, alpha=1.0, embedder="built-in"),
    ]
    usual, one, spelling = room.wait(room.forge.students.gates.retrieval("facts", arms))
    assert (usual.items, usual.recall) == (12, 1.0)
    assert usual.recall_difference is None
    assert one.recall == one.reciprocal_rank <= usual.reciprocal_rank
    difference, low, high = one.recall_difference
    assert low <= difference <= high <= 0
    assert difference == pytest.approx(one.recall - usual.recall)
    assert spelling.arm.alpha == 1.0
    assert usual.milliseconds > 0
    assert dataclasses.asdict(room.forge.settings.values) == before


def test_the_share_of_the_vectors_is_what_is_asked_for(room: GateRoom) -> None:
    question = "lantren of Harlow"
    words = room.forge.corpus.find(question, 5, mix=Mix(alpha=0.0)).hits
    spelling = room.forge.corpus.find(question, 5, mix=Mix(alpha=1.0)).hits
    assert words[0].passage.text == spelling[0].passage.text
    top = max(spelling, key=lambda hit: hit.vector or 0.0)
    assert spelling[0].passage.id == top.passage.id
    assert spelling[0].score == pytest.approx(1.0)
    usual = room.forge.corpus.find(question, 5).hits
    assert [hit.passage.id for hit in room.forge.corpus.find(question, 5, mix=Mix()).hits] == [
        hit.passage.id for hit in usual
    ]


def test_what_cannot_be_compared_is_said(room: GateRoom, tmp_path: Path) -> None:
    gates = room.forge.students.gates
    for arms, words in (
        ([], "One to 12 settings"),
        ([RetrievalArm("a"), RetrievalArm("a")], "the same name"),
        ([RetrievalArm("a", passages=0)], "1 to 100 passages"),
        ([RetrievalArm("a", alpha=1.5)], "from 0 to 1"),
        ([RetrievalArm("a", embedder="e5")], "built-in"),
    ):
        with pytest.raises(ForgeError, match=words):
            gates.retrieval("facts", arms)
    with pytest.raises(ForgeError, match="no suite called nowhere"):
        gates.retrieval("nowhere", [RetrievalArm("a")])
    room.suite(tmp_path, "bare", [{"question": "What?", "answer": "That."}])
    with pytest.raises(ForgeError, match="No item of bare says where"):
        room.wait(gates.retrieval("bare", [RetrievalArm("a")]))


def test_a_place_is_met_where_passages_overlap_it(room: GateRoom, tmp_path: Path) -> None:
    hit = room.forge.corpus.search(fact(3)[0], 1)[0].passage
    place = {"document_sha256": hit.document_sha256, "path": "3.txt", "start": hit.start, "text": hit.text}
    elsewhere = {**place, "start": hit.end + 1_000, "text": "nothing of it"}
    rows = [
        {"question": fact(3)[0], "answer": "a", "evidence": [place]},
        {"question": fact(3)[0], "answer": "b", "evidence": [elsewhere]},
        {"question": fact(3)[0], "answer": "c", "evidence": [place, elsewhere]},
    ]
    room.suite(tmp_path, "places", rows)
    (found,) = room.wait(room.forge.students.gates.retrieval("places", [RetrievalArm("a", passages=3)]))
    assert found.recall == pytest.approx((1 + 0 + 0.5) / 3)
    assert found.reciprocal_rank == pytest.approx(2 / 3)
