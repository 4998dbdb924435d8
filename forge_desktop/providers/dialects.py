"""Where endpoints depart from a wire format's usual ways: known by the vendor, set by hand, or learnt from a refusal.

What is learnt is kept with the endpoint and used from the next call on. Nothing is ever sent twice to find it out: the
refused request was not billed, and whoever asked decides whether to try again.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from forge_desktop.providers.records import Endpoint

DIALECTS = {
    "max_tokens": "The longest answer is sent as max_tokens.",
    "max_completion_tokens": "The longest answer is sent as max_completion_tokens.",
    "no_temperature": "Temperature and top p are not sent.",
    "no_seed": "No seed is sent.",
    "random_seed": "The seed is sent as random_seed.",
    "no_stream": "Answers are asked for whole.",
    "no_usage_option": "Usage is not asked for in a stream, where it comes by itself or not at all.",
    "json_object": "It knows JSON answers but no schemas: the schema is written into the instructions.",
    "tool_schema": "A schema is sent as that of a tool which must be used.",
    "no_schema": "It knows neither schemas nor JSON answers: the schema is written into the instructions.",
}
_BY_HOST = (
    (re.compile(r"(?:.+\.)?(?:api\.openai\.com|openai\.azure\.com)"), ("max_completion_tokens",)),
    (re.compile(r"api\.deepseek\.com"), ("json_object",)),
    (re.compile(r"api\.mistral\.ai"), ("random_seed", "no_usage_option")),
)
_OPENAI_REASONING = re.compile(r"(?:o\d|gpt-5)(?!.*chat)")  # these refuse a temperature other than 1
_CLAUDE_WITH_TEMPERATURE = re.compile(
    r"claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{6,}|$))"
)  # later ones refuse
_REFUSED = (
    # a word in the refusal, the fields of which one must have been sent, what is learnt
    (re.compile(r"max_completion_tokens"), ("max_tokens",), "max_completion_tokens"),
    (re.compile(r"max_completion_tokens"), ("max_completion_tokens",), "max_tokens"),
    (re.compile(r"temperature|top_p"), ("temperature", "top_p"), "no_temperature"),
    (re.compile(r"stream_options|include_usage"), ("stream_options",), "no_usage_option"),
    (re.compile(r"\bseed\b"), ("seed", "random_seed"), "no_seed"),
    (re.compile(r"output_config|output_format|json.?schema|structured"), ("output_config",), "tool_schema"),
    (re.compile(r"tool"), ("tool_choice",), "no_schema"),
)
_SCHEMA_REFUSED = re.compile(r"response_format|json.?schema|json.?object|structured|grammar")


def dialect_of(endpoint: Endpoint) -> frozenset[str]:
    """What departs at this endpoint: what its vendor is known for, then what stands on it itself."""
    host = urllib.parse.urlsplit(endpoint.url).hostname or ""
    known = {name for pattern, names in _BY_HOST if pattern.fullmatch(host) for name in names}
    if "max_completion_tokens" in known and _OPENAI_REASONING.match(endpoint.model):
        known.add("no_temperature")
    if host == "api.anthropic.com" and not _CLAUDE_WITH_TEMPERATURE.match(endpoint.model):
        known.add("no_temperature")
    known |= set(endpoint.dialect)
    if "max_tokens" in endpoint.dialect:
        known.discard("max_completion_tokens")
    return frozenset(known)


def learnt(endpoint: Endpoint, body: Mapping[str, Any], refusal: bytes) -> tuple[str, ...]:
    """The endpoint's dialect after it refused `body` with these words; unchanged where they name nothing known."""
    said = " ".join(_words(refusal)).casefold()
    new = next(
        (name for pattern, fields, name in _REFUSED if pattern.search(said) and any(f in body for f in fields)), ""
    )
    if not new and "response_format" in body and _SCHEMA_REFUSED.search(said):
        new = "no_schema" if "json_object" in dialect_of(endpoint) else "json_object"
    if not new or new in endpoint.dialect:
        return endpoint.dialect
    opposite = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}.get(new, "")
    return (*(name for name in endpoint.dialect if name != opposite), new)


def _words(refusal: bytes) -> Iterator[str]:
    """What a refusal says and which fields it names; not what it repeats of the request."""
    try:
        left: list[Any] = [json.loads(refusal)]
    except (ValueError, RecursionError):
        return
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            left += [inner for name, inner in value.items() if name not in ("input", "ctx", "url")]
