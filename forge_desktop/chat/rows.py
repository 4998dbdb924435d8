"""Rows of the chat's tables turned into plain values, and the text forms that are stored."""

from __future__ import annotations

import dataclasses
import json
import os
import sqlite3
import struct
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forge_desktop.chat.records import ChatMessage, Grounding, MessageState, Part, Sentence, Source
from forge_desktop.engine.records import PromptPart


@dataclass(frozen=True)
class Turn:
    """An earlier question and its answer, as the prompt had them, and the passages that came with the question.

    `tokens` are those that the student `model_sha256` sampled, where they spell the answer. `remote` tells an answer
    of a remote student.
    """

    question_id: int
    answer_id: int
    parts: tuple[PromptPart, ...]
    answer: str
    sources: tuple[Source, ...]
    tokens: tuple[int, ...] = ()
    model_sha256: str = ""
    remote: bool = False


@dataclass(frozen=True)
class Asked:
    """How a question is asked: what its answer may rest on, and in which collections (uids; none: all documents)."""

    grounding: Grounding
    collections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """An answer that is to be written: the question, how it may be grounded, and what was said before on its branch.

    `turns` are the earlier questions a student answered, `known` all passages that have a number in this conversation.
    `history_from` is the question from which on the last prompt kept history, `summary` what stands for the turns
    before `summary_until`, if they were summed up.
    """

    message_id: int
    question_id: int
    conversation_id: int
    conversation: str  # its uid: under that name the engine keeps what it has read
    question: str
    grounding: Grounding
    asked_before: tuple[str, ...]
    turns: tuple[Turn, ...]
    known: tuple[Source, ...]
    history_from: int
    alternatives: int
    collections: tuple[str, ...]
    mark_key: bytes  # secret of this database, for the marks around documents
    summary: str = ""
    summary_until: int = 0


@dataclass(frozen=True)
class Ending:
    """How an answer ended; everything but its sources, which go with it in one transaction."""

    state: MessageState
    text: str
    raw: str
    problem: str
    sentences: Sequence[Sentence]
    provenance: dict[str, object]
    thinking: str = ""  # empty leaves what was stored while it came
    tokens: Sequence[int] = ()  # that spell `raw`, by the student in `provenance`


def fold(text: str) -> str:
    """What search compares: compatibility forms and case made equal, in any script."""
    return unicodedata.normalize("NFKC", storable(text)).casefold()


def storable(text: str) -> str:
    """The text with what SQLite cannot hold or compare (lone surrogates, NUL) replaced, one for one."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def tokens_as_bytes(tokens: Sequence[int]) -> bytes | None:
    """Tokens as they are stored: 32 bits each, little-endian; None when there are none."""
    return struct.pack(f"<{len(tokens)}i", *tokens) if tokens else None


def tokens_of(stored: bytes | None) -> tuple[int, ...]:
    """The tokens again; none when the bytes cannot be any."""
    return struct.unpack(f"<{len(stored) // 4}i", stored) if stored and len(stored) % 4 == 0 else ()


def pack(value: object) -> bytes:
    return zlib.compress(json.dumps(value).encode())


def unpack(packed: bytes) -> Any:
    return json.loads(zlib.decompress(packed))


def source_of(row: sqlite3.Row, *, whole: bool) -> Source:
    base, text = row["passage_start"], row["passage_text"]
    start, end = (base, base + len(text)) if whole else (row["start"], row["end"])
    quote = text[start - base : end - base]
    first = row["passage_line"] if whole else row["first_line"]
    parts = tuple(Part(*part) for part in json.loads(row["parts"]))
    return Source(
        n=row["n"],
        path=os.fsdecode(row["path"]),
        document_sha256=row["document_sha256"],
        passage_id=row["passage_id"],
        start=start,
        end=end,
        page=parts[0].page if whole and parts else row["page"],
        heading=tuple(json.loads(row["heading"])),
        first_line=first,
        last_line=first + quote.rstrip().count("\n"),
        quote=quote,
        score=row["score"],
        bm25_rank=row["bm25_rank"],
        vector_rank=row["vector_rank"],
        cited=bool(row["cited"]),
        parts=parts,
    )


def source_row(message_id: int, whole: Source, shown: Source) -> tuple[object, ...]:
    """A row of the table: the whole text the student could read, and the narrower place that is shown."""
    return (
        message_id,
        whole.n,
        os.fsencode(whole.path),
        whole.document_sha256,
        shown.passage_id,
        whole.start,
        storable(whole.quote),
        whole.first_line,
        shown.start,
        shown.end,
        shown.page,
        json.dumps(whole.heading),
        shown.first_line,
        shown.last_line,
        shown.score,
        shown.bm25_rank,
        shown.vector_rank,
        shown.cited,
        json.dumps([list(dataclasses.astuple(part)) for part in whole.parts]),
    )


def message_of(row: sqlite3.Row, place: tuple[int, int], sources: Sequence[Source]) -> ChatMessage:
    return ChatMessage(
        id=row["id"],
        conversation_id=row["conversation_id"],
        parent_id=row["parent_id"],
        role=row["role"],
        text=row["text"],
        state=row["state"],
        problem=row["problem"],
        created=row["created"],
        sibling=place[0],
        siblings=place[1],
        sources=tuple(sources),
        sentences=tuple(Sentence(a, b, tuple(numbers), needs) for a, b, numbers, needs in json.loads(row["sentences"])),
        grounding=row["grounding"],
        provenance=json.loads(row["provenance"]),
        collections=tuple(json.loads(row["collections"])),
        thinking=row["thinking"],
        summary=row["summary"],
    )
