"""What goes into and comes out of the engine: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StopReason = Literal["end", "length", "stop", "cancelled", "died"]


@dataclass(frozen=True)
class StudentSpec:
    """Which student to run: a GGUF file by path and sha256 (64 hex digits), and the name people see."""

    name: str
    path: str
    sha256: str


@dataclass(frozen=True)
class ModelHeader:
    """What a GGUF header says. `context` in tokens, `file_bytes` on disk; `template` is the chat template's source."""

    architecture: str
    name: str
    parameters: int
    quantisation: str
    context: int
    layers: int
    vocabulary: int
    template: str
    file_bytes: int
    gguf_version: int


@dataclass(frozen=True)
class PromptPart:
    """A piece of one message. Untrusted parts (documents, questions) are tokenised without special tokens."""

    text: str
    trusted: bool = False


@dataclass(frozen=True)
class PromptMessage:
    """One chat message: role "system", "user" or "assistant", and its parts in order."""

    role: str
    parts: tuple[PromptPart, ...]


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen. temperature 0 is greedy; `seed` makes a draw repeatable."""

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    seed: int = 1
    max_tokens: int = 512
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class RenderedPrompt:
    """The exact prompt: text after the chat template, tokens in all, of each message, context length."""

    text: str
    sha256: str
    tokens: int
    message_tokens: tuple[int, ...]
    context: int


@dataclass(frozen=True)
class Generation:
    """A finished (or stopped, or cut off) answer and how it came about. Times in milliseconds.

    `stop` is "died" when the child died in the middle: `text` then holds what had arrived and `problem` one sentence.
    """

    text: str
    stop: StopReason
    prompt_tokens: int
    reused_tokens: int
    answer_tokens: int
    ttft_ms: float
    tokens_per_second: float
    model: str
    model_sha256: str
    device: str
    prompt_sha256: str
    seed: int
    problem: str = ""


@dataclass(frozen=True)
class EngineState:
    """What the status bar says. `device` names where layers were counted ("CPU", "Vulkan0 · 31/31 layers")."""

    status: str
    model: str | None
    model_sha256: str | None
    device: str | None
    context: int | None
    tokens_per_second: float | None
    note: str = ""
