"""What leaves in each wire format, what it is named by, and how what comes back is read."""

from __future__ import annotations

import contextlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.asking import plan
from forge_desktop.providers.dialects import DIALECTS, dialect_of, learnt
from forge_desktop.providers.errors import CallFailed
from forge_desktop.providers.records import ChatRequest, Endpoint, Turn, Usage
from forge_desktop.providers.schemas import closed, is_strict
from forge_desktop.providers.sse import ServerEvent, ServerEvents
from forge_desktop.providers.usage import UsageError, anthropic_usage, gemini_usage, openai_usage
from forge_desktop.providers.vendors import WIRE_NAMES
from forge_desktop.providers.wires import WIRES
from tests.providers.room import Room, asked, work
from tests.providers.teacher import Fault, Teacher

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "answer": {"type": "string", "minLength": 1},
            "citations": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 9},
            "minimum": {"type": "string", "enum": ["a", "b"]},
        },
        "required": ["answer", "citations", "minimum"],
        "additionalProperties": False,
    }
)
FULL = ChatRequest(
    (Turn("system", "Be short."), Turn("user", "Grüße?"), Turn("assistant", "Hm."), Turn("user", "So?")),
    max_tokens=99,
    temperature=0.25,
    top_p=0.5,
    seed=7,
    ends=("END",),
    schema=SCHEMA,
)


def at(url: str = "https://api.example.com/v1", wire: str = "openai", model: str = "m", **more: Any) -> Endpoint:
    """An endpoint."""
    return Endpoint(uid="u", name="E", url=url, model=model, wire=wire, **more)


def sent(endpoint: Endpoint, request: ChatRequest = FULL, *, stream: bool = True) -> dict[str, Any]:
    """The body as it would leave."""
    return json.loads(plan(endpoint, request, stream=stream).content)


def test_every_wire_format_has_its_name() -> None:
    assert tuple(WIRES) == WIRE_NAMES
    with pytest.raises(ForgeError, match="no wire format"):
        plan(at(wire="telegraph"), FULL)


def test_the_body_of_a_chat_completion() -> None:
    body = sent(at())
    assert body["messages"][0] == {"role": "system", "content": "Be short."}
    assert len(body["messages"]) == 4
    assert (body["max_tokens"], body["temperature"], body["top_p"], body["seed"]) == (99, 0.25, 0.5, 7)
    assert (body["stop"], body["stream"], body["stream_options"]) == (["END"], True, {"include_usage": True})
    named = body["response_format"]["json_schema"]
    assert (named["schema"], named["strict"]) == (json.loads(SCHEMA), True)
    plain = sent(at(), asked(), stream=False)
    assert set(plain) == {"model", "messages", "max_tokens"}  # what is None is not sent


def test_the_body_of_a_message() -> None:
    body = sent(at("https://api.anthropic.com/v1", "anthropic", "claude-opus-4-5-20251101"))
    assert body["system"] == "Be short."
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert (body["max_tokens"], body["temperature"], body["stop_sequences"]) == (99, 0.25, ["END"])
    assert "top_p" not in body  # only one of the two may be sent
    assert "seed" not in body
    assert body["output_config"]["format"] == {"type": "json_schema", "schema": closed(json.loads(SCHEMA))}
    newer = sent(at("https://api.anthropic.com/v1", "anthropic", "claude-opus-4-7"))
    assert "temperature" not in newer
    tool = sent(at(wire="anthropic", dialect=("tool_schema",)))
    assert tool["tool_choice"] == {"type": "tool", "name": tool["tools"][0]["name"]}
    assert tool["tools"][0]["input_schema"] == json.loads(SCHEMA)


def test_the_body_of_a_generated_content() -> None:
    body = sent(at(wire="gemini"))
    assert body["systemInstruction"]["parts"] == [{"text": "Be short."}]
    assert [content["role"] for content in body["contents"]] == ["user", "model", "user"]
    config = body["generationConfig"]
    assert (config["maxOutputTokens"], config["temperature"], config["topP"], config["seed"]) == (99, 0.25, 0.5, 7)
    assert (config["stopSequences"], config["responseJsonSchema"]) == (["END"], json.loads(SCHEMA))


@pytest.mark.parametrize(
    ("wire", "url", "path", "header"),
    [
        ("openai", "https://h/v1", "https://h/v1/chat/completions", ("Authorization", "Bearer k")),
        ("anthropic", "https://h/v1", "https://h/v1/messages", ("x-api-key", "k")),
        ("anthropic", "https://h", "https://h/v1/messages", ("x-api-key", "k")),
        ("gemini", "https://h", "https://h/models/a%2Fb:streamGenerateContent?alt=sse", ("x-goog-api-key", "k")),
    ],
)  # fmt: skip
def test_where_it_goes_and_how_the_key_goes_with_it(wire: str, url: str, path: str, header: tuple[str, str]) -> None:
    endpoint = at(url, wire, "a/b")
    planned = plan(endpoint, asked())
    assert planned.url == path
    assert header in planned.wire.headers("k").items()
    assert "k" not in planned.wire.headers("").values()
    assert "Bearer" not in planned.content.decode()


@pytest.mark.parametrize("wire", list(WIRES))
def test_a_request_is_named_by_its_wire_model_and_body_alone(wire: str) -> None:
    one = plan(at("https://a.example/v1", wire), FULL)
    two = plan(at("https://b.example/v1", wire, key="keyring", note="other"), FULL, stream=False)
    assert one.sha256 == two.sha256
    assert one.content == plan(at("https://a.example/v1", wire), FULL).content
    others = [
        plan(at(wire=wire, model="n"), FULL),
        plan(at(wire=wire), ChatRequest(FULL.messages, 100)),
        *(plan(at(wire=other), FULL) for other in WIRES if other != wire),
    ]
    assert len({one.sha256, *(other.sha256 for other in others)}) == len(others) + 1


def test_what_cannot_be_sent_is_said_and_half_a_sign_can() -> None:
    planned = plan(at(), ChatRequest((Turn("user", "broken \ud83d sign"),), 5))
    assert planned.content.decode()
    for schema in ("{", "[]", "[" * 100_000):
        with pytest.raises(ForgeError, match="schema"):
            plan(at(), ChatRequest((Turn("user", "x"),), 5, schema=schema))
    with pytest.raises(ForgeError, match="max_tokens"):
        plan(at(), ChatRequest((Turn("user", "x"),), 0))


@given(st.text(max_size=200))
def test_no_text_has_more_tokens_than_are_reserved(text: str) -> None:
    """A token is a byte at least, before and after a tokenizer has put a text into its normal form."""
    import unicodedata

    planned = plan(at(), ChatRequest((Turn("user", text),), 5))
    normal = unicodedata.normalize("NFKC", text).encode("utf-8", "replace")
    assert planned.tokens >= max(len(text.encode("utf-8", "replace")), len(normal))


def test_what_vendors_are_known_for() -> None:
    openai = at("https://api.openai.com/v1", model="gpt-5-mini")
    assert "max_completion_tokens" in sent(openai)
    assert not {"max_tokens", "temperature", "top_p"} & set(sent(openai))
    assert "temperature" in sent(at("https://api.openai.com/v1", model="gpt-4.1"))
    mistral = sent(at("https://api.mistral.ai/v1"))
    assert mistral["random_seed"] == 7
    assert not {"seed", "stream_options"} & set(mistral)
    deepseek = sent(at("https://api.deepseek.com/v1"))
    assert deepseek["response_format"] == {"type": "json_object"}
    assert SCHEMA in deepseek["messages"][0]["content"]
    assert "max_tokens" in sent(at("https://api.openai.com/v1", dialect=("max_tokens",)))
    assert "seed" not in sent(at(dialect=("no_seed",)))
    assert "stream" not in sent(at(dialect=("no_stream",)))
    none = sent(at(dialect=("no_schema",)), ChatRequest((Turn("user", "x"),), 5, schema=SCHEMA))
    assert "response_format" not in none
    assert (none["messages"][0]["role"], len(none["messages"])) == ("system", 2)


REFUSALS = [
    ({"error": {"message": "Use 'max_completion_tokens' instead."}}, (), "max_completion_tokens"),
    ({"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs"}]}, (), "no_usage_option"),
    ({"error": {"message": "`temperature` is deprecated for this model"}}, (), "no_temperature"),
    ({"error": {"message": "bad", "param": "seed"}}, (), "no_seed"),
    ({"error": {"message": "This response_format type is unavailable now"}}, (), "json_object"),
    ({"error": {"message": "json_object is not supported"}}, ("json_object",), "no_schema"),
    ({"error": {"message": "No such model"}}, (), ""),
    ({"detail": [{"loc": ["body", "n"], "msg": "bad", "input": "temperature seed response_format"}]}, (), ""),
]  # fmt: skip


@pytest.mark.parametrize(("refusal", "known", "new"), REFUSALS)
def test_what_is_learnt_from_a_refusal(refusal: dict[str, Any], known: tuple[str, ...], new: str) -> None:
    endpoint = at(dialect=known)
    found = learnt(endpoint, sent(endpoint), json.dumps(refusal).encode())
    assert found == (*known, new) if new else found == known
    assert set(found) <= set(DIALECTS)
    assert learnt(endpoint, sent(endpoint), b"<html>temperature") == known


def test_what_was_learnt_is_used_by_the_next_call_and_nothing_is_sent_again(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    words = b'{"error": {"message": "response_format: json_schema is not supported"}}'
    teacher.next(Fault(status=400, body=words))
    request = ChatRequest(FULL.messages, 50, schema=SCHEMA)
    with pytest.raises(CallFailed, match="not supported") as caught:
        room.providers.ask(endpoint.uid, request, work())
    assert (caught.value.again, caught.value.charged, len(teacher.calls)) == (True, False, 1)
    assert room.providers.endpoints.get(endpoint.uid).dialect == ("json_object",)
    assert room.providers.ask(endpoint.uid, request, work()).text
    assert [body["response_format"]["type"] for body in teacher.bodies] == ["json_schema", "json_object"]
    assert room.states() == ["released", "settled"]
    assert dialect_of(room.providers.endpoints.get("Teacher")) == {"json_object"}


def test_schemas_as_vendors_take_them() -> None:
    schema = json.loads(SCHEMA)
    assert is_strict(schema)
    assert not is_strict(schema | {"required": ["answer"]})
    assert not is_strict({"type": "array", "items": {"type": "object", "properties": {"a": {}}}})
    kept = closed(schema)["properties"]
    assert kept["answer"] == {"type": "string"}
    assert kept["citations"] == {"type": "array", "items": {"type": "integer"}}
    assert kept["minimum"] == {"type": "string", "enum": ["a", "b"]}  # a property of that name, no limit
    assert closed({"anyOf": [{"type": "object", "properties": {}}]})["anyOf"][0]["additionalProperties"] is False


def test_usage_is_read_alike_of_all_vendors() -> None:
    openai = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    details = {"prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10}}
    reasoned = {"completion_tokens_details": {"reasoning_tokens": 5}}
    assert openai_usage(openai | details | reasoned) == Usage(100, 20, 60, 10, 5)
    assert openai_usage(openai | {"prompt_cache_hit_tokens": 40}) == Usage(100, 20, 40)
    beside = {"total_tokens": 170, "completion_tokens_details": {"reasoning_tokens": 50}}
    assert openai_usage(openai | beside) == Usage(100, 70, 0, 0, 50)
    message = {"input_tokens": 10, "output_tokens": 7, "cache_read_input_tokens": 80, "cache_creation_input_tokens": 10}
    assert anthropic_usage(message) == Usage(100, 7, 80, 10)
    content = {
        "promptTokenCount": 100,
        "candidatesTokenCount": 9,
        "thoughtsTokenCount": 4,
        "cachedContentTokenCount": 50,
    }
    assert gemini_usage(content) == Usage(100, 13, 50, 0, 4)
    assert gemini_usage({"promptTokenCount": 5}) == Usage(5, 0)


NAMES = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "cached_tokens", "input_tokens")
PLAIN = st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers()


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner)))
def test_no_usage_breaks_its_reader(found: object) -> None:
    for read in (openai_usage, anthropic_usage, gemini_usage):
        with contextlib.suppress(UsageError):
            usage = read(found)
            assert usage.input > 0
            assert 0 <= usage.cached + usage.cache_write <= usage.input
            assert usage.output >= usage.reasoning >= 0


STREAM = (
    "\ufeffevent: a\ndata: one\ndata: two\n\n: comment\r\ndata:three €\r\n\r\nid: 7\rdata: four\r\rdata: never ended"
)
EVENTS = [ServerEvent("a", "one\ntwo"), ServerEvent("", "three €"), ServerEvent("", "four")]


@given(st.lists(st.integers(0, len(STREAM.encode())), max_size=12))
def test_events_are_the_same_however_they_are_cut(places: list[int]) -> None:
    raw, events, found = STREAM.encode(), ServerEvents(), []
    cuts = [0, *sorted(places), len(raw)]
    for start, end in itertools.pairwise(cuts):
        found += events.feed(raw[start:end])
    assert found == EVENTS


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        list(ServerEvents().feed(b"x" * 5_000_000))


def test_a_mistral_answer_in_parts_and_an_error_in_a_stream(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "so"}]
    message = {"choices": [{"message": {"content": parts}, "finish_reason": "stop"}]}
    usage = {"usage": {"prompt_tokens": 5, "completion_tokens": 5}}
    teacher.next(
        Fault(body=json.dumps(message | usage).encode(), billed=True),
        Fault(
            body=b'data: {"choices":[{"delta":{"content":"So"}}]}\n\ndata: {"error":{"message":"overloaded"}}\n\n',
            headers={"Content-Type": "text/event-stream"},
            billed=True,
        ),
    )
    answer = room.providers.ask(endpoint.uid, asked(), work())
    assert (answer.text, answer.thinking) == ("so", "hm")
    with pytest.raises(CallFailed, match="overloaded"):
        room.providers.ask(endpoint.uid, asked(), work("task-2", repeat=1))
    assert room.states() == ["settled", "unknown"]


def test_a_stream_that_is_not_named_as_one_is_read_all_the_same(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    usage = b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1}}'
    body = b'data: {"choices":[{"delta":{"content":"So"},"finish_reason":"stop"}]}\n\ndata: ' + usage + b"\n\n"
    teacher.next(Fault(body=body, billed=True), Fault(body=body[:30], billed=True))
    assert room.providers.ask(endpoint.uid, asked(), work()).text == "So"
    with pytest.raises(CallFailed, match="broke off"):
        room.providers.ask(endpoint.uid, asked(), work("task-2", repeat=1))
    assert room.states() == ["settled", "unknown"]
