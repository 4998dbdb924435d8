"""A person's question goes before background work, which goes on after it as if nothing had happened."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.engine import Engine, Generation, Sampling
from tests.engine.conftest import EngineMaker, say

LONG = [say("Rivers carry water and sediment from the mountains to the sea. " * 16 + "Tell a story about them.")]
CAPITAL = [say("You answer in one short sentence.", role="system"), say("What is the capital of France?")]
NARROW = [sys.executable, str(Path(__file__).with_name("narrow_child.py"))]


class Background:
    """A background answer on a thread of its own; `moment` is set when it has begun to read, or to write."""

    def __init__(self, engine: Engine, sampling: Sampling, *, when: str, check: Callable[[], None]) -> None:
        self.moment, self.ended_first = threading.Event(), False
        self._engine, self._sampling, self._when, self._check = engine, sampling, when, check
        self.result: Generation | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        def note(_: str) -> None:
            self.moment.set()

        def check() -> None:
            if self._when == "reading" and self._engine.state().note.startswith("Reading"):
                self.moment.set()
            self._check()

        self.result = self._engine.generate(LONG, self._sampling, note, check, background=True)

    def end(self) -> Generation:
        self._thread.join()
        assert self.result is not None
        return self.result


@pytest.mark.parametrize("when", ["reading", "writing"])
@pytest.mark.parametrize(
    ("narrow", "sampling"),
    [(False, Sampling(max_tokens=40)), (True, Sampling(temperature=0.9, seed=5, max_tokens=40))],
)
def test_background_work_gives_way_and_ends_the_same(
    make_engine: EngineMaker, starter: Path, when: str, sampling: Sampling, narrow: bool
) -> None:
    engine = make_engine(starter, command=NARROW if narrow else None)
    alone = engine.generate(LONG, sampling, lambda _: None, background=True)
    engine.generate([say("Nothing in common with it.")], Sampling(max_tokens=1), lambda _: None)
    background = Background(engine, sampling, when=when, check=lambda: None)
    assert background.moment.wait(60)
    for _ in range(2):
        first = engine.generate(CAPITAL, Sampling(max_tokens=6), lambda _: None, conversation="person")
        assert background.result is None
        assert "Paris" in first.text
    ended = background.end()
    assert (ended.text, ended.stop, ended.tokens) == (alone.text, alone.stop, alone.tokens)


def test_background_work_that_is_refused_leaves_its_stream(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny)
    ask = [say("Rivers carry water to the sea. " * 10)]
    for _ in range(6):
        with pytest.raises(ForgeError):
            engine.generate(ask, Sampling(grammar="no grammar ("), lambda _: None, background=True, conversation="c")
    first = engine.generate(ask, Sampling(max_tokens=4), lambda _: None, background=True, conversation="c")
    again = engine.generate(ask, Sampling(max_tokens=4), lambda _: None, conversation="c")
    assert (first.text, again.reused_tokens > 0) == (again.text, True)


def test_background_work_that_waits_can_be_stopped(make_engine: EngineMaker, starter: Path) -> None:
    engine = make_engine(starter)
    stop = threading.Event()

    def check() -> None:
        if stop.is_set():
            raise Cancelled

    background = Background(engine, Sampling(max_tokens=400), when="writing", check=check)
    assert background.moment.wait(60)

    def told(_: str) -> None:
        stop.set()

    assert "Paris" in engine.generate(CAPITAL, Sampling(max_tokens=30), told).text
    ended = background.end()
    assert ended.stop == "cancelled"
    assert ended.text
    assert "Paris" in engine.generate(CAPITAL, Sampling(max_tokens=10), lambda _: None).text


def test_background_work_whose_child_is_taken_away_ends(make_engine: EngineMaker, starter: Path) -> None:
    engine = make_engine(starter)
    background = Background(engine, Sampling(max_tokens=400), when="writing", check=lambda: None)
    assert background.moment.wait(60)
    engine.eject()
    assert background.end().stop == "cancelled"
