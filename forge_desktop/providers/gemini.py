"""Google's own format for Gemini: generateContent, whole and streamed."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Any

from forge_desktop.providers.dialects import dialect_of
from forge_desktop.providers.records import ChatRequest, Endpoint, Usage
from forge_desktop.providers.sse import ServerEvent
from forge_desktop.providers.usage import UsageError, gemini_usage
from forge_desktop.providers.wire import GarbledError, Said, an_object, read_json, schema_of, schema_words

_STOPS = {"STOP": "end", "MAX_TOKENS": "length", "FINISH_REASON_UNSPECIFIED": "end", "OTHER": "end"}
_MARGIN = 512


class Gemini:
    """The wire format "gemini". The base address ends in the version, as in …/v1beta."""

    def path(self, endpoint: Endpoint, *, stream: bool) -> str:
        """The model stands in the path, and so does whether it streams."""
        model = urllib.parse.quote(endpoint.model.removeprefix("models/"), safe="")
        return f"/models/{model}:" + ("streamGenerateContent?alt=sse" if stream else "generateContent")

    def headers(self, key: str) -> dict[str, str]:
        """The key in a header of its own, never in the address."""
        return {"x-goog-api-key": key} if key else {}

    def body(self, endpoint: Endpoint, request: ChatRequest) -> dict[str, Any]:
        """The system prompt stands apart, the assistant is called model."""
        dialect = dialect_of(endpoint)
        system = [turn.text for turn in request.messages if turn.role == "system"]
        config: dict[str, Any] = {"maxOutputTokens": request.max_tokens}
        if "no_temperature" not in dialect:
            config |= {"temperature": request.temperature} if request.temperature is not None else {}
            config |= {"topP": request.top_p} if request.top_p is not None else {}
        if request.seed is not None and "no_seed" not in dialect:
            config["seed"] = request.seed
        if request.ends:
            config["stopSequences"] = list(request.ends)
        if (schema := schema_of(request)) is not None:
            if "no_schema" in dialect:
                system.append(schema_words(request))
            else:
                config |= {"responseMimeType": "application/json", "responseJsonSchema": schema}
        body: dict[str, Any] = {
            "contents": [
                {"role": "model" if turn.role == "assistant" else "user", "parts": [{"text": turn.text}]}
                for turn in request.messages
                if turn.role != "system"
            ],
            "generationConfig": config,
        }
        if system:
            body["systemInstruction"] = {"parts": [{"text": "\n\n".join(system)}]}
        return body

    def streamed(self, endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
        """The path says it."""
        return dict(body)

    def margin(self, request: ChatRequest) -> int:
        """A schema may be written into the prompt once more."""
        return _MARGIN + 2 * len(request.schema.encode())

    def whole(self, answer: object) -> Said:
        """A generated content."""
        reading = GeminiReading()
        reading.take(an_object(answer))
        said = reading.said()
        if not said.finished:
            raise GarbledError("the answer has no candidates")
        return said

    def reading(self) -> GeminiReading:
        """For a stream of generated contents."""
        return GeminiReading()


class GeminiReading:
    """A generated content while it comes. Each piece's usage is of all pieces so far."""

    def __init__(self) -> None:
        self.done = False
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._stop = ""
        self._usage: object = None

    def feed(self, event: ServerEvent) -> tuple[str, str]:
        """The pieces of one event."""
        return self.take(an_object(read_json(event.data), "a piece of the answer"))

    def take(self, found: Mapping[str, Any]) -> tuple[str, str]:
        """The text and the thinking of a content."""
        if found.get("usageMetadata") is not None:
            self._usage = found["usageMetadata"]
        blocked = found.get("promptFeedback")
        if isinstance(blocked, Mapping) and blocked.get("blockReason"):
            self._stop = "refused"
        candidates = found.get("candidates")
        if not isinstance(candidates, list) or not candidates or not isinstance(candidates[0], Mapping):
            return "", ""
        if reason := candidates[0].get("finishReason"):
            self._stop = _STOPS.get(str(reason), "refused")
        content = candidates[0].get("content")
        parts = content.get("parts") if isinstance(content, Mapping) else None
        text, thinking = "", ""
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, Mapping) and isinstance(part.get("text"), str):
                if part.get("thought"):
                    thinking += part["text"]
                else:
                    text += part["text"]
        self._text.append(text)
        self._thinking.append(thinking)
        return text, thinking

    def said(self) -> Said:
        """What came so far."""
        usage, odd = _usage(self._usage)
        text, thinking = "".join(self._text), "".join(self._thinking)
        return Said(text, thinking, self._stop or "cancelled", usage, odd, bool(self._stop))


def _usage(found: object) -> tuple[Usage | None, str]:
    try:
        return gemini_usage(found), ""
    except UsageError as error:
        return None, str(error)
