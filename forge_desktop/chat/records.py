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
class Part:
    """A passage within a source, at `start:end` of the stored text; `found` by the search, or a neighbour of that."""

    passage_id: int
    start: int
    end: int
    page: int | None
    found: bool


@dataclass(frozen=True)
class Source:
    """A passage that was offered for an answer, with everything a citation needs to open it.

    `n` counts from 1 within the conversation: a passage keeps its number in follow-ups, so the numbers of one message
    may have gaps; look a source up by `n`, never by position. It keeps hash, offsets and quote itself, so it stays
    readable after the document was re-indexed or removed. `cited` tells whether a sentence of the answer rests on it.
    `quote` is the stored text at `start:end`: the supporting sentences when cited, else what the search found.

    What the student read may be wider: neighbouring passages of the same section, which are `parts` then, in order.
    `page` and `passage_id` are those of `start`.
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
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Sentence:
    """A sentence of the answer at `start:end` of its text, and the numbers of the sources that support it.

    The text itself carries no "[1]": whoever shows it puts the numbers of `sources` behind each sentence.
    `needs_support` is False for greetings, headings, questions, code. A sentence that needs support
    and has none is marked.
    """

    start: int
    end: int
    sources: tuple[int, ...]
    needs_support: bool


@dataclass(frozen=True)
class ChatMessage:
    """A message on the shown branch. `sibling` of `siblings` (from 1) counts the alternatives at this place.

    An answer's `text` is, while it is being written, what the student writes; once it has ended, that text without
    the numbers in brackets that the student wrote: offsets in `sentences` count in it. `sources` are there as soon as
    passages were chosen, `cited` and `sentences` when the answer has ended. `problem` is one sentence: why a "failed"
    or "died" answer ended, or what a "complete" one wants known (no student could answer, it was cut).

    `collections` are the uids of those it was asked in, none for all documents. `thinking` is what a thinking student
    wrote before its answer. `summary` stands with a question from which on it takes the place of all turns before it.

    `provenance` holds student (None when no student answered), model_sha256, version (its label), version_uid,
    adapter_sha256, scale (of its adapter), sampling, preset, seed, prompt_sha256,
    index, analyser and embedder version, device, prompt_tokens, reused_tokens, restored_tokens, answer_tokens, drafted,
    accepted, ttft_ms, thought_ms, prompt_tokens_per_second, tokens_per_second, stop, passages_offered, retrieval_query,
    evidence, collections (names), not_found (True where nothing was found), cut (notices of what did not fit), noticed
    (those of them that are new with this answer), grounded {sentences, supported}, error {message, hint, code, action}
    (there only where an error kept the student from answering); of a remote student also endpoint, origin, cost_usd and
    paid_before (the same had been asked and paid before), kept_back (names of documents that were not sent to it).
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
    collections: tuple[str, ...] = ()
    thinking: str = ""
    summary: str = ""


@dataclass(frozen=True)
class SeenPrompt:
    """What the model saw: the exact prompt, the token budget by part, and what was cut and why.

    `collections` are the names of those that were searched, none for all documents; `added` says what was put in beside
    the passages found.
    """

    text: str
    context: int
    tokens: int
    answer_room: int
    parts: tuple[tuple[str, int], ...]
    cut: tuple[str, ...]
    collections: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
