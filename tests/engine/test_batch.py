"""Several answers at once: the same as one by one, places taken up again, room, limits, cancel, death."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.engine import Batch, Engine, Generation, PromptMessage, Sampling
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, say

SYSTEM = say("Answer in one sentence, from the documents. " * 6, role="system", trusted=True)
PLACES = ["France", "Peru", "Japan", "Kenya", "Norway", "Cuba"]


def _prompts(count: int) -> list[list[PromptMessage]]:
    return [[SYSTEM, say(f"What is the capital of {PLACES[n % 6]}, country number {n}?")] for n in range(count)]


def test_answers_are_those_given_one_by_one(shared: Engine) -> None:
    prompts = _prompts(5)
    for sampling in (Sampling(max_tokens=6, lookup=False), Sampling(max_tokens=4, temperature=1.0, lookup=False)):
        found = shared.generate_many(prompts, sampling, width=4)
        alone = [shared.generate(prompt, sampling, lambda _: None) for prompt in prompts]
        assert [answer.text for answer in found.answers] == [answer.text for answer in alone]
        assert [answer.stop for answer in found.answers] == [answer.stop for answer in alone]
    assert all(answer.reused_tokens > 40 for answer in found.answers)
    assert found.conditions["width"] == 4
    assert found.conditions["lookup"] is False
    assert found == shared.generate_many(prompts, sampling, width=4) or found.seconds


def test_answers_that_end_while_others_are_still_read_are_whole(tmp_path: Path, make_engine: EngineMaker) -> None:
    """As on a GPU, where the prompts of all are read together: some end before the last one has been read."""
    student = tiny_gguf.write(tmp_path / "tiny.gguf", context=4096)
    child = [sys.executable, str(Path(__file__).with_name("pretending_child.py")), "reads"]
    together = make_engine(student, settings={"gpu_layers": 0}, command=child)
    prompts = [[say(f"{n}. {'salt ' * (10 + 60 * n)}")] for n in range(6)]
    for tokens in (1, 2):
        found = together.generate_many(prompts, Sampling(max_tokens=tokens, lookup=False), width=6)
        assert [answer.answer_tokens <= tokens for answer in found.answers] == [True] * 6
        assert {answer.stop for answer in found.answers} <= {"length", "end"}


def test_each_answer_is_told_once_when_it_is_done(shared: Engine) -> None:
    told: list[tuple[int, Generation]] = []
    found = shared.generate_many(
        _prompts(5), Sampling(max_tokens=6), width=2, on_done=lambda number, answer: told.append((number, answer))
    )
    assert sorted(number for number, _ in told) == [0, 1, 2, 3, 4]
    assert all(found.answers[number] is answer for number, answer in told)


def test_stop_strings_grammars_and_refusals_are_each_answers_own(shared: Engine) -> None:
    prompts = [*_prompts(2), [say("word " * 5000)]]
    cut = shared.generate_many(prompts, Sampling(max_tokens=30, stop=("capital",)), width=3).answers
    assert "capital" not in cut[0].text
    assert cut[0].stop == "stop"
    assert cut[2].stop == "refused"
    assert cut[2].problem.startswith("The prompt has")
    held = shared.generate_many(prompts[:2], Sampling(max_tokens=30, grammar='root ::= "{" [a-z]{3} "}"'), width=2)
    assert all(len(answer.text) == 5 for answer in held.answers)
    with pytest.raises(ForgeError, match="The grammar for the answer cannot be used"):
        shared.generate_many(prompts, Sampling(grammar="root ::= ("))
    assert shared.generate_many([], Sampling()).answers == ()


def test_a_small_context_is_waited_for(make_engine: EngineMaker, tiny: Path) -> None:
    """More than there is room for at once, and answers that fill the context."""
    engine = make_engine(tiny, settings={"context_tokens": 512})
    prompts = [[say("x" * length)] for length in (10, 400, 30, 440, 390, 700, 20, 440, 5, 60, 70, 450)]
    answers = engine.generate_many(prompts, Sampling(max_tokens=300), width=12).answers
    assert [answer.stop == "refused" for answer in answers] == [len(p[0].parts[0].text) == 700 for p in prompts]
    for answer in answers:
        assert answer.prompt_tokens + answer.answer_tokens <= 512


def test_a_batch_is_cancelled_and_what_was_written_is_kept(shared: Engine) -> None:
    done: list[int] = []

    def check() -> None:
        if done:
            raise Cancelled

    prompts = [[say("Count to one hundred.")], [say("Say no.")]] * 4
    sampling = Sampling(max_tokens=400, grammar='root ::= [a-z ]{300} | "no"', lookup=False)
    found = shared.generate_many(prompts, sampling, width=4, on_done=lambda number, _: done.append(number), check=check)
    assert {answer.stop for answer in found.answers} <= {"end", "cancelled", "length"}
    assert "cancelled" in {answer.stop for answer in found.answers}


def test_a_death_keeps_what_was_finished(make_engine: EngineMaker, tiny: Path, expect_log) -> None:
    expect_log("the engine child")
    engine = make_engine(tiny)

    def kill(_number: int, _answer: Generation) -> None:
        os.kill(engine.pid, signal.SIGKILL)  # type: ignore[arg-type]

    prompts = [[say("x" * number)] for number in range(1, 9)]
    found = engine.generate_many(prompts, Sampling(max_tokens=60), width=2, on_done=kill)
    assert found.problem
    assert {answer.stop for answer in found.answers} >= {"died"}
    assert engine.generate_many(prompts[:2], Sampling(max_tokens=3)).answers[0].stop == "length"


def test_a_batch_can_be_stored(shared: Engine) -> None:
    found = shared.generate_many(_prompts(1), Sampling(max_tokens=3))
    assert json.loads(json.dumps(dict(found.conditions))) == dict(found.conditions)


def test_a_persons_question_goes_first_and_changes_nothing(shared: Engine) -> None:
    prompts, sampling = _prompts(6), Sampling(max_tokens=10, lookup=False)
    alone = shared.generate_many(prompts, sampling, width=2)
    begun, done = threading.Event(), threading.Event()

    def work() -> Batch:
        found = shared.generate_many(prompts, sampling, width=2, background=True, on_done=lambda *_: begun.set())
        done.set()
        return found

    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(work)
        assert begun.wait(60)
        answer = shared.generate([say("Say hello.")], Sampling(max_tokens=5), lambda _: None)
        assert not done.is_set()
        assert answer.answer_tokens > 0
        assert [one.text for one in batch.result().answers] == [one.text for one in alone.answers]
