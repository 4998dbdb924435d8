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
    assert guessed.drafted >= guessed.accepted
    assert guessed.accepted > 0 or plain.answer_tokens < 12


def test_a_grammar_holds_with_guesses(shared: Engine) -> None:
    schema = json.dumps({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]})
    ask = [say(f"Put this text into JSON word for word.\n\n{TEXT}")]
    plain, guessed = both(shared, list(ask), Sampling(max_tokens=50, schema=schema))
    assert (guessed.text, guessed.tokens) == (plain.text, plain.tokens)


def test_own_words_are_the_same_and_little_is_guessed(shared: Engine) -> None:
    plain, guessed = both(shared, list(STORY), Sampling(max_tokens=50))
    assert guessed.text == plain.text
    assert guessed.drafted - guessed.accepted <= 10


def after(lookup: Lookup, tokens: list[int]) -> Lookup:
    for token in tokens:
        lookup.add(token)
    return lookup


def test_what_followed_is_guessed_once_guesses_would_have_been_right() -> None:
    lookup = after(Lookup(list(range(40)), cost=0.3), [7, 8, 9])
    assert lookup.guess(8) == []
    assert after(lookup, [10, 11]).guess(8) == [12, 13, 14]
    assert lookup.guess(2) == [12, 13]
    assert after(lookup, [99]).guess(8) == []


def test_right_guesses_become_longer() -> None:
    lookup = after(Lookup(list(range(200)), cost=0.1), [7, 8, 9, 10])
    sizes = []
    while len(sizes) < 4:
        guess = lookup.guess(100)
        sizes.append(len(guess))
        lookup.learn(len(guess), len(guess))
        after(lookup, guess)
    assert sizes == [3, 7, MOST, MOST]


def test_wrong_guesses_come_to_an_end() -> None:
    lookup, tried = Lookup([*range(1, 14)] * 4, cost=0.5), 0
    for round_ in range(50):
        after(lookup, [*range(1, 12)])
        guess = lookup.guess(100)
        lookup.learn(len(guess), 0)
        tried += len(guess)
        after(lookup, [100 + round_])
    assert 0 < tried * 0.5 <= 7 * 0.5 + 0.03 * 600


def test_nothing_is_guessed_where_a_guess_costs_as_much_as_a_token() -> None:
    assert after(Lookup(list(range(40)), cost=0.9), list(range(5, 25))).guess(8) == []
