"""Holds a JSON value against the part of JSON Schema that describes answers; an unknown word of a schema is told.

Types, enumerations, objects, lists, limits, patterns, combinations, and references within the schema.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_DEEPEST = 60
_LONGEST_PATTERN, _LONGEST_MATCHED = 300, 20_000  # a pattern is a person's, a text a teacher's: neither may stall us
_WORDS = (
    "type enum const properties required additionalProperties patternProperties minProperties maxProperties items"
    " prefixItems minItems maxItems uniqueItems minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength"
    " maxLength pattern allOf anyOf oneOf not $ref $defs definitions $schema $id $comment title description default"
    " examples format nullable deprecated readOnly writeOnly strict"
)
_KNOWN = frozenset(_WORDS.split())
_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


def read_schema(text: str) -> Any:
    """A schema from its JSON. Raises ValueError with a sentence where it is none, or has words that are not known."""
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The schema is no JSON: {error}.") from error
    if not isinstance(schema, dict | bool):
        raise ValueError("The schema is no JSON object.")
    unknown = sorted(_words(schema, 0) - _KNOWN)
    if unknown:
        raise ValueError(f"The schema has words that are not known here: {', '.join(unknown)}.")
    return schema


def problem(value: object, schema: Any) -> str:
    """Why a value is not what the schema asks for, as a sentence with the place; "" where it is."""
    try:
        return _Validator(schema).problem(value, schema, "the answer", 0)
    except (TypeError, AttributeError, OverflowError, re.error) as error:
        return f"The schema cannot be used: {error}."


class _Validator:
    def __init__(self, root: Any) -> None:
        self._root = root

    def problem(self, value: object, schema: Any, at: str, depth: int) -> str:
        if schema is True or schema == {}:
            return ""
        if schema is False:
            return f"Nothing may stand at {at}."
        if depth > _DEEPEST:
            return f"It is nested too deeply at {at}."
        if "$ref" in schema:
            found = self.problem(value, self._referred(schema["$ref"]), at, depth + 1)
            if found:
                return found
        for check in (self._type, self._listed, self._number, self._text, self._object, self._list, self._combined):
            if found := check(value, schema, at, depth):
                return found
        return ""

    def _referred(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise TypeError(f"the reference {reference} leads out of it")
        found = self._root
        for part in reference[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list):
                found = found[int(name)] if name.isdecimal() and int(name) < len(found) else None
            else:
                found = found.get(name)
            if found is None:
                raise TypeError(f"the reference {reference} leads nowhere")
        return found

    def _type(self, value: object, schema: Mapping[str, Any], at: str, depth: int) -> str:
        wanted = schema.get("type")
        if wanted is None or (schema.get("nullable") and value is None):
            return ""
        names = wanted if isinstance(wanted, list) else [wanted]
        return "" if any(_is(value, name) for name in names) else f"There is no {' or '.join(names)} at {at}."

    def _listed(self, value: object, schema: Mapping[str, Any], at: str, depth: int) -> str:
        if "enum" in schema and not any(_equal(value, one) for one in schema["enum"]):
            return f"What stands at {at} is none of the allowed values."
        if "const" in schema and not _equal(value, schema["const"]):
            return f"What stands at {at} is not the one allowed value."
        return ""

    def _number(self, value: object, schema: Mapping[str, Any], at: str, depth: int) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return ""
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
        if not (low <= value <= high) or (value <= above != -math.inf) or (value >= below != math.inf):
            return f"The number at {at} is out of its limits."
        step = schema.get("multipleOf")
        if step and not _is_multiple(value, step):
            return f"The number at {at} is no multiple of {step}."
        return ""

    def _text(self, value: object, schema: Mapping[str, Any], at: str, depth: int) -> str:
        if not isinstance(value, str):
            return ""
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
            return f"The text at {at} is too short or too long."
        pattern = schema.get("pattern")
        if pattern is None:
            return ""
        if len(pattern) > _LONGEST_PATTERN or len(value) > _LONGEST_MATCHED:
            return f"The text or the pattern at {at} is too long to compare."
        return "" if re.search(pattern, value) else f"The text at {at} does not have the form that is asked for."

    def _object(self, value: object, schema: Mapping[str, Any], at: str, depth: int) -> str:
        if not isinstance(value, dict):
            return ""
        missing = [name for name in schema.get("required", ()) if name not in value]
        if missing:
            return f"{missing[0]} is missing at {at}."
        if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", math.inf):
            return f"There are too few or too many names at {at}."
        properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        rest = schema.get("additionalProperties", True)
        for name, one in value.items():
            schemas = [properties[name]] if name in properties else []
            schemas += [each for pattern, each in patterns.items() if re.search(pattern, name)]
            if not schemas and rest is False:
                return f"{name} may not be at {at}."
            for each in schemas or [rest]:
                if found := self.problem(one, each, f"{at}.{name}", depth + 1):
                    return found
        return ""

    def _list(self, value: object, schema: Mapping[str, Any], at: str, depth: int) -> str:
        if not isinstance(value, list):
            return ""
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
            return f"There are too few or too many items at {at}."
        if schema.get("uniqueItems") and any(_equal(a, b) for n, a in enumerate(value) for b in value[:n]):
            return f"An item is there twice at {at}."
        first, rest = schema.get("prefixItems", []), schema.get("items", True)
        for number, one in enumerate(value):
            each = first[number] if number < len(first) else rest
            if found := self.problem(one, each, f"{at}[{number}]", depth + 1):
                return found
        return ""

    def _combined(self, value: object, schema: Mapping[str, Any], at: str, depth: int) -> str:
        for each in schema.get("allOf", ()):
            if found := self.problem(value, each, at, depth + 1):
                return found
        if "anyOf" in schema and all(self.problem(value, each, at, depth + 1) for each in schema["anyOf"]):
            return f"What stands at {at} is of none of the allowed forms."
        if "oneOf" in schema and sum(not self.problem(value, each, at, depth + 1) for each in schema["oneOf"]) != 1:
            return f"What stands at {at} is not of exactly one of the allowed forms."
        if "not" in schema and not self.problem(value, schema["not"], at, depth + 1):
            return f"What stands at {at} is of the form that is not allowed."
        return ""


def _is(value: object, name: str) -> bool:
    if name in ("number", "integer"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return name == "number" or isinstance(value, int) or value.is_integer()
    if name not in _TYPES:
        raise TypeError(f"there is no type {name}")
    return isinstance(value, _TYPES[name])


def _equal(one: object, other: object) -> bool:
    """As JSON: 1 and 1.0 are one number, true is none."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    return one == other


def _is_multiple(value: float, step: float) -> bool:
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    return (value / step).is_integer()


def _words(schema: Any, depth: int) -> set[str]:
    """Every word that a schema uses, at any depth."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return set()
    found = set(schema)
    for name in ("properties", "patternProperties", "$defs", "definitions"):
        if isinstance(schema.get(name), dict):
            for each in schema[name].values():
                found |= _words(each, depth + 1)
    for name in ("items", "additionalProperties", "not"):
        found |= _words(schema.get(name), depth + 1)
    for name in ("allOf", "anyOf", "oneOf", "prefixItems"):
        for each in schema.get(name) or ():
            found |= _words(each, depth + 1)
    return found
