"""JSON schemas as vendors take them: what they cannot hold an answer to is left out, what they ask for is put in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength")
_COUNTS = ("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties")
_NOT_ANTHROPIC = frozenset((*_LIMITS, *_COUNTS))
_MAPS = frozenset(("properties", "$defs", "definitions"))


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without limits on numbers, lengths and counts, and with no object open to further properties.

    What was left out is still checked on the answer, by whoever asked.
    """
    made = {name: _closed(name, value) for name, value in schema.items() if name not in _NOT_ANTHROPIC}
    if made.get("type") == "object" or "properties" in made:
        made["additionalProperties"] = False
    return made


def is_strict(schema: object) -> bool:
    """Whether every object in it names all its properties as required and allows no others: then it can be enforced."""
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        wanted = set(schema.get("properties") or ())
        if schema.get("additionalProperties") is not False or wanted != set(schema.get("required") or ()):
            return False
    return all(
        is_strict(list(value.values()) if name in _MAPS and isinstance(value, Mapping) else value)
        for name, value in schema.items()
        if name not in ("enum", "const", "default", "examples", "required")
    )


def _closed(name: str, value: Any) -> Any:
    if name in ("enum", "const", "default", "examples", "required"):
        return value
    if name in _MAPS and isinstance(value, Mapping):
        return {inner: closed(one) if isinstance(one, Mapping) else one for inner, one in value.items()}
    if isinstance(value, Mapping):
        return closed(value)
    if isinstance(value, list):
        return [closed(one) if isinstance(one, Mapping) else one for one in value]
    return value
