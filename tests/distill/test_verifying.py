"""Pairs against the documents they rest on, as these are now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.distill.records import Evidence
from forge_desktop.distill.records_pairs import Reverified
from tests.distill.pair_room import PairRoom, evidence, pair


@pytest.fixture
def room(data_dir: Path) -> Iterator[PairRoom]:
    made = PairRoom(data_dir)
    yield made
    made.close()


def quoted(file: Path, words: str) -> Evidence:
    text = file.read_text(encoding="utf-8")
    start = text.index(words)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return Evidence(1, sha256, str(file), 0, start, start + len(words), None, (), words, words, cited=True)


def test_changed_and_gone_sources_are_told(room: PairRoom, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name, text in (("stays.md", "The boat is blue."), ("changes.md", "The boat is red."), ("goes.md", "No boat.")):
        (folder / name).write_text(text, encoding="utf-8")
    room.jobs.wait(room.corpus.index([folder]), 60)
    room.keep(
        pair("stays", "Which colour is the first one?", "Blue.", evidence=(quoted(folder / "stays.md", "blue"),)),
        pair("changes", "And the second boat over there?", "Red.", evidence=(quoted(folder / "changes.md", "red"),)),
        pair("goes", "Is there any boat at all?", "No.", evidence=(quoted(folder / "goes.md", "No boat"),)),
        pair("moved", "Where does it say so?", "There.", evidence=(
            Evidence(**{**vars(quoted(folder / "stays.md", "blue")), "start": 3, "end": 7}),
        )),
        pair("bare", "Is anything known?", "Nothing."),
    )  # fmt: skip
    coverage = {one.name: one.share for one in room.pairs.coverage()}
    assert coverage[str(folder / "changes.md")] == pytest.approx(3 / 16)
    (folder / "changes.md").write_text("The boat is green now.", encoding="utf-8")
    (folder / "goes.md").unlink()
    room.jobs.wait(room.corpus.index([folder]), 60)
    gone = room.corpus.shelf.documents("goes.md")
    room.corpus.remove(gone.tolist())
    found = room.jobs.wait(room.pairs.reverify(), 60)
    assert isinstance(found, Reverified)
    sources = {one.uid: one.source for one in room.pairs.iterate(every=True)}
    assert sources == {
        "stays": "unchanged",
        "changes": "changed",
        "goes": "gone",
        "moved": "changed",
        "bare": "unchecked",
    }
    assert (found.checked, found.unchanged, found.changed, found.gone, found.unchecked) == (5, 1, 2, 1, 1)
    assert set(found.pairs) == {"changes", "moved", "goes"}
    assert "drop them" in found.advice
    assert room.pairs.counts().gone == 1


def test_what_was_not_cited_does_not_count(room: PairRoom, tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("The boat is blue.", encoding="utf-8")
    room.jobs.wait(room.corpus.index([file]), 60)
    both = (quoted(file, "blue"), evidence("f", n=2, cited=False))
    room.keep(pair("a", "Which colour?", "Blue.", evidence=both))
    found = room.jobs.wait(room.pairs.reverify(), 60)
    assert isinstance(found, Reverified)
    assert found.unchanged == 1
    assert found.advice == "All pairs still rest on what their documents say."
