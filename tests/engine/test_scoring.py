"""How likely the student finds a text: against the plainest way of computing it, shared prompts, borders, limits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled
from forge_desktop.engine import Continuation, Engine, Sampling, Scored
from tests.engine.conftest import say

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = say("You answer in one short sentence.", role="system", trusted=True)
LONG = say("Rivers carry water and sediment from the mountains to the sea. " * 14 + "Where do rivers end?")
CAPITAL = (SYSTEM, say("What is the capital of France?"))


def _score(engine: Engine, *items: Continuation) -> tuple[Scored, ...]:
    return engine.score(items).items


def test_scores_equal_the_plainest_way(shared: Engine, starter: Path) -> None:
    texts = ["The capital of France is Paris.", " Paris", "\n\nBanana — ünïcödé 🙂.", "a" * 150]
    items = [Continuation(CAPITAL, text) for text in texts] + [Continuation((LONG,), "In the sea.")]
    found = _score(shared, *items)
    lines = [
        json.dumps([str(starter), [[m.role, m.parts[0].text] for m in item.messages], scored.ids])
        for item, scored in zip(items, found, strict=True)
    ]
    probe = subprocess.run(
        [sys.executable, "-m", "tests.engine.scoring_probe"],
        input="\n".join(lines), capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    plain = [json.loads(line) for line in probe.stdout.splitlines()]
    assert len(plain) == len(found)
    for item, scored, told in zip(items, found, plain, strict=True):
        assert scored.prompt_tokens == told["prompt"]
        assert scored.log_likelihoods == pytest.approx(told["found"], abs=1e-4)
        assert scored.total == pytest.approx(sum(told["found"]), abs=1e-3)
        assert "".join(scored.tokens) == item.text or "\ufffd" in "".join(scored.tokens)


def test_the_students_own_answer_is_what_it_would_choose(shared: Engine) -> None:
    text = shared.generate(CAPITAL, Sampling(max_tokens=30, lookup=False), lambda _: None).text
    own, other = _score(shared, Continuation(CAPITAL, text), Continuation(CAPITAL, "Purple elephants."))
    assert all(own.greedy)
    assert not all(other.greedy)
    assert own.total / len(own.tokens) > other.total / len(other.tokens)


def test_an_items_score_does_not_depend_on_the_others(shared: Engine) -> None:
    items = [Continuation((LONG,), "In the sea."), Continuation((LONG,), "In a lake."), Continuation(CAPITAL, "Paris")]
    together = _score(shared, *items)
    assert [_score(shared, item)[0] for item in items] == list(together)
    assert _score(shared, *items[::-1])[::-1] == together


def test_what_cannot_be_scored_says_so_and_the_others_go_on(shared: Engine) -> None:
    good, empty, long = _score(
        shared, Continuation(CAPITAL, "Paris"), Continuation(CAPITAL, ""), Continuation((say("word " * 5000),), "x")
    )
    assert good.tokens
    assert not good.problem
    assert (empty.tokens, empty.total, empty.problem) == ((), 0.0, "")
    assert long.problem.startswith("The prompt has")
    assert shared.score([]).items == ()


def test_scoring_is_cancelled_between_pieces(shared: Engine) -> None:
    calls = iter(range(1000))

    def check() -> None:
        if next(calls) > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        shared.score([Continuation((LONG,), f"River {n}. " * 20) for n in range(200)], check)
    assert _score(shared, Continuation(CAPITAL, "Paris"))[0].tokens


def test_the_conditions_are_told(shared: Engine) -> None:
    scores = shared.score([Continuation(CAPITAL, "Paris")])
    assert len(scores.model_sha256) == 64
    assert {"build", "device", "threads", "flash", "lookup", "width"} <= set(scores.conditions)
    assert scores.conditions["lookup"] is False
