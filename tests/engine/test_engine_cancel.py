"""Stop, in the middle of the prompt and in the middle of the answer, and what comes after it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

from forge_desktop.base.errors import Cancelled
from forge_desktop.engine import Engine, Sampling
from tests.engine.conftest import say

LONG = [say("Rivers carry water and sediment from the mountains to the sea. " * 250)]
CAPITAL = [say("You answer in one short sentence.", role="system"), say("What is the capital of France?")]


def after(seconds: float, moment: list[float]) -> Callable[[], None]:
    """A check that asks to stop when some seconds have passed, and notes when."""
    start = time.monotonic()

    def check() -> None:
        if time.monotonic() - start > seconds:
            moment.append(time.monotonic())
            raise Cancelled

    return check


def test_stop_in_the_middle_of_the_prompt(shared: Engine) -> None:
    moment: list[float] = []
    answer = shared.generate(LONG, Sampling(), lambda _: None, after(0.4, moment))
    assert (answer.stop, answer.text, answer.answer_tokens) == ("cancelled", "", 0)
    assert len(moment) == 1
    assert time.monotonic() - moment[0] < 5
    assert "Paris" in shared.generate(CAPITAL, Sampling(max_tokens=20), lambda _: None).text


def test_stop_in_the_middle_of_the_answer_keeps_the_text(shared: Engine) -> None:
    pieces: list[str] = []

    def check() -> None:
        if len(pieces) > 3:
            raise Cancelled

    ask = [say("Tell a long story about the sea.")]
    stopped = shared.generate(ask, Sampling(max_tokens=300), pieces.append, check)
    assert stopped.stop == "cancelled"
    assert stopped.text == "".join(pieces)
    assert 0 < stopped.answer_tokens < 300
    whole = shared.generate(ask, Sampling(max_tokens=stopped.answer_tokens + 5), lambda _: None)
    assert whole.text.startswith(stopped.text)


def test_stop_raised_where_the_text_is_taken(shared: Engine) -> None:
    pieces: list[str] = []

    def take(text: str) -> None:
        pieces.append(text)
        if len(pieces) == 2:
            raise Cancelled

    answer = shared.generate([say("Tell a long story.")], Sampling(max_tokens=300), take)
    assert answer.stop == "cancelled"
    assert answer.text == "".join(pieces)


def test_check_is_called_often(shared: Engine) -> None:
    moments: list[float] = []

    def check() -> None:
        moments.append(time.monotonic())
        if len(moments) > 30:
            raise Cancelled

    shared.generate(LONG, Sampling(max_tokens=5), lambda _: None, check)
    gaps = sorted(b - a for a, b in itertools.pairwise(moments))
    assert gaps[len(gaps) // 2] < 0.1
