"""A prompt and its sampling as a remote endpoint is asked, and what it answered as a local student's would be told."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from forge_desktop.engine.answer import UNFINISHED
from forge_desktop.engine.records import Generation, PromptMessage, Sampling, StopReason
from forge_desktop.providers.addresses import is_loopback, origin
from forge_desktop.providers.records import ChatRequest, Endpoint, PaidAnswer, Turn

# What a server could read as the end of a message if it looks for such words in what people and documents say.
_CONTROL = re.compile(r"<(?=\||/?s>|(?:start|end)_of_turn>|(?:b|e)os>)|\[(?=/?(?:INST|SYSTEM_PROMPT)\])")
_BREAK = "\u200b"

# Values that no wire carries, by the names people know them by. They are said when they are not what they always are.
_UNSENT = {
    "typical_p": "typical p",
    "repeat_penalty": "repeat penalty",
    "frequency_penalty": "frequency penalty",
    "presence_penalty": "presence penalty",
    "dry_multiplier": "DRY",
    "xtc_probability": "XTC",
    "mirostat": "mirostat",
    "grammar": "grammar",
}
_UNSENT_WHEN_DRAWN = {"top_k": "top k", "min_p": "min p"}  # without effect on the likeliest word
_PLAIN = Sampling()


def host_of(endpoint: Endpoint) -> str:
    """The host that is asked."""
    return urlsplit(endpoint.url).hostname or endpoint.url


def origin_of(endpoint: Endpoint) -> str:
    """Scheme, host and port: who reads what is sent."""
    return origin(endpoint.url)


def leaves(endpoint: Endpoint) -> bool:
    """Whether what is sent there goes to another machine."""
    return not is_loopback(host_of(endpoint))


def text_of(message: PromptMessage) -> str:
    """A message as it is sent. What is not ours cannot spell the marks that end a message."""
    return "".join(
        part.text if part.trusted else _CONTROL.sub(lambda found: found[0] + _BREAK, part.text)
        for part in message.parts
    )


def request_of(
    endpoint: Endpoint, messages: Sequence[PromptMessage], sampling: Sampling, room: int
) -> tuple[ChatRequest, str]:
    """The request for an answer of at most `room` tokens, and a sentence about what could not be asked for, or ""."""
    drawn = sampling.temperature > 0
    request = ChatRequest(
        messages=tuple(Turn(message.role, text_of(message)) for message in messages),
        max_tokens=max(1, min(sampling.max_tokens, room)),
        temperature=sampling.temperature,
        top_p=sampling.top_p if drawn and sampling.top_p != _PLAIN.top_p else None,
        seed=sampling.seed if drawn else None,
        ends=sampling.stop,
        schema=sampling.schema,
    )
    names = {**_UNSENT, **(_UNSENT_WHEN_DRAWN if drawn else {})}
    left = [words for key, words in names.items() if getattr(sampling, key) != getattr(_PLAIN, key)]
    if sampling.think_tokens > 0:
        left.append("length of thinking")
    return request, f"{endpoint.name} was not told of {_listed(left)}: it knows no such choice." if left else ""


class Heard:
    """What arrives of one answer, told on as it comes; its record at the end."""

    def __init__(
        self,
        endpoint: Endpoint,
        seed: int,
        problem: str,
        on_text: Callable[[str], None],
        on_thinking: Callable[[str], None],
    ) -> None:
        self._endpoint, self._seed, self._problem = endpoint, seed, problem
        self._on_text, self._on_thinking = on_text, on_thinking
        self._started = time.monotonic()
        self._first = 0.0
        self.text = self.thinking = ""

    def take(self, text: str) -> None:
        """A piece of the answer."""
        self._first = self._first or time.monotonic()
        self.text += text
        self._on_text(text)

    def think(self, text: str) -> None:
        """A piece of what is thought before it."""
        self._first = self._first or time.monotonic()
        self.thinking += text
        self._on_thinking(text)

    def cut(self, stop: StopReason, problem: str = "") -> Generation:
        """What had arrived when it ended early."""
        first = self._first or time.monotonic()
        return Generation(
            text=self.text,
            stop=stop,
            prompt_tokens=0,
            reused_tokens=0,
            answer_tokens=0,
            ttft_ms=1000 * (first - self._started),
            tokens_per_second=0.0,
            model=self._endpoint.name,
            model_sha256="",
            device=f"remote: {host_of(self._endpoint)}",
            prompt_sha256="",
            seed=self._seed,
            problem=problem,
            thinking=self.thinking,
            endpoint=self._endpoint.name,
            origin=origin_of(self._endpoint),
        )

    def whole(self, paid: PaidAnswer) -> Generation:
        """The whole answer; pieces that came only with its end are told now."""
        if paid.thinking and not self.thinking:
            self.think(paid.thinking)
        if paid.text and not self.text:
            self.take(paid.text)
        usage, first = paid.usage, paid.first_token_milliseconds
        writing = (paid.milliseconds - (first or 0.0)) / 1000
        problem = UNFINISHED if paid.stop == "length" and self.thinking and not paid.text.strip() else self._problem
        return dataclasses.replace(
            self.cut(paid.stop if paid.stop in ("length", "stop", "cancelled", "refused") else "end"),  # type: ignore[arg-type]
            text=paid.text,
            thinking=paid.thinking or self.thinking,
            prompt_tokens=usage.input if usage else 0,
            reused_tokens=usage.cached if usage else 0,
            answer_tokens=usage.output if usage else 0,
            ttft_ms=first if first is not None else paid.milliseconds,
            tokens_per_second=usage.output / writing if usage and writing > 0 and not paid.reused else 0.0,
            prompt_sha256=paid.request_sha256,
            problem=problem,
            cost=0 if paid.reused else paid.cost,
            reused=paid.reused,
        )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
