"""Reads the tokens an endpoint says it billed; whatever is no sound count is recognised and said, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.providers.records import Usage

_MOST = 100_000_000  # tokens in one request; no endpoint takes or gives so many, so the count is not one


class UsageError(ValueError):
    """The usage that came cannot be reckoned with; its text says why, for the ledger's note."""


def openai_usage(found: object) -> Usage:
    """The usage of a chat completion. Raises UsageError."""
    usage = _object(found)
    given, out = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    details = _inner(usage, "prompt_tokens_details")
    cached = max(_count(details, "cached_tokens", 0), _count(usage, "prompt_cache_hit_tokens", 0))
    reasoning = _count(_inner(usage, "completion_tokens_details"), "reasoning_tokens", 0)
    # Some endpoints bill reasoning beside completion_tokens and count it only in the total.
    out = max(out, _count(usage, "total_tokens", 0) - given)
    if reasoning > out:
        out += reasoning
    return _sound(Usage(given, out, cached, _count(details, "cache_write_tokens", 0), reasoning))


def anthropic_usage(found: object) -> Usage:
    """The usage of a message, whose input_tokens leave out what the cache held or took. Raises UsageError."""
    usage = _object(found)
    cached = _count(usage, "cache_read_input_tokens", 0)
    write = _count(usage, "cache_creation_input_tokens", 0)
    reasoning = _count(_inner(usage, "output_tokens_details"), "thinking_tokens", 0)
    given = _count(usage, "input_tokens") + cached + write
    return _sound(Usage(given, _count(usage, "output_tokens"), cached, write, reasoning))


def gemini_usage(found: object) -> Usage:
    """The usage of a generated content: thoughts are billed as output beside the candidates. Raises UsageError."""
    usage = _object(found)
    thoughts = _count(usage, "thoughtsTokenCount", 0)
    given = _count(usage, "promptTokenCount") + _count(usage, "toolUsePromptTokenCount", 0)
    out = _count(usage, "candidatesTokenCount", 0) + thoughts
    return _sound(Usage(given, out, _count(usage, "cachedContentTokenCount", 0), 0, thoughts))


def embedding_usage(found: object) -> Usage:
    """The usage of embeddings, which have no output. Raises UsageError."""
    usage = _object(found)
    given = max(_count(usage, "prompt_tokens"), _count(usage, "total_tokens", 0))
    return _sound(Usage(given, 0))


def _object(found: object) -> Mapping[str, Any]:
    if found is None:
        raise UsageError("no usage came")
    if not isinstance(found, Mapping):
        raise UsageError("the usage is no object")
    return found


def _inner(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = usage.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise UsageError(f"{name} of the usage is no object")
    return found


def _count(usage: Mapping[str, Any], name: str, missing: int | None = None) -> int:
    """A count of tokens; `missing` stands for one that is absent or null, unless it must be there."""
    found = usage.get(name)
    if found is None and missing is not None:
        return missing
    if found is None:
        raise UsageError(f"{name} is missing in the usage")
    if isinstance(found, bool) or not isinstance(found, int):
        raise UsageError(f"{name} of the usage is no whole number")
    if not 0 <= found <= _MOST:
        raise UsageError(f"{name} of the usage is {'below 0' if found < 0 else 'impossibly high'}")
    return found


def _sound(usage: Usage) -> Usage:
    if usage.cached + usage.cache_write > usage.input:
        raise UsageError("the usage has more cached tokens than input tokens")
    if usage.input == 0:
        raise UsageError("the usage says that nothing was read")
    return usage
