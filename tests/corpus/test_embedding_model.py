"""The setting that names an embedding model: followed at once and at the next start; what fails is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forge_desktop.forge import Forge
from tests.data import tiny_bert


@pytest.fixture
def opened(data_dir: Path) -> Iterator[Callable[[], Forge]]:
    """Opens the application on one data directory; closed after the test."""
    made: list[Forge] = []

    def make() -> Forge:
        for forge in made:
            forge.close()
        made.append(Forge(data_dir, holder="test"))
        return made[-1]

    yield make
    for forge in made:
        forge.close()


def _settled(forge: Forge) -> None:
    """Every job that was started has ended; one may start another."""
    while running := forge.jobs.running():
        for job in running:
            forge.jobs.wait(job, timeout=60)


def test_the_setting_is_followed_at_once_and_at_the_next_start(opened: Callable[[], Forge], tmp_path: Path) -> None:
    for name in ("sea", "mountain"):
        (tmp_path / f"{name}.txt").write_text(f"A text about the {name}.")
    first, second = (tiny_bert.write(tmp_path / f"{n}.gguf", pooling=n) for n in (1, 2))
    forge = opened()
    forge.jobs.wait(forge.corpus.index([tmp_path / "sea.txt", tmp_path / "mountain.txt"]))
    forge.settings.change(embedding_model=str(first))
    _settled(forge)
    model = forge.embedding.model
    assert model is not None
    assert (model.header.pooling, forge.embedding.note, model.state().status) == ("mean", "", "ready")
    assert forge.corpus.find("the sea").hits

    forge = opened()
    _settled(forge)
    assert forge.embedding.model is not None
    assert forge.embedding.note == ""

    forge.settings.change(embedding_model=str(second))
    _settled(forge)
    assert forge.embedding.model.header.pooling == "cls"
    forge.settings.change(embedding_model="")
    _settled(forge)
    assert forge.embedding.model is None
    assert forge.embedding.note == ""


def test_what_fails_is_said_and_search_goes_on(opened: Callable[[], Forge], tmp_path: Path) -> None:
    (tmp_path / "sea.txt").write_text("A text about the sea.")
    forge = opened()
    forge.jobs.wait(forge.corpus.index([tmp_path / "sea.txt"]))
    for path, words in ((tmp_path / "gone.gguf", "cannot be read"), (tmp_path / "sea.txt", "is not a GGUF file")):
        forge.settings.change(embedding_model=str(path))
        _settled(forge)
        assert words in forge.embedding.note
        assert forge.embedding.note.endswith("Likeness is judged by spelling.")
        assert forge.corpus.find("the sea").hits
        assert words in forge.corpus.find("the sea").note
