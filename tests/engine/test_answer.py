"""An answer's record from the frames that came."""

from __future__ import annotations

import time

import pytest

from forge_desktop.engine.answer import Answer


def test_a_hang_is_no_writing_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    answer = Answer(0, lambda _: None)
    for tokens in (1, 11, 21):
        now[0] += 1
        answer.take({"ev": "text", "text": "word ", "tokens": tokens, "part": "answer"})
    now[0] += 30
    assert answer.result("died").tokens_per_second == pytest.approx(10.0)


def test_one_piece_has_no_rate() -> None:
    answer = Answer(0, lambda _: None)
    answer.take({"ev": "text", "text": "word", "tokens": 1, "part": "answer"})
    assert answer.result("died").tokens_per_second == 0.0
