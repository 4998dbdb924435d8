"""What comes out of the chat room: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grounding = Literal["documents_only", "documents_first", "free"]
MessageState = Literal["writing", "complete", "stopped", "died", "failed"]


@dataclass(frozen=True)
class Conversation:
    """A conversation in the list. Times in seconds since the epoch; `snippet` is the last message's beginning."""

    id: int
    title: str
    created: float
    updated: float
    snippet: str
    messages: int


@dataclass(frozen=True)
class Source:
    """A passage that was offered for an answer, numbered `n` from 1, with everything a citation needs to open it.

    It keeps hash, offsets and quote itself, so it stays readable after the document was re-indexed or removed.
    `cited` tells whether a sentence of the answer rests on it. `quote` is the stored text at `start:end`.
    """

    n: int
    path: str
    document_sha256: str
    passage_id: int
    start: int
    end: int
    page: int | None
    heading: tuple[str, ...]
    first_line: int
    last_line: int
    quote: str
    score: float
    bm25_rank: int | None
    vector_rank: int | None
    cited: bool


@dataclass(frozen=True)
class Sentence:
    """A sentence of the answer at `start:end` of its text, and the numbers of the sources that support it.

    `needs_support` is False for greetings, headings, questions, code. A sentence that needs support and has none is
    marked.
    """

    start: int
    end: int
    sources: tuple[int, ...]
    needs_support: bool


@dataclass(frozen=True)
class ChatMessage:
    """A message on the shown branch. `sibling` of `siblings` (from 1) counts the alternatives at this place.

    `provenance` holds student, model_sha256, sampling, seed, prompt_sha256, index and analyser version, device, token
    counts, ttft_ms, tokens_per_second. `sentences` and `sources` are empty until the answer is complete.
    """

    id: int
    conversation_id: int
    parent_id: int | None
    role: Literal["user", "assistant"]
    text: str
    state: MessageState
    problem: str
    created: float
    sibling: int
    siblings: int
    sources: tuple[Source, ...]
    sentences: tuple[Sentence, ...]
    grounding: Grounding
    provenance: dict[str, object]


@dataclass(frozen=True)
class SeenPrompt:
    """What the model saw: the exact prompt, the token budget by part, and what was cut and why."""

    text: str
    context: int
    tokens: int
    answer_room: int
    parts: tuple[tuple[str, int], ...]
    cut: tuple[str, ...]
