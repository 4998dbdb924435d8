"""What the tests' teacher says in each vendor's wire format, streamed or whole."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.providers.teacher import Teacher

MODELS = ("teacher-small", "teacher-large")


@dataclass(frozen=True)
class Reply:
    """The body of an answer in pieces, what it costs (millionths of a micro-dollar), its status."""

    pieces: list[bytes]
    cost: int
    streamed: bool = False
    status: int = 200


@dataclass(frozen=True)
class Said:
    """An answer with its tokens, before it is put into a wire format."""

    pieces: list[str]
    thinking: str
    tokens_in: int
    tokens_out: int
    reasoning: int
    cut: bool
    model: str

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def speak(teacher: Teacher, path: str, body: Any, odd: bool, usage: Any) -> Reply:
    """The answer to a request; with `odd` the usage is what is given, or left out where that is None."""
    path = path.split("?")[0]
    if path.endswith("/models"):
        return whole({"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]})
    if not isinstance(body, dict):
        return whole({"error": {"message": "no such path, or no JSON"}}, status=404)
    if path.endswith("/embeddings"):
        return _embeddings(teacher, body, odd, usage)
    for end, wire in WIRES.items():
        if end in path:
            said = say(teacher, body, path)
            cost = teacher.cost(said.tokens_in, said.tokens_out)
            streamed = bool(body.get("stream")) or ":stream" in path
            return wire(said, body, cost, streamed, odd, usage)
    return whole({"error": {"message": f"no such path: {path}"}}, status=404)


def say(teacher: Teacher, body: dict[str, Any], path: str = "") -> Said:
    """What the answer function says, cut at max_tokens; the teacher's thinking is billed with it."""
    given = teacher.answer(body)
    pieces = _pieces(given) if isinstance(given, str) else list(given)
    limit = _limit(body)
    reasoning = teacher.tokens(teacher.thinking)
    room, kept, cut = max(0, limit - reasoning), [], False
    for piece in pieces:
        if (tokens := teacher.tokens(piece)) > room:
            cut = True
            break
        kept.append(piece)
        room -= tokens
    tokens_out = sum(map(teacher.tokens, kept)) + reasoning
    tokens_in = teacher.tokens("".join(_texts(body)))
    model = str(body.get("model") or path.rsplit("/", 1)[-1].split(":")[0])
    return Said(kept, teacher.thinking, tokens_in, min(tokens_out, limit), min(reasoning, limit), cut, model)


def whole(value: Any, cost: int = 0, *, status: int = 200) -> Reply:
    """A JSON answer in one piece."""
    return Reply([json.dumps(value).encode()], cost, status=status)


def openai_answer(said: Said, odd: bool = False, usage: Any = None) -> dict[str, Any]:
    """A chat completion as a whole."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text}
    if said.thinking:
        message["reasoning_content"] = said.thinking
    reason = "length" if said.cut else "stop"
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": said.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
    }
    return answer | _usage({"usage": _openai_usage(said)}, odd, usage)


def anthropic_answer(said: Said, odd: bool = False, usage: Any = None) -> dict[str, Any]:
    """A message as a whole."""
    blocks: list[dict[str, Any]] = [{"type": "thinking", "thinking": said.thinking, "signature": "s"}]
    blocks = (blocks if said.thinking else []) + [{"type": "text", "text": said.text}]
    answer = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": blocks,
        "stop_reason": "max_tokens" if said.cut else "end_turn",
        "stop_sequence": None,
    }
    return answer | _usage({"usage": _anthropic_usage(said)}, odd, usage)


def _openai(said: Said, body: dict[str, Any], cost: int, streamed: bool, odd: bool, usage: Any) -> Reply:
    if not streamed:
        return whole(openai_answer(said, odd, usage), cost)
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": said.model}
    wished = bool((body.get("stream_options") or {}).get("include_usage"))
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": said.thinking}] if said.thinking else []
    deltas += [{"content": piece} for piece in said.pieces]
    chunks = [_choice(head, delta, None, wished) for delta in deltas]
    chunks.append(_choice(head, {}, "length" if said.cut else "stop", wished))
    if wished:
        tail = _usage({"usage": _openai_usage(said)}, odd, usage)
        chunks += [head | {"choices": []} | tail] if tail else []
    return Reply([*map(_data, chunks), b"data: [DONE]\n\n"], cost, streamed=True)


def _choice(head: dict[str, Any], delta: dict[str, Any], reason: str | None, wished: bool) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return head | {"choices": [choice]} | ({"usage": None} if wished else {})


def _anthropic(said: Said, body: dict[str, Any], cost: int, streamed: bool, odd: bool, usage: Any) -> Reply:
    if not streamed:
        return whole(anthropic_answer(said, odd, usage), cost)
    started = _usage({"usage": _anthropic_usage(said) | {"output_tokens": 1}}, odd, usage)
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": said.model}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message | started}]
    blocks = [("thinking", [said.thinking])] if said.thinking else []
    for index, (kind, pieces) in enumerate([*blocks, ("text", said.pieces)]):
        block = {"type": kind, kind: ""}
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [
            {"type": "content_block_delta", "index": index, "delta": {"type": f"{kind}_delta", kind: piece}}
            for piece in pieces
        ]
        events.append({"type": "content_block_stop", "index": index})
    events.insert(1, {"type": "ping"})
    delta = {"stop_reason": "max_tokens" if said.cut else "end_turn", "stop_sequence": None}
    ended = _usage({"usage": {"output_tokens": said.tokens_out}}, odd, usage)
    events += [{"type": "message_delta", "delta": delta} | ended, {"type": "message_stop"}]
    return Reply([f"event: {e['type']}\n".encode() + _data(e) for e in events], cost, streamed=True)


def _gemini(said: Said, body: dict[str, Any], cost: int, streamed: bool, odd: bool, usage: Any) -> Reply:
    counted = {
        "promptTokenCount": said.tokens_in,
        "candidatesTokenCount": said.tokens_out - said.reasoning,
        "thoughtsTokenCount": said.reasoning,
        "totalTokenCount": said.tokens_in + said.tokens_out,
    }
    tail = _usage({"usageMetadata": counted}, odd, usage, "usageMetadata")
    thought = [{"text": said.thinking, "thought": True}] if said.thinking else []
    reason = "MAX_TOKENS" if said.cut else "STOP"
    if not streamed:
        content = {"role": "model", "parts": [*thought, {"text": said.text}]}
        return whole({"candidates": [{"content": content, "finishReason": reason}]} | tail, cost)
    parts = [*thought, *({"text": piece} for piece in said.pieces)]
    chunks: list[dict[str, Any]] = [{"candidates": [{"content": {"role": "model", "parts": [part]}}]} for part in parts]
    last = {"content": {"role": "model", "parts": []}, "finishReason": reason}
    return Reply([*map(_data, chunks), _data({"candidates": [last]} | tail)], cost, streamed=True)


def _embeddings(teacher: Teacher, body: dict[str, Any], odd: bool, usage: Any) -> Reply:
    given = body.get("input")
    texts = [given] if isinstance(given, str) else list(given or ())
    tokens = sum(map(teacher.tokens, texts))
    counted = _usage({"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}, odd, usage)
    data = [{"object": "embedding", "index": n, "embedding": vector(text)} for n, text in enumerate(texts)]
    return whole({"object": "list", "data": data, "model": body.get("model")} | counted, teacher.cost(tokens, 0))


def vector(text: str, size: int = 8) -> list[float]:
    """The embedding it gives for a text: of length one, the same for the same text."""
    numbers = [byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()[:size]]
    length = math.sqrt(sum(number * number for number in numbers))
    return [number / length for number in numbers]


def _openai_usage(said: Said) -> dict[str, Any]:
    details = {"completion_tokens_details": {"reasoning_tokens": said.reasoning}} if said.reasoning else {}
    return {
        "prompt_tokens": said.tokens_in,
        "completion_tokens": said.tokens_out,
        "total_tokens": said.tokens_in + said.tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0},
    } | details


def _anthropic_usage(said: Said) -> dict[str, Any]:
    return {
        "input_tokens": said.tokens_in,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": said.tokens_out,
    }


def _usage(true: dict[str, Any], odd: bool, usage: Any, name: str = "usage") -> dict[str, Any]:
    if not odd:
        return true
    return {} if usage is None else {name: None if usage == "null" else usage}


def _limit(body: dict[str, Any]) -> int:
    config = body.get("generationConfig") or {}
    limit = body.get("max_tokens") or body.get("max_completion_tokens") or config.get("maxOutputTokens")
    return int(limit or 1_000_000)


def _texts(value: Any) -> list[str]:
    """Every text of a request, wherever it stands."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, Sequence) else []


def _pieces(text: str) -> list[str]:
    words = text.split(" ")
    return [word if n == 0 else f" {word}" for n, word in enumerate(words)]


def _data(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


WIRES = {
    "/chat/completions": _openai,
    "/messages": _anthropic,
    ":generateContent": _gemini,
    ":streamGenerateContent": _gemini,
}
