"""The child hangs, prints, writes nonsense or faults while it answers: the text stays, the next answer comes."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.engine import Engine, Sampling
from forge_desktop.engine.vigil import Limits
from tests.engine.conftest import EngineMaker, say

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="native calls of Linux")
HOSTILE = str(Path(__file__).with_name("hostile_child.py"))
STORY = [say("Tell a long story.")]
LIMITS = Limits(silence=1.0, step=3.0, cancel=1.0)
Hostile = Callable[..., Engine]


@pytest.fixture
def hostile(make_engine: EngineMaker, tiny: Path, tmp_path: Path) -> Hostile:
    """An engine whose first child does this once, in the middle of its first answer."""

    def make(act: str, limits: Limits = LIMITS) -> Engine:
        command = [sys.executable, HOSTILE, act, str(tmp_path / "done")]
        return make_engine(tiny, command=command, limits=limits)

    return make


ENDS = {
    "sleeps": "did nothing for 1 seconds",
    "locks": "gave no sign of life for 1 seconds",
    "spins": "was busy with one step for 3 seconds",
    "no frame": "sent what is no message",
    "600 MB": "sent what is no message",
    "no event": "sent what is no message",
    "wrong event": "sent what is no message",
    "reads address 0": r"crashed \(signal 11\)",
    "aborts": r"crashed \(signal 6\)",
    "leaves": "ended with status 0",
}


@pytest.mark.parametrize("act", ENDS)
def test_it_is_ended_and_replaced(hostile: Hostile, act: str, expect_log: Callable[[str], None]) -> None:
    expect_log(f"the engine child {ENDS[act]}")
    engine = hostile(act)
    engine.warm()
    first = os.pidfd_open(engine.pid or 0)
    pieces: list[str] = []
    answer = engine.generate(STORY, Sampling(max_tokens=400), pieces.append)
    assert answer.stop == "died"
    assert answer.text == "".join(pieces) != ""
    assert answer.problem.count(".") == 1
    assert select.select([first], [], [], 5)[0]
    os.close(first)
    assert engine.generate(STORY, Sampling(max_tokens=5), lambda _: None).answer_tokens > 0


@pytest.mark.parametrize("act", ["sleeps", "spins"])
def test_a_stop_ends_a_native_call_that_hangs(hostile: Hostile, act: str, expect_log: Callable[[str], None]) -> None:
    expect_log("did not stop within 1 seconds|did nothing|gave no sign")
    engine = hostile(act)
    answer = engine.generate(STORY, Sampling(max_tokens=400), _stop)
    assert (answer.stop, answer.text != "") == ("cancelled", True)
    assert engine.generate(STORY, Sampling(max_tokens=5), lambda _: None).answer_tokens > 0


def _stop(_text: str) -> None:
    raise Cancelled


def test_a_slow_step_is_waited_for(hostile: Hostile) -> None:
    engine = hostile("takes its time", Limits(silence=1.0, step=60.0))
    began = time.monotonic()
    answer = engine.generate(STORY, Sampling(max_tokens=20), lambda _: None)
    assert (answer.stop, answer.answer_tokens) == ("length", 20)
    assert time.monotonic() - began > LIMITS.silence


def test_what_native_code_prints_never_reaches_the_frames(hostile: Hostile) -> None:
    engine = hostile("prints")
    printing = engine.generate(STORY, Sampling(max_tokens=60), lambda _: None)
    quiet = engine.generate(STORY, Sampling(max_tokens=60), lambda _: None)
    assert printing.stop == quiet.stop == "length"
    assert printing.text == quiet.text


def test_a_death_in_a_short_request_carries_its_code(hostile: Hostile, expect_log: Callable[[str], None]) -> None:
    expect_log("the engine child")
    engine = hostile("leaves")
    engine.warm()
    os.kill(engine.pid or 0, 19)
    with pytest.raises(ForgeError, match="gave no sign of life") as lost:
        engine.count(["x"])
    assert (lost.value.code, lost.value.action) == ("ENGINE_CRASH", "")
