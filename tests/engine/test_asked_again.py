"""The same prompt asked once more: nothing of it is computed again, and the answer is the same."""

from __future__ import annotations

import pytest

from forge_desktop.base.errors import Cancelled
from forge_desktop.engine import Engine, Generation, Sampling
from tests.engine.conftest import say

RIVERS = say("Rivers carry water and sediment to the sea. " * 20 + "What do rivers carry?")


def ask(engine: Engine, conversation: str, seed: int = 1, temperature: float = 0.0) -> Generation:
    sampling = Sampling(max_tokens=12, seed=seed, temperature=temperature)
    return engine.generate([RIVERS], sampling, lambda _: None, conversation=conversation)


@pytest.mark.shared_child
def test_the_same_prompt_is_not_computed_again(shared: Engine) -> None:
    first = ask(shared, "again")
    again = ask(shared, "again")
    assert first.reused_tokens < first.prompt_tokens
    assert again.reused_tokens == again.prompt_tokens
    assert (again.text, again.tokens) == (first.text, first.tokens)


@pytest.mark.shared_child
def test_another_draw_from_the_same_prompt_is_what_it_would_have_been(shared: Engine) -> None:
    fresh = [ask(shared, f"draw {seed}", seed, 1.2).text for seed in (5, 6)]
    ask(shared, "draws", 4, 1.2)
    again = [ask(shared, "draws", seed, 1.2) for seed in (5, 6)]
    assert [answer.text for answer in again] == fresh
    assert all(answer.reused_tokens == answer.prompt_tokens for answer in again)


@pytest.mark.shared_child
def test_what_was_asked_in_between_elsewhere_changes_nothing(shared: Engine) -> None:
    first = ask(shared, "mine")
    shared.generate([say("Say hello.")], Sampling(max_tokens=4), lambda _: None, conversation="yours")
    again = ask(shared, "mine")
    assert (again.text, again.reused_tokens) == (first.text, first.prompt_tokens)


@pytest.mark.shared_child
def test_a_prompt_that_was_not_read_to_its_end_is_read_on(shared: Engine) -> None:
    def stop() -> None:
        raise Cancelled

    long = [say("Hills were formed by ice a long time ago. " * 25)]
    first = shared.generate(long, Sampling(max_tokens=2), lambda _: None, stop, conversation="stopped")
    assert first.stop == "cancelled"
    whole = shared.generate(long, Sampling(max_tokens=6), lambda _: None, conversation="stopped")
    assert whole.reused_tokens < whole.prompt_tokens
    other = shared.generate(long, Sampling(max_tokens=6), lambda _: None, conversation="other")
    assert whole.text == other.text
