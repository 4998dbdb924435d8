"""Students that think: what is thought and what is said, budgets, and students that only talk about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.engine import Engine, Sampling
from forge_desktop.engine.child.thinking import Governor
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, say


class _Bytes:
    """A tokeniser whose tokens are bytes; `marks` are tokens of their own, silent like control tokens."""

    def __init__(self, marks: Sequence[str] = ()) -> None:
        self._marks = list(marks)

    def encode(self, spans: Sequence[Any]) -> tuple[list[int], list[int]]:
        text, tokens = spans[0].text, []
        while text:
            mark = next((mark for mark in self._marks if text.startswith(mark)), "")
            tokens += [256 + self._marks.index(mark)] if mark else list(text[0].encode())
            text = text[len(mark or text[0]) :]
        return tokens, []

    def piece(self, token: int, *, special: bool = False) -> bytes:
        return bytes([token]) if token < 256 else self._marks[token - 256].encode() if special else b""


def _model(template: str, marks: Sequence[str] = ()) -> Any:
    return SimpleNamespace(template=SimpleNamespace(source=template, plain=False), tokeniser=_Bytes(marks))


def _read(model: Any, text: str, prompt: str = "", **sampling: Any) -> tuple[str, str, Governor]:
    """(thought, answer, governor) after `text`, each byte or mark of it a token; forced tokens take their turn."""
    spans = [SimpleNamespace(text=text)]
    governor = Governor(Sampling(**sampling), model, model.tokeniser.encode([SimpleNamespace(text=prompt)])[0])
    governor.begin()
    waiting, forced, parts = model.tokeniser.encode(spans)[0], [], {"thinking": "", "answer": ""}
    while (forced or waiting) and not governor.stopped:
        token = (forced or waiting).pop(0)
        governor.hear(token, model.tokeniser.piece(token))
        forced += governor.after(token)
    governor.finish()
    for piece, part in governor.take():
        parts[part] += piece
    return parts["thinking"], parts["answer"], governor


THINKER = _model("{{ '<think>' }}")
CONTROL = _model("… <|START_THINKING|> …", ["<|START_THINKING|>", "<|END_THINKING|>"])
TALK = "<b>No</b> thought, but I know <think> and </think>."
OPENED = "<|channel|>analysis<|message|>"
CHANNELS = _model("<|channel|>analysis<|message|>", ["<|channel|>", "<|message|>", "<|end|>", "<|start|>"])


@pytest.mark.parametrize(
    ("model", "prompt", "text", "thought", "answer"),
    [
        (THINKER, "", "<think>\nWell, é…\n</think>\n\nYes ü.", "Well, é…", "Yes ü."),
        (THINKER, "Hi<think>\n", "Hm.</think>Yes.", "Hm.", "Yes."),
        (THINKER, "<think>\n\n</think>\n\n", "Yes.", "", "Yes."),
        (THINKER, "", "\n <think></think>Yes.", "", "Yes."),
        (THINKER, "", TALK, "", TALK),
        (THINKER, "", "<think>a</think>The tag is <think>, not </think>.", "a", "The tag is <think>, not </think>."),
        (THINKER, "", "<thi", "", "<thi"),
        (THINKER, "", "  spaces stay", "", "  spaces stay"),
        (_model("{{ messages }}"), "", "<think>no thinker</think>", "", "<think>no thinker</think>"),
        (_model("", ["<think>", "</think>"]), "", "<think>in words</think>Yes", "in words", "Yes"),
        (CONTROL, "", "<|START_THINKING|>a<|END_THINKING|>b", "a", "b"),
        (CHANNELS, "", f"{OPENED}a<|end|><|start|>assistant<|channel|>final<|message|>b", "a", "b"),
        (CHANNELS, "", "<|channel|>final<|message|>b", "", "b"),
    ],
)  # fmt: skip
def test_the_thought_is_told_from_the_answer(model: Any, prompt: str, text: str, thought: str, answer: str) -> None:
    found = _read(model, text, prompt)
    assert found[:2] == (thought, answer)
    assert not found[2].unfinished


@given(st.text("<think>/ \nüa", max_size=60))
def test_nothing_is_lost(text: str) -> None:
    """Whatever an answer holds, its words come out, the marks and the space around them aside."""
    thought, answer, _ = _read(THINKER, text)
    assert "".join(answer.split()) in "".join(text.split())
    if not text.lstrip().startswith("<think>"):
        assert (thought, answer.strip()) == ("", text.strip())
    else:
        bare = text.lstrip().removeprefix("<think>")
        assert "".join((thought + answer).split()) == "".join(bare.replace("</think>", "", 1).split())


def test_stop_strings_end_only_the_answer() -> None:
    thought, answer, governor = _read(THINKER, "<think>a STOP b</think>c STOP d", stop=("STOP",))
    assert (thought, answer, governor.stopped) == ("a STOP b", "c ", True)


@pytest.mark.parametrize(
    ("model", "opens"), [(THINKER, "<think>"), (CONTROL, "<|START_THINKING|>"), (CHANNELS, OPENED)]
)
def test_the_budget_closes_the_thought(model: Any, opens: str) -> None:
    thought, answer, governor = _read(model, f"{opens}abcdefgh", think_tokens=3)
    assert (thought, answer, governor.unfinished) == ("abc", "defgh", False)
    assert _read(model, f"{opens}abcdefgh", think_tokens=0)[:2] == ("", "abcdefgh")
    assert _read(model, "abcdefgh", opens, think_tokens=0)[:2] == ("", "abcdefgh")


def test_an_unfinished_thought_is_one() -> None:
    thought, answer, governor = _read(THINKER, "<think>and then, </thin")
    assert (thought, answer, governor.unfinished) == ("and then, </thin", "", True)
    assert _read(THINKER, "<think>a</think>\n")[2].unfinished
    assert not _read(THINKER, "just words")[2].unfinished


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny student whose template opens the thought; it thinks nonsense and never ends."""
    template = tiny_gguf.CHATML.replace("assistant\n'", "assistant\n<think>\n'")
    return tiny_gguf.write(tmp_path_factory.mktemp("thinker") / "thinker.gguf", template=template)


@pytest.fixture
def ask(make_engine: EngineMaker, thinker: Path) -> Callable[..., Any]:
    """Asks the tiny thinker; gives the answer and what was told of the thought and of the answer."""
    engine: Engine = make_engine(thinker)

    def answer(**sampling: Any) -> tuple[Any, str, str]:
        texts: list[str] = []
        thoughts: list[str] = []
        found = engine.generate([say("Hi")], Sampling(**sampling), texts.append, on_thinking=thoughts.append)
        return found, "".join(thoughts), "".join(texts)

    return answer


def test_a_student_thinks_within_its_budget_and_then_answers(ask: Callable[..., Any]) -> None:
    found, thought, text = ask(max_tokens=40, think_tokens=9)
    assert found.thinking == thought
    assert thought
    assert found.text == text
    assert "think>" not in text + thought
    found, thought, _ = ask(max_tokens=20, think_tokens=0)
    assert (found.thinking, thought) == ("", "")
    assert found.text


def test_a_thought_that_does_not_end_is_said(ask: Callable[..., Any]) -> None:
    found, thought, text = ask(max_tokens=12)
    assert (found.stop, text, found.text) == ("length", "", "")
    assert thought
    assert found.problem.startswith("The student was still thinking when its answer ended.")


def test_a_grammar_holds_for_the_answer_and_not_for_the_thought(ask: Callable[..., Any]) -> None:
    found, thought, text = ask(max_tokens=60, think_tokens=8, grammar='root ::= "yes" | "no"')
    assert thought.strip() not in ("yes", "no")
    assert text in ("yes", "no")
    assert found.stop == "end"
