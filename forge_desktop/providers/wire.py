"""What every wire format can do: write a request's body, read an answer, whole or in pieces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.redacting import without_secrets
from forge_desktop.providers.records import ChatRequest, Endpoint, Usage
from forge_desktop.providers.sse import ServerEvent


class GarbledError(ValueError):
    """What came is no answer of this wire format, or an error in the place of one; its text says which."""


@dataclass(frozen=True)
class Said:
    """An answer as it was read. `finished` is False where it broke off; `odd` says why there is no usage."""

    text: str
    thinking: str
    stop: str
    usage: Usage | None
    odd: str = ""
    finished: bool = True


class Reading(Protocol):
    """A streamed answer while it comes."""

    done: bool

    def feed(self, event: ServerEvent) -> tuple[str, str]:
        """The text and the thinking that this event adds. Raises GarbledError."""

    def said(self) -> Said:
        """What has come so far."""


class Wire(Protocol):
    """A wire format. Bodies hold neither key nor address; `stream` asks for an answer in pieces."""

    def path(self, endpoint: Endpoint, *, stream: bool) -> str:
        """What is put behind the endpoint's base address."""

    def headers(self, key: str) -> dict[str, str]:
        """The headers of a request, with the key in them."""

    def body(self, endpoint: Endpoint, request: ChatRequest) -> dict[str, Any]:
        """The body of a request, without what only asks for a stream."""

    def streamed(self, endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
        """The same body, asking for a stream."""

    def margin(self, request: ChatRequest) -> int:
        """Tokens that the endpoint may add to the bytes of a body: its template, what it writes around a schema."""

    def whole(self, answer: object) -> Said:
        """An answer that came in one piece. Raises GarbledError."""

    def reading(self) -> Reading:
        """For an answer that comes in pieces."""


def canonical(value: object) -> bytes:
    """JSON that is the same for the same value: keys sorted, nothing between, UTF-8."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", errors="replace")  # half a surrogate pair cannot be sent


def request_sha256(wire: str, model: str, body: Mapping[str, Any]) -> str:
    """What names a request in the ledger: the wire format, the model and the body; neither key, address nor header."""
    return hashlib.sha256(canonical({"wire": wire, "model": model, "body": body})).hexdigest()


def read_json(raw: bytes | str) -> Any:
    """The value of a JSON text. Raises GarbledError."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise GarbledError("what came is not JSON") from None


def an_object(value: object, what: str = "the answer") -> Mapping[str, Any]:
    """The value where it is an object. Raises GarbledError."""
    if not isinstance(value, Mapping):
        raise GarbledError(f"{what} is no JSON object")
    if value.get("error"):
        raise GarbledError(f"it reported an error: {error_words(value)}")
    return value


def error_words(value: object, most: int = 300) -> str:
    """The sentence in a vendor's error, wherever it stands, without any key that it repeats."""
    for name in ("error", "message", "detail", "msg"):
        while isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, Mapping) and value.get(name):
            value = value[name]
    text = without_secrets(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:most]


def text_of(content: object) -> tuple[str, str]:
    """Text and thinking of a message's content, which is a text or a list of parts."""
    if content is None:
        return "", ""
    if isinstance(content, str):
        return content, ""
    if not isinstance(content, list):
        raise GarbledError("the answer's text is no text")
    text, thinking = "", ""
    for part in content:
        if not isinstance(part, Mapping):
            continue
        if isinstance(part.get("text"), str):
            text += part["text"]
        elif part.get("type") == "thinking":
            inner = part.get("thinking")
            thinking += inner if isinstance(inner, str) else text_of(inner)[0]
    return text, thinking


def schema_of(request: ChatRequest) -> dict[str, Any] | None:
    """The JSON schema that the answer must follow, or None. Raises ForgeError where it is none."""
    if not request.schema:
        return None
    try:
        schema = json.loads(request.schema)
    except (ValueError, RecursionError):
        schema = None
    if not isinstance(schema, dict):
        raise ForgeError("The schema that the answer must follow is no JSON object.", hint="Write a JSON schema.")
    return schema


def schema_words(request: ChatRequest) -> str:
    """The schema as an instruction, for an endpoint that knows no schemas."""
    return f"Answer with one JSON object and nothing else. It must follow this JSON schema:\n{request.schema}"
