"""The GGUF's chat template, rendered so that no message text can ever pass as template text.

Jinja sees only placeholders where the messages' words belong. What comes back is a list of spans: the template's own
text, which may hold special tokens, and the messages' parts, which may not unless they are trusted.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
import jinja2.ext
import jinja2.sandbox

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child.machine import bounded_memory
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import PromptMessage

# A model without a template gets this plain transcript; PLAIN_STOP ends its turn.
PLAIN = (
    "{% for message in messages %}"
    "{% if message.role == 'system' %}{{ message.content }}\n\n"
    "{% elif message.role == 'user' %}User: {{ message.content }}\n"
    "{% else %}Assistant: {{ message.content }}\n{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
PLAIN_STOP = "\nUser:"

_EDGE = "\u2003"  # an em space on both sides of each placeholder shows whether the template trims its messages
_LONGEST = 32 * 1024 * 1024
_BROKEN = (
    jinja2.TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
)


@dataclass(frozen=True)
class Span:
    """A piece of the rendered prompt. `message` is the index of the message it belongs to.

    `tokens` are those it was once sampled as: they count while they still spell the text.
    """

    text: str
    message: int
    trusted: bool
    tokens: tuple[int, ...] = ()


class ChatTemplate:
    """One model's template, compiled in a sandbox. A template that never ends is the parent's to kill."""

    def __init__(self, source: str, *, bos: str, eos: str) -> None:
        self.source = source
        self.plain = not source.strip()
        self._names = {"bos_token": bos, "eos_token": eos}
        environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
        with _worded():  # Jinja computes constants when it compiles
            self._template = environment.from_string(PLAIN if self.plain else source)

    def render(self, messages: Sequence[PromptMessage]) -> list[Span]:
        """The prompt as spans, ready for the answer. Raises ForgeError when the template refuses or fails."""
        groups = [[index] for index in range(len(messages))]
        system_first = len(messages) > 1 and messages[0].role == "system" and messages[1].role == "user"
        try:
            spans = self._render(messages, groups)
        except ForgeError:
            if not system_first:
                raise
            spans = []
        if system_first and not _holds(spans, messages, 0):
            # Some templates refuse a system message, others drop it without a word: put it before the question.
            spans = self._render(messages, [[0, 1], *groups[2:]])
        if messages and not _holds(spans, messages, len(messages) - 1):
            raise trouble("TEMPLATE_BAD.question")
        return spans

    def _render(self, messages: Sequence[PromptMessage], groups: list[list[int]]) -> list[Span]:
        nonce = "".join(secrets.choice("0123456789") for _ in range(20))
        marked = [
            {
                "role": messages[group[-1]].role,
                "content": "\n\n".join(
                    f"{_EDGE}\ue000{nonce}:{index}\ue001{_EDGE}" if _text(messages[index]) else "" for index in group
                ),
            }
            for group in groups
        ]
        with _worded():
            text = self._template.render(messages=marked, add_generation_prompt=True, tools=None, **self._names)
        if len(text) > _LONGEST:
            raise _unusable(ValueError("it writes too much text"))
        return _spans(text, nonce, messages)


def _spans(text: str, nonce: str, messages: Sequence[PromptMessage]) -> list[Span]:
    pattern = re.compile(f"({_EDGE}?)\ue000{nonce}:(\\d+)\ue001({_EDGE}?)")
    spans: list[Span] = []
    place, last = 0, max(0, len(messages) - 1)
    for found in pattern.finditer(text):
        index = int(found[2])
        spans.append(Span(text[place : found.start()], index, trusted=True))
        spans += _message_spans(messages[index], index, trim_start=not found[1], trim_end=not found[3])
        place = found.end()
    spans.append(Span(text[place:], last, trusted=True))
    return [span for span in spans if span.text]


def _message_spans(message: PromptMessage, index: int, *, trim_start: bool, trim_end: bool) -> list[Span]:
    texts = [part.text for part in message.parts]
    places = range(len(texts))
    for order, trim, strip in ((places, trim_start, str.lstrip), (places[::-1], trim_end, str.rstrip)):
        for place in order if trim else ():
            texts[place] = strip(texts[place])
            if texts[place]:
                break
    return [
        Span(text, index, trusted=part.trusted, tokens=part.tokens)
        for text, part in zip(texts, message.parts, strict=True)
    ]


def _holds(spans: Sequence[Span], messages: Sequence[PromptMessage], index: int) -> bool:
    wanted = {part.text.strip() for part in messages[index].parts} - {""}
    return not wanted or any(span.message == index and span.text.strip() in wanted for span in spans)


def _text(message: PromptMessage) -> str:
    return "".join(part.text for part in message.parts)


class _Refused(jinja2.TemplateError):
    """The template's own words, by raise_exception."""


def _refuse(message: object = "") -> None:
    raise _Refused(str(message))


@contextlib.contextmanager
def _worded() -> Iterator[None]:
    """Within, memory is bounded, and what goes wrong in a template is a ForgeError."""
    try:
        with bounded_memory():
            yield
    except MemoryError as error:
        raise _unusable(ValueError("it asks for too much memory")) from error
    except _BROKEN as error:
        raise _unusable(error) from error


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _unusable(error: Exception) -> ForgeError:
    reason = " ".join(str(error).split())[:200].rstrip(".")
    if isinstance(error, _Refused):
        reason = f'the template says: "{reason}"' if reason else "it refuses the conversation"
    reason = reason or type(error).__name__
    return trouble("TEMPLATE_BAD", reason=reason)
