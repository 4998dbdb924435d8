"""GGUF embedding models: headers, pooling, batches, long texts, a child of its own beside the student's."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events
from forge_desktop.engine import Engine, Sampling
from forge_desktop.engine.embedder import GgufEmbedder, open_embedder
from forge_desktop.engine.gguf_embedder import read_embedder
from forge_desktop.engine.gguf_header import read_header
from tests.data import tiny_bert, tiny_gguf
from tests.engine.conftest import EngineMaker, say, spec_of

Opener = Callable[[Path], GgufEmbedder]
MEAN, CLS, LAST, RANK = 1, 2, 3, 4


@pytest.fixture
def opened(make_engine: EngineMaker) -> Iterator[tuple[Engine, Opener]]:
    """An engine, and how embedders are opened beside it; they are closed after the test."""
    engine, made = make_engine(), []

    def make(path: Path) -> GgufEmbedder:
        made.append(open_embedder(path, engine, engine.database, engine.settings))  # type: ignore[attr-defined]
        return made[-1]

    yield engine, make
    for embedder in made:
        embedder.close()


def test_headers_tell_embedders_from_students(tmp_path: Path, starter: Path) -> None:
    bert = tiny_bert.write(tmp_path / "bert.gguf", pooling=CLS)
    facts = read_embedder(bert)
    assert (facts.pooling, facts.dimensions, facts.context, facts.chats) == ("cls", 32, 64, False)
    with pytest.raises(ForgeError, match="is an embedding model; it cannot answer"):
        read_header(bert)
    chat = read_embedder(starter)
    assert (chat.pooling, chat.dimensions, chat.chats) == ("mean", 576, True)
    with pytest.raises(ForgeError, match="is a reranker"):
        read_embedder(tiny_bert.write(tmp_path / "rank.gguf", pooling=RANK))
    (tmp_path / "bad.gguf").write_bytes(b"GGUF\x03\0\0\0")
    with pytest.raises(ForgeError, match="is not a usable GGUF file"):
        read_embedder(tmp_path / "bad.gguf")
    with pytest.raises(ForgeError, match="cannot be read"):
        read_embedder(tmp_path / "gone.gguf")


@pytest.mark.parametrize("pooling", [MEAN, CLS])
def test_a_vector_does_not_depend_on_its_neighbours(
    opened: tuple[Engine, Opener], tmp_path: Path, pooling: int
) -> None:
    embedder = opened[1](tiny_bert.write(tmp_path / "bert.gguf", pooling=pooling))
    texts = [f"text number {number} " * (1 + number % 3) for number in range(40)]
    together = embedder.embed(texts)
    assert together.shape == (40, embedder.dimensions)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(40), abs=1e-5)
    for number in (0, 17, 39):
        assert embedder.embed([texts[number]])[0] == pytest.approx(together[number], abs=1e-4)
    assert not np.allclose(together[0], together[1], atol=1e-2)


def test_a_long_text_is_the_mean_of_its_pieces(opened: tuple[Engine, Opener], tmp_path: Path) -> None:
    embedder = opened[1](tiny_bert.write(tmp_path / "bert.gguf"))
    halves = ["a" * 62, "b" * 62]  # each fills the model's 64 tokens with its two special ones
    left, right, whole = embedder.embed([*halves, "".join(halves)])
    assert whole @ left > 0.5
    assert whole @ right > 0.5
    assert embedder.embed(["c" * 10_000, "", "bad \ud800 surrogate"]).shape == (3, 32)


def test_a_decoder_embeds_too(opened: tuple[Engine, Opener], tmp_path: Path) -> None:
    path = tiny_gguf.write(tmp_path / "last.gguf", values={"llama.pooling_type": LAST})
    embedder = opened[1](path)
    assert embedder.header.pooling == "last"
    one, two, again = embedder.embed(["the sea", "the land", "the sea"])
    assert one == pytest.approx(again, abs=1e-4)
    assert one @ two < 0.9999


def test_it_has_a_child_and_a_plan_beside_the_student(
    make_engine: EngineMaker, tiny: Path, tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("the engine child")
    engine = make_engine(tiny)
    path = tiny_bert.write(tmp_path / "b.gguf")
    embedder = open_embedder(path, engine, engine.database, engine.settings)  # type: ignore[attr-defined]
    try:
        first = embedder.embed(["hello"])
        engine.generate([say("Hi")], Sampling(max_tokens=2), lambda _: None)
        pid = embedder.pid
        assert pid not in (None, engine.pid)
        assert len(engine.layout.holdings._held) == 2
        os.kill(pid, signal.SIGKILL)  # type: ignore[arg-type]
        assert embedder.embed(["hello"]) == pytest.approx(first)
        assert engine.state().status == "ready"
        engine.eject()
        assert embedder.state().status == "ready"
    finally:
        embedder.close()


def test_a_student_is_evaluated_beside_the_chats(make_engine: EngineMaker, tiny: Path, starter: Path) -> None:
    """A second engine on the same layout: both answer, each in a child of its own."""
    engine = make_engine(tiny)
    other = Engine(engine.database, Events(), engine.settings, beside=engine)  # type: ignore[attr-defined]
    try:
        other.use(spec_of(starter))
        engine.generate([say("Hi")], Sampling(max_tokens=2), _hear)
        assert other.generate([say("Hi")], Sampling(max_tokens=6), _hear).text
        assert engine.pid != other.pid
        assert engine.state().model != other.state().model
    finally:
        other.close()


def test_closing_an_embedder_leaves_the_chat_engines_plans_and_loads(
    opened: tuple[Engine, Opener], tmp_path: Path, tiny: Path
) -> None:
    engine, opener = opened
    engine.use(spec_of(tiny))
    opener(tiny_bert.write(tmp_path / "bert.gguf")).close()
    assert engine.plan().fits
    assert engine.hardware().devices
    assert engine.warm().status == "ready"


def test_an_embedder_that_was_put_aside_ends_its_work_as_cancelled(
    opened: tuple[Engine, Opener], tmp_path: Path
) -> None:
    embedder = opened[1](tiny_bert.write(tmp_path / "bert.gguf"))
    embedder.close()
    with pytest.raises(Cancelled):
        embedder.embed(["hello"])


def _hear(_text: str) -> None:
    """Nobody listens."""
