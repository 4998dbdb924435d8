"""Anthropic's messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from forge_desktop.providers.dialects import dialect_of
from forge_desktop.providers.records import ChatRequest, Endpoint, Usage
from forge_desktop.providers.schemas import closed
from forge_desktop.providers.sse import ServerEvent
from forge_desktop.providers.usage import UsageError, anthropic_usage
from forge_desktop.providers.wire import GarbledError, Said, an_object, error_words, read_json, schema_of, schema_words

VERSION = "2023-06-01"
_TOOL = "answer"
_STOPS = {
    "end_turn": "end",
    "tool_use": "end",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}
_MARGIN = 512
_SCHEMA_MARGIN = 1024  # what is written around a tool or an output format: some hundred tokens


class AnthropicMessages:
    """The wire format "anthropic"."""

    def path(self, endpoint: Endpoint, *, stream: bool) -> str:
        """The version belongs to the address; it is added where the base has none."""
        return "/messages" if endpoint.url.endswith("/v1") else "/v1/messages"

    def headers(self, key: str) -> dict[str, str]:
        """The key in a header of its own, and the version of the format."""
        return {"anthropic-version": VERSION} | ({"x-api-key": key} if key else {})

    def body(self, endpoint: Endpoint, request: ChatRequest) -> dict[str, Any]:
        """The system prompt stands apart; of temperature and top p only one may be sent."""
        dialect = dialect_of(endpoint)
        system = [turn.text for turn in request.messages if turn.role == "system"]
        schema = schema_of(request)
        body: dict[str, Any] = {
            "model": endpoint.model,
            "messages": [{"role": t.role, "content": t.text} for t in request.messages if t.role != "system"],
            "max_tokens": request.max_tokens,
        }
        if "no_temperature" not in dialect:
            if request.temperature is not None:
                body["temperature"] = min(1.0, request.temperature)
            elif request.top_p is not None:
                body["top_p"] = request.top_p
        if request.ends:
            body["stop_sequences"] = list(request.ends)
        if schema is not None and "no_schema" in dialect:
            system.append(schema_words(request))
        elif schema is not None and "tool_schema" in dialect:
            body["tools"] = [{"name": _TOOL, "description": "Gives the answer.", "input_schema": schema}]
            body["tool_choice"] = {"type": "tool", "name": _TOOL}
        elif schema is not None:
            body["output_config"] = {"format": {"type": "json_schema", "schema": closed(schema)}}
        if system:
            body["system"] = "\n\n".join(system)
        return body

    def streamed(self, endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
        """Usage comes by itself."""
        return {**body, "stream": True}

    def margin(self, request: ChatRequest) -> int:
        """A schema is written into the prompt, with words around it."""
        return _MARGIN + (_SCHEMA_MARGIN + 2 * len(request.schema.encode()) if request.schema else 0)

    def whole(self, answer: object) -> Said:
        """A message."""
        found = an_object(answer)
        content = found.get("content")
        if not isinstance(content, list):
            raise GarbledError("the answer has no content")
        text, thinking = "", ""
        for block in content:
            if not isinstance(block, Mapping):
                continue
            if block.get("type") == "text" and isinstance(block.get("text"), str):
                text += block["text"]
            elif block.get("type") == "thinking" and isinstance(block.get("thinking"), str):
                thinking += block["thinking"]
            elif block.get("type") == "tool_use":
                text += json.dumps(block.get("input"), ensure_ascii=False)
        usage, odd = _usage(found.get("usage"))
        return Said(text, thinking, _STOPS.get(str(found.get("stop_reason")), "end"), usage, odd)

    def reading(self) -> AnthropicReading:
        """For a stream of message events."""
        return AnthropicReading()


class AnthropicReading:
    """A streamed message. Its usage starts with the input and is corrected, cumulatively, at its end."""

    def __init__(self) -> None:
        self.done = False
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._stop = ""
        self._usage: dict[str, Any] | None = None
        self._counted = False
        self._odd = ""

    def feed(self, event: ServerEvent) -> tuple[str, str]:
        """The pieces of one event."""
        found = read_json(event.data)
        if not isinstance(found, Mapping):
            raise GarbledError("a piece of the answer is no JSON object")
        kind = found.get("type") or event.name
        if kind == "error":
            raise GarbledError(f"it reported an error: {error_words(found)}")
        if kind == "message_start":
            message = found.get("message")
            self._count(message.get("usage") if isinstance(message, Mapping) else None)
        elif kind == "message_delta":
            delta = found.get("delta")
            if isinstance(delta, Mapping) and delta.get("stop_reason"):
                self._stop = _STOPS.get(str(delta["stop_reason"]), "end")
            self._count(found.get("usage"))
            self._counted = self._counted or isinstance(found.get("usage"), Mapping)
        elif kind == "message_stop":
            self.done = True
        elif kind == "content_block_delta":
            return self._piece(found.get("delta"))
        return "", ""

    def said(self) -> Said:
        """What came so far. Until the end has counted the output there is no usage."""
        usage, odd = _usage(self._usage if self._counted else None)
        if self._odd:
            usage, odd = None, self._odd
        text, thinking = "".join(self._text), "".join(self._thinking)
        return Said(text, thinking, self._stop or "cancelled", usage, odd, bool(self._stop))

    def _piece(self, delta: object) -> tuple[str, str]:
        if not isinstance(delta, Mapping):
            return "", ""
        text = delta.get("text") or delta.get("partial_json") or ""
        thinking = delta.get("thinking") or ""
        if not isinstance(text, str) or not isinstance(thinking, str):
            raise GarbledError("the answer's text is no text")
        self._text.append(text)
        self._thinking.append(thinking)
        return text, thinking

    def _count(self, found: object) -> None:
        if found is None:
            return
        if not isinstance(found, Mapping):
            self._odd = "the usage is no object"
            return
        self._usage = (self._usage or {}) | {name: value for name, value in found.items() if value is not None}


def _usage(found: object) -> tuple[Usage | None, str]:
    try:
        return anthropic_usage(found), ""
    except UsageError as error:
        return None, str(error)
