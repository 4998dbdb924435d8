"""OpenAI's chat completions, as nearly everybody speaks them: vendors, routers, and servers on one's own machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.providers.dialects import dialect_of
from forge_desktop.providers.records import ChatRequest, Endpoint, Usage
from forge_desktop.providers.schemas import is_strict
from forge_desktop.providers.sse import ServerEvent
from forge_desktop.providers.usage import UsageError, openai_usage
from forge_desktop.providers.wire import GarbledError, Said, an_object, read_json, schema_of, schema_words, text_of

_STOPS = {"stop": "end", "length": "length", "content_filter": "refused", "model_length": "length"}
_MARGIN = 512  # a template's own words: role marks, a date, a system prompt that a model has by itself


class OpenAIChat:
    """The wire format "openai"."""

    def path(self, endpoint: Endpoint, *, stream: bool) -> str:
        """The same for both."""
        return "/chat/completions"

    def headers(self, key: str) -> dict[str, str]:
        """The key as a bearer token."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def body(self, endpoint: Endpoint, request: ChatRequest) -> dict[str, Any]:
        """A body that departs from the usual where the endpoint's dialect does."""
        dialect = dialect_of(endpoint)
        length = "max_completion_tokens" if "max_completion_tokens" in dialect else "max_tokens"
        body: dict[str, Any] = {
            "model": endpoint.model,
            "messages": [{"role": turn.role, "content": turn.text} for turn in request.messages],
            length: request.max_tokens,
        }
        if "no_temperature" not in dialect:
            body |= {"temperature": request.temperature} if request.temperature is not None else {}
            body |= {"top_p": request.top_p} if request.top_p is not None else {}
        if request.seed is not None and "no_seed" not in dialect:
            body["random_seed" if "random_seed" in dialect else "seed"] = request.seed
        if request.ends:
            body["stop"] = list(request.ends)
        if (schema := schema_of(request)) is not None:
            _add_schema(body, schema, schema_words(request), dialect)
        return body

    def streamed(self, endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
        """With usage in the last piece."""
        asked = {} if "no_usage_option" in dialect_of(endpoint) else {"stream_options": {"include_usage": True}}
        return {**body, "stream": True, **asked}

    def margin(self, request: ChatRequest) -> int:
        """A schema may be written into the prompt once more, in other words."""
        return _MARGIN + 2 * len(request.schema.encode())

    def whole(self, answer: object) -> Said:
        """A chat completion."""
        found = an_object(answer)
        choice = _choice(found)
        message = choice.get("message")
        if not isinstance(message, Mapping):
            raise GarbledError("the answer has no message")
        text, thinking = _texts(message)
        usage, odd = _usage(found.get("usage"))
        return Said(text, thinking, _stop(choice, message), usage, odd)

    def reading(self) -> OpenAIReading:
        """For a stream of chat.completion.chunk."""
        return OpenAIReading()


class OpenAIReading:
    """A streamed chat completion. It is whole once a finish reason came; the usage comes after it, or never."""

    def __init__(self) -> None:
        self.done = False
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._stop = ""
        self._usage: object = None

    def feed(self, event: ServerEvent) -> tuple[str, str]:
        """The pieces of one chunk."""
        if event.data.strip() == "[DONE]":
            self.done = True
            return "", ""
        chunk = an_object(read_json(event.data), "a piece of the answer")
        extra = chunk.get("x_groq")
        found = chunk.get("usage") or (extra.get("usage") if isinstance(extra, Mapping) else None)
        self._usage = self._usage if found is None else found
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices:
            return "", ""
        choice = choices[0]
        delta = choice.get("delta") if isinstance(choice, Mapping) else None
        if not isinstance(delta, Mapping):
            delta = {}
        text, thinking = _texts(delta)
        self._text.append(text)
        self._thinking.append(thinking)
        if isinstance(choice, Mapping) and (choice.get("finish_reason") or delta.get("refusal")):
            self._stop = _stop(choice, delta)
        return text, thinking

    def said(self) -> Said:
        """What came so far."""
        usage, odd = _usage(self._usage)
        finished = bool(self._stop)
        return Said("".join(self._text), "".join(self._thinking), self._stop or "cancelled", usage, odd, finished)


def _choice(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise GarbledError("the answer has no choices")
    return choices[0]


def _texts(message: Mapping[str, Any]) -> tuple[str, str]:
    text, thinking = text_of(message.get("content"))
    if isinstance(message.get("refusal"), str):
        text += message["refusal"]
    apart = message.get("reasoning_content") or message.get("reasoning")
    return text, thinking + (apart if isinstance(apart, str) else "")


def _stop(choice: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    if isinstance(message.get("refusal"), str) and message["refusal"]:
        return "refused"
    return _STOPS.get(str(choice.get("finish_reason")), "end")


def _usage(found: object) -> tuple[Usage | None, str]:
    try:
        return openai_usage(found), ""
    except UsageError as error:
        return None, str(error)


def _add_schema(body: dict[str, Any], schema: dict[str, Any], words: str, dialect: frozenset[str]) -> None:
    if "no_schema" not in dialect and "json_object" not in dialect:
        named = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
        return
    if "no_schema" not in dialect:
        body["response_format"] = {"type": "json_object"}
    messages = body["messages"]
    if messages and messages[0]["role"] == "system":
        messages[0] = {"role": "system", "content": f"{messages[0]['content']}\n\n{words}"}
    else:
        messages.insert(0, {"role": "system", "content": words})
