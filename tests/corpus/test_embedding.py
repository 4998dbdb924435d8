"""Vectors as the corpus keeps them: dimensions as set, embedders from outside, and what is said meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from tests.corpus.conftest import Room


class Sea:
    """Knows one topic. `gate` lets its calls through; `broken` makes them fail."""

    identity, dimensions = "sea-1", 2

    def __init__(self) -> None:
        self.gate, self.broken = threading.Event(), False
        self.gate.set()

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        assert self.gate.wait(60)
        if self.broken:
            raise OSError("the file is gone")
        near = [sum(word in text.lower() for word in ("ship", "vessel", "harbour")) for text in texts]
        return np.array([[number, 0.1] for number in near], np.float32)


@pytest.fixture
def harbour(room: Room, tmp_path: Path) -> Room:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "ships.txt").write_text("The ships lie in the harbour until dawn.")
    (folder / "grain.txt").write_text("Grain prices fell in autumn.")
    room.index(folder)
    return room


def finish(room: Room) -> None:
    for job in room.jobs.running():
        room.jobs.wait(job)


def names(room: Room, query: str) -> list[str]:
    return [Path(hit.passage.path).name for hit in room.corpus.search(query)]


def test_other_dimensions_are_made_in_the_background(harbour: Room) -> None:
    harbour.settings.change(hash_dimensions=128)
    assert names(harbour, "harbuor")[0] == "ships.txt"
    finish(harbour)
    assert harbour.corpus.versions()["embedder"] == "hash-128-2"
    assert {len(body) for _, body in harbour.corpus.transfer.iterate_vectors()} == {128}
    assert names(harbour, "harbuor")[0] == "ships.txt"
    assert harbour.corpus.resume_pending() is None
    harbour.whole()


def test_an_embedder_answers_once_it_has_seen_all(harbour: Room, tmp_path: Path) -> None:
    model = Sea()
    model.gate.clear()
    job = harbour.corpus.vectors.use(model)
    assert "not embedded all passages yet" in harbour.corpus.vectors.note
    assert harbour.corpus.vectors.note in harbour.corpus.find("harbuor").note
    assert names(harbour, "harbuor")[0] == "ships.txt"
    assert names(harbour, "vessel") == []
    model.gate.set()
    assert job is not None
    assert harbour.jobs.wait(job) == 2
    assert harbour.corpus.vectors.note == ""
    assert names(harbour, "vessel")[0] == "ships.txt"
    (tmp_path / "notes" / "port.txt").write_text("Another harbour.")
    harbour.index(tmp_path / "notes")
    finish(harbour)
    assert set(names(harbour, "vessel")[:2]) == {"ships.txt", "port.txt"}
    said = [event.note for event in harbour.seen if isinstance(event, JobChanged) and event.kind == "embed"]
    assert "embedding 0 %" in said
    harbour.whole()


def test_an_embedder_that_fails_leaves_a_note(harbour: Room) -> None:
    model = Sea()
    model.broken = True
    job = harbour.corpus.vectors.use(model)
    assert job is not None
    with pytest.raises(ForgeError, match="the file is gone"):
        harbour.jobs.wait(job)
    assert "the file is gone" in harbour.corpus.vectors.note
    assert names(harbour, "harbuor")[0] == "ships.txt"
    model.broken = False
    finish(harbour)
    again = harbour.corpus.resume_pending()
    assert again is not None
    harbour.jobs.wait(again)
    assert harbour.corpus.vectors.note == ""
    harbour.corpus.vectors.use(None)
    assert names(harbour, "vessel") == []
