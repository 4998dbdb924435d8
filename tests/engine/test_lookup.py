"""Guessed tokens: right ones make an answer shorter to compute, and neither kind changes it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from forge_desktop.engine import Engine, Generation, Sampling
from forge_desktop.engine.child.lookup import MOST, Lookup
from tests.engine.conftest import say

TEXT = (
    "The workshop opens at nine on Saturdays. Tobias Wrenfield, the treasurer, reported a surplus of 1,240 crowns. "
    "The gift of a laser cutter was declined because the room has no extraction. Sharpening a chisel costs 3 crowns."
)
QUOTE = [say(f"Repeat the following text word for word.\n\n{TEXT}")]
STORY = [say("Tell a short story about the sea.")]


def both(engine: Engine, messages: list[object], sampling: Sampling) -> tuple[Generation, Generation]:
    without = dataclasses.replace(sampling, lookup=False)
    found = [engine.generate(messages, one, lambda _: None) for one in (without, sampling)]  # type: ignore[arg-type]
    assert found[0].drafted == 0
    return found[0], found[1]


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(max_tokens=60),
        Sampling(max_tokens=60, temperature=0.4, seed=3),
        Sampling(max_tokens=60, repeat_penalty=1.05, repeat_last=32),
        Sampling(max_tokens=60, stop=("treasurer",)),
        Sampling(max_tokens=11),
    ],
)
def test_a_quote_is_the_same_with_and_without_guesses(shared: Engine, sampling: Sampling) -> None:
    plain, guessed = both(shared, list(QUOTE), sampling)
    assert (guessed.text, guessed.stop, guessed.answer_tokens) == (plain.text, plain.stop, plain.answer_tokens)
    assert guessed.tokens == plain.tokens
    assert guessed.accepted > 0
    assert guessed.drafted >= guessed.accepted


def test_a_grammar_holds_with_guesses(shared: Engine) -> None:
    schema = json.dumps({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]})
    ask = [say(f"Put this text into JSON word for word.\n\n{TEXT}")]
    plain, guessed = both(shared, list(ask), Sampling(max_tokens=50, schema=schema))
    assert (guessed.text, guessed.tokens) == (plain.text, plain.tokens)


def test_own_words_are_the_same_and_little_is_guessed(shared: Engine) -> None:
    plain, guessed = both(shared, list(STORY), Sampling(max_tokens=50))
    assert guessed.text == plain.text
    assert guessed.drafted - guessed.accepted <= 10


def test_what_followed_the_same_three_tokens_is_guessed() -> None:
    lookup = Lookup([1, 2, 3, 4, 5, 6, 7, 9, 9, 2, 3])
    assert lookup.guess(8) == []
    lookup.add(4)
    assert lookup.guess(8) == [5, 6]
    lookup.learn(2, 2)
    assert lookup.guess(2) == [5, 6]
    assert len(lookup.guess(8)) > 2


def test_right_guesses_become_longer_and_wrong_ones_stop() -> None:
    lookup = Lookup([*range(100), 0, 1, 2])
    sizes = []
    while len(sizes) < 6:
        guess = lookup.guess(100)
        sizes.append(len(guess))
        lookup.learn(len(guess), len(guess))
        for token in guess:
            lookup.add(token)
    assert sizes[0] < sizes[-1] == MOST
    lookup = Lookup([1, 2, 3, 7] * 5)
    for token in (1, 2, 3):
        lookup.add(token)
    tried = 0
    for _ in range(100):
        guess = lookup.guess(100)
        lookup.learn(len(guess), 0)
        tried += len(guess)
    assert tried <= 2
