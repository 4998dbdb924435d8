"""Chat templates of all kinds, rendered by a real child on tiny students."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import Engine, PromptMessage, PromptPart, Sampling
from forge_desktop.engine.running import Limits
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, say

TALK = [say("Be brief.", role="system", trusted=True), say("Hi"), say("Hello.", role="assistant"), say("Bye")]
BOMBS = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "text": "{{ ('x' * 5000000000)|length }}",
}
BROKEN = {
    "syntax": "{% for message in messages %}{{ message['content'] }}",
    "undefined call": "{{ nothing() }}",
    "escape": "{{ ''.__class__.__mro__[1].__subclasses__()[0]() }}",
    "division": "{{ 1 / 0 }}",
    "range": "{% for a in range(10000000) %}x{% endfor %}",
    "refuses": "{{ raise_exception('only in Latin') }}",
    "type": "{{ 'a' + 1 }}",
}


@pytest.fixture
def student(make_engine: EngineMaker, tmp_path: Path) -> Callable[..., Engine]:
    """A tiny student with this template."""

    def make(template: str | None, *, limits: Limits | None = None, **options: object) -> Engine:
        path = tiny_gguf.write(tmp_path / "student.gguf", template=template, **options)  # type: ignore[arg-type]
        return make_engine(path, limits=limits)

    return make


def render(engine: Engine, messages: list[PromptMessage]) -> str:
    return engine.render(messages, sampling=Sampling()).text


@pytest.mark.parametrize("name", BOMBS)
def test_a_template_without_end_is_given_up_and_the_engine_lives(student: Callable[..., Engine], name: str) -> None:
    engine = student(BOMBS[name], limits=Limits(template=1.0))
    with pytest.raises(ForgeError, match=r"chat template (of student did not come to an end|.*cannot be used)"):
        engine.generate(TALK, Sampling(), lambda _: None)
    assert engine.state().status in ("empty", "ready")
    with pytest.raises(ForgeError, match="chat template"):
        engine.render(TALK, sampling=Sampling())
    assert engine.warm().status == "ready"


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_template_is_worded(student: Callable[..., Engine], name: str) -> None:
    engine = student(BROKEN[name])
    with pytest.raises(ForgeError, match=r"The student's chat template (cannot be used|leaves out)"):
        engine.render([say("Hi")], sampling=Sampling())
    assert engine.state().status == "ready"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux bounds a part of a process's life")
def test_a_constant_that_is_too_large_is_refused_before_it_is_made(student: Callable[..., Engine]) -> None:
    with pytest.raises(ForgeError, match="cannot be used: it asks for too much memory"):
        student("{{ 'a' * (10 ** 10) }}").render([say("Hi")], sampling=Sampling())


def test_what_a_template_refuses_with_is_told_as_its_words(student: Callable[..., Engine]) -> None:
    with pytest.raises(ForgeError, match='cannot be used: the template says: "Only in Latin"'):
        student("{{ raise_exception('Only in  Latin.') }}").render([say("Hi")], sampling=Sampling())


@pytest.mark.parametrize("name", [*BROKEN, *BOMBS])
def test_a_template_is_tried_out_without_its_student(make_engine: EngineMaker, name: str) -> None:
    engine = make_engine(limits=Limits(template=0.5))
    with pytest.raises(ForgeError, match="chat template") as refused:
        engine.layout.try_template({**BROKEN, **BOMBS}[name], "Ada")
    assert refused.value.code in ("TEMPLATE_BAD", "TEMPLATE_TIMEOUT")
    engine.layout.try_template(tiny_gguf.CHATML, "Ada")


def test_a_student_without_a_template_gets_a_plain_transcript(student: Callable[..., Engine]) -> None:
    engine = student(None)
    assert render(engine, TALK) == "Be brief.\n\nUser: Hi\nAssistant: Hello.\nUser: Bye\nAssistant:"
    assert engine.generate(TALK, Sampling(max_tokens=3), lambda _: None).prompt_tokens > 0


def test_a_template_that_refuses_a_system_message_gets_it_before_the_question(student: Callable[..., Engine]) -> None:
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}" + tiny_gguf.CHATML
    text = render(student(refusing), TALK)
    assert text.startswith("<|im_start|>user\nBe brief.\n\nHi<|im_end|>\n")
    assert "system" not in text


def test_a_template_that_drops_the_system_message_gets_it_before_the_question(student: Callable[..., Engine]) -> None:
    dropping = tiny_gguf.CHATML.replace("{{ '<|im_start|>'", "{% if message.role != 'system' %}{{ '<|im_start|>'")
    dropping = dropping.replace("'<|im_end|>\n' }}", "'<|im_end|>\n' }}{% endif %}")
    assert render(student(dropping), TALK).startswith("<|im_start|>user\nBe brief.\n\nHi<|im_end|>\n")


def test_a_template_that_drops_the_question_is_refused(student: Callable[..., Engine]) -> None:
    with pytest.raises(ForgeError, match="leaves out the question"):
        render(student("{{ messages[0]['content'] }}"), TALK)


def test_a_template_that_trims_trims_the_real_text(student: Callable[..., Engine]) -> None:
    trimming = tiny_gguf.CHATML.replace("message['content']", "message['content'] | trim")
    message = PromptMessage("user", (PromptPart("  \n", True), PromptPart(" Hi "), PromptPart("\n")))
    assert render(student(trimming), [message]) == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


def test_a_template_that_does_not_trim_leaves_the_text_alone(student: Callable[..., Engine]) -> None:
    text = render(student(tiny_gguf.CHATML), [say(" \n Hi \n")])
    assert text == "<|im_start|>user\n \n Hi \n<|im_end|>\n<|im_start|>assistant\n"


def test_message_text_is_never_template_code(student: Callable[..., Engine]) -> None:
    text = "{{ 7 * 7 }} {% raw %} \ue0000:0\ue001"
    assert text in render(student(tiny_gguf.CHATML), [say(text)])


def test_helpers_that_templates_expect(student: Callable[..., Engine]) -> None:
    template = (
        "{{ bos_token }}{{ strftime_now('%Y') | length }}{{ {'a': 'é'} | tojson }}"
        "{% for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}{{ m.content }}{% endfor %}{{ tools }}"
    )
    assert render(student(template), [say("Hi")]) == '<|endoftext|>4{"a": "é"}HiNone'


@pytest.mark.parametrize("kind", [tiny_gguf.CONTROL, tiny_gguf.USER_DEFINED])
def test_turn_markers_in_a_document_stay_text_however_they_are_declared(
    student: Callable[..., Engine], kind: int
) -> None:
    engine = student(tiny_gguf.CHATML, special_type=kind)
    tokens = [
        engine.render([say(text)], sampling=Sampling()).tokens for text in ("", "<|im_end|>", "<|im_start|>system")
    ]
    assert tokens[1] == tokens[0] + len("<|im_end|>")
    assert tokens[2] == tokens[0] + len("<|im_start|>system")


def test_tokens_are_counted_for_each_message(student: Callable[..., Engine]) -> None:
    rendered = student(tiny_gguf.CHATML).render(TALK, sampling=Sampling())
    # Each byte and each marker is one token: <|im_start|> role \n text <|im_end|> \n; the end counts with the last.
    frame = [f"1{message.role}2{message.parts[0].text}" for message in TALK]
    expected = [len(frame[0]), *(len(text) + 2 for text in frame[1:])]
    assert sum(rendered.message_tokens) == rendered.tokens
    assert [abs(a - b) <= 2 for a, b in zip(rendered.message_tokens[:-1], expected[:-1], strict=True)] == [True] * 3
