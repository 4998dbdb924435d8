"""Conversations beside each other in one context: what is reused, and that no answer changes by it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from forge_desktop.engine import Engine, Generation, PromptMessage, PromptPart, Sampling
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, say

SHORT = Sampling(max_tokens=12)
RIVERS = say("Rivers carry water and sediment to the sea. " * 5 + "What do rivers carry?")
HILLS = say("Hills and valleys were formed by ice a long time ago. " * 5 + "What formed the hills?")


def ask(engine: Engine, messages: list[PromptMessage], conversation: str, sampling: Sampling = SHORT) -> Generation:
    return engine.generate(messages, sampling, lambda _: None, conversation=conversation)


def told(answer: Generation) -> tuple[str, int, str]:
    return answer.text, answer.answer_tokens, answer.stop


def after(question: PromptMessage, answer: Generation, next_question: str) -> list[PromptMessage]:
    said = PromptMessage("assistant", (PromptPart(answer.text, tokens=answer.tokens),))
    return [question, said, say(next_question)]


def test_conversations_that_take_turns_answer_as_if_alone(shared: Engine) -> None:
    alone = []
    for number, question in enumerate((RIVERS, HILLS)):
        first = ask(shared, [question], f"alone {number}")
        alone += [first, ask(shared, after(question, first, "And then?"), f"alone {number}")]
    firsts = [ask(shared, [RIVERS], "rivers"), ask(shared, [HILLS], "hills")]
    seconds = [
        ask(shared, after(RIVERS, firsts[0], "And then?"), "rivers"),
        ask(shared, after(HILLS, firsts[1], "And then?"), "hills"),
    ]
    assert [told(alone[0]), told(alone[2])] == [told(first) for first in firsts]
    assert [told(alone[1]), told(alone[3])] == [told(second) for second in seconds]
    for first, second in zip(firsts, seconds, strict=True):
        assert second.reused_tokens >= first.prompt_tokens + first.answer_tokens - 1


def test_more_conversations_than_streams(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny)
    questions = [say(f"{word} " * 50) for word in ("One", "Two", "Three", "Four", "Five", "Six")]
    first = [ask(engine, [question], f"many {number}") for number, question in enumerate(questions)]
    again = [ask(engine, [question], f"many {number}") for number, question in enumerate(questions)]
    assert [told(answer) for answer in first] == [told(answer) for answer in again]


def test_an_edited_question_reuses_what_stands_before_it(make_engine: EngineMaker, tmp_path: Path) -> None:
    engine = make_engine(tiny_gguf.write(tmp_path / "tiny.gguf", context=2048))
    first = ask(engine, [RIVERS], "edited")
    second = ask(engine, after(RIVERS, first, "Where do they end? " * 30), "edited")
    other = ask(engine, after(RIVERS, first, "Where do they begin? " * 30), "edited")
    again = ask(engine, after(RIVERS, first, "Where do they end? " * 30), "edited")
    assert told(second) == told(again)
    assert other.reused_tokens >= first.prompt_tokens


def test_an_answer_goes_back_as_the_tokens_it_was_sampled_as(shared: Engine) -> None:
    question = say("What do rivers carry?")
    for seed in itertools.count(1):
        sampling = Sampling(temperature=2.0, top_k=1000, top_p=1.0, min_p=0.0, seed=seed, max_tokens=24)
        first = ask(shared, [question], "tokens", sampling)
        if first.tokens and shared.count([first.text])[0] != len(first.tokens):
            break  # tokenised anew, this text becomes other tokens
    assert len(first.tokens) == first.answer_tokens
    follow = after(question, first, "And?")
    text_only = [follow[0], say(first.text, role="assistant"), follow[2]]
    assert shared.render(follow, sampling=SHORT).text == shared.render(text_only, sampling=SHORT).text
    assert ask(shared, follow, "tokens").reused_tokens >= first.prompt_tokens + first.answer_tokens - 1


@pytest.mark.parametrize("tokens", [(1, 2, 3), (10**9,), (-1,), (0,)])
def test_tokens_that_do_not_spell_the_text_count_for_nothing(shared: Engine, tokens: tuple[int, ...]) -> None:
    plain = [RIVERS, say("Water.", role="assistant"), say("And?")]
    forged = [RIVERS, PromptMessage("assistant", (PromptPart("Water.", tokens=tokens),)), say("And?")]
    assert shared.render(plain, sampling=SHORT) == shared.render(forged, sampling=SHORT)
    assert told(ask(shared, plain, "")) == told(ask(shared, forged, ""))


def test_a_sliding_window_is_not_reused_where_it_has_forgotten(make_engine: EngineMaker, tmp_path: Path) -> None:
    student = tiny_gguf.sliding(tmp_path / "sliding.gguf")
    settings = {"context_tokens": 16_384}
    engine, fresh = (make_engine(student, settings=settings) for _ in range(2))
    common = "The wind blows over the hills and the sea. " * 25
    ask(engine, [say(common + "First question?" * 30)], "c")
    changed = [say(common + "Another one?")]
    back = ask(engine, changed, "c")
    assert told(back) == told(ask(fresh, changed, "c"))
    assert back.reused_tokens == 0
    follow = [*changed, say(back.text, role="assistant"), say("More?")]
    assert told(ask(engine, follow, "c")) == told(ask(fresh, follow, "other"))


def test_a_recurrent_student_reads_again_what_it_cannot_take_back(make_engine: EngineMaker, tmp_path: Path) -> None:
    student = tiny_gguf.recurrent(tmp_path / "recurrent.gguf")
    engine, fresh = (make_engine(student) for _ in range(2))
    common = "The wind blows over the hills and the sea. " * 8
    first = [say(common + "First question?")]
    ask(engine, first, "c")
    changed = [say(common + "Another one?")]
    back = ask(engine, changed, "c")
    assert (back.reused_tokens, back.drafted) == (0, 0)
    assert told(back) == told(ask(fresh, changed, "c"))
    assert told(ask(engine, first, "other")) == told(ask(fresh, first, "other"))
