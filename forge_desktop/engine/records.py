"""What goes into and comes out of the engine: plain frozen values."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, Literal

StopReason = Literal["end", "length", "stop", "cancelled", "died", "refused"]


class Own(enum.Enum):
    """In place of an adapter: the one that the student in use has on, or none if it has none."""

    OWN = "own"


OWN: Final = Own.OWN


@dataclass(frozen=True)
class AdapterSpec:
    """A LoRA adapter: a GGUF file by path and sha256 (64 hex digits), and how strongly it counts."""

    path: str
    sha256: str
    scale: float = 1.0


@dataclass(frozen=True)
class StudentSpec:
    """Which student to run: a GGUF file by path and sha256 (64 hex digits), and the name people see.

    With `pooling` ("mean", "cls", "last") it does not chat: it turns texts into vectors. `adapter` is what it has on;
    `label` is the version's, for people.
    """

    name: str
    path: str
    sha256: str
    pooling: str = ""
    adapter: AdapterSpec | None = None
    label: str = ""


@dataclass(frozen=True)
class ModelHeader:
    """What a GGUF header says. `context` in tokens, `file_bytes` on disk; `template` is the chat template's source.

    `sampling` is what the file recommends (`general.sampling.*`), by llama.cpp's names.
    """

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
    sampling: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class PromptPart:
    """A piece of one message. Untrusted parts (documents, questions) are tokenised without special tokens.

    `tokens` are those an earlier answer was sampled as: they stand for its text, which tokenised anew could differ.
    """

    text: str
    trusted: bool = False
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True)
class PromptMessage:
    """One chat message: role "system", "user" or "assistant", and its parts in order."""

    role: str
    parts: tuple[PromptPart, ...]


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen. temperature 0 is greedy; `seed` makes a draw repeatable.

    The values are llama.cpp's, by its names; the defaults of penalties, DRY, XTC and mirostat leave them off.
    `grammar` is GBNF, `schema` a JSON schema as JSON text; at most one of them. `think_tokens` is how long a thinking
    model may think: -1 without limit, 0 not at all. `lookup` allows prompt-lookup decoding, which can change an answer
    by the rounding of other batch shapes: off where answers are compared.
    """

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    typical_p: float = 1.0
    repeat_penalty: float = 1.0
    repeat_last: int = 64
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed: int = 2
    dry_range: int = -1
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    mirostat: int = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    seed: int = 1
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    grammar: str = ""
    schema: str = ""
    think_tokens: int = -1
    lookup: bool = True


@dataclass(frozen=True)
class RenderedPrompt:
    """The exact prompt: text after the chat template, tokens in all, of each message, context length.

    `special` are the places (start, end) in the text that are read as special tokens, where they were asked for.
    `thinks` tells a student that may think before it answers.
    """

    text: str
    sha256: str
    tokens: int
    message_tokens: tuple[int, ...]
    context: int
    special: tuple[tuple[int, int], ...] = ()
    thinks: bool = False


@dataclass(frozen=True)
class Generation:
    """A finished (or stopped, or cut off) answer and how it came about. Times in milliseconds.

    `stop` is "died" when the child died in the middle: `text` then holds what had arrived and `problem` one sentence.
    `thinking` is what a thinking model wrote before its answer, which `text` alone holds. `tokens` are the sampled ones
    when they spell exactly the text, else none. `restored_tokens` of the reused ones came from a file; `drafted` tokens
    were guessed from the prompt, `accepted` of them were right.

    A remote student's answer names its `endpoint` by name and `origin`, and what it cost in micro-dollars; `reused`
    tells that it had been paid for before, and cost nothing now. `adapter_sha256` and `scale` tell the adapter that it
    was written with ("": none), `label` the version.
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
    thinking: str = ""
    tokens: tuple[int, ...] = ()
    prompt_tokens_per_second: float = 0.0
    restored_tokens: int = 0
    drafted: int = 0
    accepted: int = 0
    endpoint: str = ""
    origin: str = ""
    cost: int | None = None
    reused: bool = False
    adapter_sha256: str = ""
    scale: float = 1.0
    label: str = ""


@dataclass(frozen=True)
class EngineState:
    """What the status bar says. `device` names where layers were counted ("CPU", "Vulkan0 · 31/31 layers").

    `path` is the file of the student in use. `remote` is the host that answers, "" while the student is on this
    computer. `adapter_sha256`, `scale` and `label` are those of the version in use.
    """

    status: str
    model: str | None
    model_sha256: str | None
    device: str | None
    context: int | None
    tokens_per_second: float | None
    note: str = ""
    path: str = ""
    remote: str = ""
    adapter_sha256: str = ""
    scale: float = 1.0
    label: str = ""


@dataclass(frozen=True)
class Crash:
    """A student that is not loaded by itself any more: its file, why (continues "its process …"), epoch seconds."""

    path: str
    what: str
    noted: float
