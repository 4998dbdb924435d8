"""How tokens are chosen: every sampler, the seed, grammars and JSON schemas, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import Engine, Sampling
from tests.engine.conftest import say

PEOPLE = [say("Tell me about three people with names and ages.")]
BIRD = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 20}}, "required": ["name"]}


def _answer(engine: Engine, **values: Any) -> str:
    values = {"max_tokens": 200, "lookup": False, **values}
    return engine.generate(PEOPLE, Sampling(**values), lambda _: None).text


def test_a_greedy_answer_is_penalised_too(shared: Engine) -> None:
    plain = _answer(shared, max_tokens=40)
    assert _answer(shared, max_tokens=40, repeat_penalty=1.6) != plain
    assert _answer(shared, max_tokens=40, frequency_penalty=1.5) != plain
    assert _answer(shared, max_tokens=40, presence_penalty=2.0) != plain
    assert _answer(shared, max_tokens=40, dry_multiplier=2.0, dry_allowed=1) != plain
    assert _answer(shared, max_tokens=40, repeat_penalty=1.6, repeat_last=0) == plain


def test_the_short_way_to_the_likeliest_token_leads_where_the_samplers_lead(shared: Engine) -> None:
    by_samplers = _answer(shared, max_tokens=60, repeat_penalty=1.0000001)  # changes no logit, but needs the samplers
    assert _answer(shared, max_tokens=60) == by_samplers


@pytest.mark.parametrize(
    "values",
    [
        {"mirostat": 1},
        {"mirostat": 2, "mirostat_tau": 3.0},
        {"typical_p": 0.5},
        {"xtc_probability": 1.0, "xtc_threshold": 0.05},
        {"dry_multiplier": 0.8, "repeat_penalty": 1.1, "frequency_penalty": 0.2, "presence_penalty": 0.2},
        {"top_k": 0, "top_p": 1.0, "min_p": 0.0},
    ],
    ids=lambda values: next(iter(values)),
)
def test_each_sampler_changes_the_draw_and_the_seed_repeats_it(shared: Engine, values: dict[str, Any]) -> None:
    hot = Sampling(temperature=1.1, seed=5, max_tokens=16, lookup=False)
    plain = shared.generate(PEOPLE, hot, lambda _: None).text
    first, again = (shared.generate(PEOPLE, dataclasses.replace(hot, **values), lambda _: None).text for _ in range(2))
    assert first == again != plain


def test_a_grammar_is_followed_greedily_and_drawn(shared: Engine) -> None:
    grammar = 'root ::= "My answer: " [a-z]{3,12} ("!" | "?")'
    for temperature in (0.0, 1.5):
        assert re.fullmatch(
            "My answer: [a-z]{3,12}[!?]", _answer(shared, grammar=grammar, temperature=temperature), re.ASCII
        )


def test_a_schema_gives_valid_json(shared: Engine) -> None:
    """Names with quotation marks and accents, a reference that is called like a type, and one that holds itself."""
    schema = {
        "type": "object",
        "properties": {
            'the "bird" \\ café': {"$ref": "#/$defs/string"},
            "kind": {"enum": ['a"b', "é\n", 3, None]},
            "ages": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
            "few": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
            "code": {"type": "string", "pattern": "^(AB|CD){2}-[0-9]{1,3}$"},
            "twins": {"$ref": "#/$defs/other/string"},
        },
        "required": ['the "bird" \\ café', "kind", "ages", "few", "code", "twins"],
        "$defs": {"string": BIRD, "other": {"string": {"type": "boolean"}}},
    }
    for values in ({}, {"temperature": 0.8, "mirostat": 2}):
        found = json.loads(_answer(shared, schema=json.dumps(schema), **values))
        assert list(found) == list(schema["properties"])  # type: ignore[call-overload]
        assert isinstance(found['the "bird" \\ café']["name"], str)
        assert found["kind"] in schema["properties"]["kind"]["enum"]  # type: ignore[index]
        assert len(found["ages"]) == 2
        assert len(found["few"]) < 3
        assert re.fullmatch("(AB|CD){2}-[0-9]{1,3}", found["code"], re.ASCII)
        assert isinstance(found["twins"], bool)


def test_a_schema_may_hold_itself(shared: Engine) -> None:
    branch = {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/tree"}]}
    tree = {"type": "object", "properties": {"is": {"const": "a tree"}, "sub": branch}, "required": ["is", "sub"]}
    found = json.loads(_answer(shared, schema=json.dumps({"$ref": "#/$defs/tree", "$defs": {"tree": tree}})))
    assert found["is"] == "a tree"


def _nested(kind: str, depth: int) -> str:
    return {
        "grammar": "root ::= " + "(" * depth + '"a"' + ")" * depth,
        "schema": '{"type":"array","items":' * depth + '{"type":"null"}' + "}" * depth,
    }[kind]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"grammar": "root ::= ("}, "The grammar for the answer cannot be used: it is not valid GBNF"),
        ({"grammar": 'start ::= "a"'}, "The grammar for the answer cannot be used: it has no rule called root"),
        ({"grammar": 'root ::= root "a" | "b"'}, "cannot be used: a rule begins with itself"),
        ({"grammar": 'root ::= "a" missing'}, "The grammar for the answer cannot be used: it is not valid GBNF"),
        ({"grammar": 'root ::= "a"{100000}'}, "The grammar for the answer cannot be used: it is not valid GBNF"),
        ({"grammar": _nested("grammar", 100_000)}, "its brackets are nested more than 128 deep"),
        ({"grammar": 'root ::= "a"' + " " * 300_000}, "has 300,012 characters"),
        ({"grammar": 'root ::= "a"', "schema": "{}"}, "a grammar or a JSON schema, not both"),
        ({"schema": "{"}, "The JSON schema cannot be used: Expecting"),
        ({"schema": "[1]"}, "it is not a JSON object"),
        ({"schema": '{"type": "strange"}'}, "Unrecognized schema"),
        ({"schema": '{"$ref": "#/$defs/gone"}'}, "#/$defs/gone points nowhere"),
        ({"schema": '{"$ref": "https://example.org/a.json"}'}, "https://example.org/a.json points outside of it"),
        ({"schema": '{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}'}, "a rule begins with itself"),
        ({"schema": _nested("schema", 3000)}, "it is nested too deeply"),
        ({"schema": '{"type": "array", "items": {}, "minItems": 1000000000}'}, "minItems is 1,000,000,000"),
        ({"schema": '{"type": "string", "maxLength": 99999}'}, "maxLength is 99,999"),
        ({"schema": '{"type": "string", "pattern": "^a{99999}$"}'}, "a pattern is longer or repeats more than 1,000"),
        ({"schema": json.dumps({"properties": {str(n): {} for n in range(500)}})}, "an object has 500 properties"),
        ({"repeat_penalty": 0.0}, "The sampling value repeat_penalty cannot be 0.0"),
        ({"temperature": float("nan")}, "The sampling value temperature cannot be nan"),
        ({"mirostat": 3}, "The sampling value mirostat cannot be 3"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_words(shared: Engine, values: dict[str, Any], message: str) -> None:
    pid = shared.pid
    with pytest.raises(ForgeError, match=re.escape(message)):
        _answer(shared, max_tokens=4, **values)
    assert (shared.pid, shared.state().status) == (pid, "ready")


def test_a_large_schema_is_read_quickly(shared: Engine) -> None:
    many = {f"item {n}": {"type": "string", "maxLength": 500} for n in range(150)}
    assert _answer(shared, max_tokens=3, schema=json.dumps({"type": "object", "properties": many}))


def test_a_grammar_that_leads_nowhere_ends_in_words(shared: Engine) -> None:
    """No token writes a lone byte of the upper half as a whole character that is not one."""
    with pytest.raises(ForgeError, match="The grammar cannot be followed any further"):
        _answer(shared, max_tokens=4, grammar='root ::= "a" <[100000000]>')
