"""Our part of JSON Schema against the reference implementation."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import jsonschema
import pytest
from hypothesis import given

from forge_desktop.distill.json_schema import problem, read_schema

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from([0.5, 1.0, 2.5])
    | st.sampled_from(["", "a", "ab", "b1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
_types = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])


def _schemas(inner: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": _types | st.lists(_types, min_size=1, max_size=2, unique=True),
            "enum": st.lists(_values, min_size=1, max_size=3),
            "const": _values,
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
            "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
            "additionalProperties": inner,
            "items": inner,
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 3),
            "uniqueItems": st.booleans(),
            "minimum": st.integers(-3, 3),
            "exclusiveMaximum": st.integers(-3, 3),
            "multipleOf": st.sampled_from([1, 2, 0.5]),
            "minLength": st.integers(0, 2),
            "pattern": st.sampled_from(["^a", "b$", "1"]),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
        },
    )


_any_schema = st.recursive(st.booleans() | _schemas(st.booleans()), _schemas, max_leaves=4)


@given(_values, _any_schema)
def test_it_agrees_with_the_reference(value: object, schema: object) -> None:
    wanted = read_schema(json.dumps(schema))
    assert (problem(value, wanted) == "") == jsonschema.Draft202012Validator(schema).is_valid(value)


def test_references_are_followed_within_the_schema() -> None:
    schema = {"$defs": {"t/x": {"type": "integer"}}, "items": {"$ref": "#/$defs/t~1x"}, "type": "array"}
    assert problem([1, 2], schema) == ""
    assert problem([1, "2"], schema)
    assert "nested too deeply" in problem([[]], {"$ref": "#"}) or problem([[]], {"items": {"$ref": "#"}}) == ""


@pytest.mark.parametrize("text", ["[", "3", '"x"', '{"dependentRequired": {}}', "[" * 100_000])
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="schema"):
        read_schema(text)
