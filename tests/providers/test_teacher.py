"""The tests' teacher itself: what it says, what it bills, how it misbehaves."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.providers.teacher import GARBAGE, Fault, Teacher, redirect, storm

BODY = {"model": "m", "max_tokens": 50, "messages": [{"role": "user", "content": "What is it?"}]}


def _post(teacher: Teacher, path: str, body: dict, **more) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.post(teacher.url + path, json=body, timeout=5, **more)


def test_it_bills_what_it_says_it_used(teacher: Teacher) -> None:
    used = [_post(teacher, "/chat/completions", BODY).json()["usage"] for _ in range(3)]
    streamed = _post(teacher, "/chat/completions", BODY | {"stream": True, "stream_options": {"include_usage": True}})
    lines = [line[6:] for line in streamed.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    used.append(json.loads(lines[-2])["usage"])
    tokens = sum(u["prompt_tokens"] * 150_000 + u["completion_tokens"] * 600_000 for u in used)
    assert teacher.bill == -(-tokens // 1_000_000) > 0
    assert teacher.bodies[0] == BODY


def test_it_speaks_the_other_wires(teacher: Teacher) -> None:
    message = _post(teacher, "/messages", BODY).json()
    assert message["content"][0]["text"] == "The answer is 42 [1]."
    events = _post(teacher, "/messages", BODY | {"stream": True}).text
    assert "event: message_start" in events
    assert events.rstrip().endswith('data: {"type": "message_stop"}')
    vectors = _post(teacher, "/embeddings", {"model": "e", "input": ["a", "b"]}).json()["data"]
    assert [len(v["embedding"]) for v in vectors] == [8, 8]
    said = _post(teacher, "/models/g:generateContent", {"contents": [{"parts": [{"text": "q"}]}]}).json()
    assert said["usageMetadata"]["promptTokenCount"] == 1


def test_it_misbehaves_when_told(teacher: Teacher) -> None:
    teacher.next(storm(429, "2"), redirect("http://127.0.0.1:9/"), GARBAGE, Fault(after=20, then="cut"))
    refused = _post(teacher, "/chat/completions", BODY)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert teacher.bill == 0
    assert _post(teacher, "/chat/completions", BODY).status_code == 307
    assert _post(teacher, "/chat/completions", BODY).content == GARBAGE.body
    with pytest.raises(httpx.TransportError):
        _post(teacher, "/chat/completions", BODY)
    assert teacher.bill > 0
    teacher.next(Fault(then="hang"))
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ReadTimeout):
        client.post(teacher.url + "/chat/completions", json=BODY, timeout=0.2)
    teacher.next(Fault(usage=None), Fault(usage={"prompt_tokens": "many"}))
    assert "usage" not in _post(teacher, "/chat/completions", BODY).json()
    assert _post(teacher, "/chat/completions", BODY).json()["usage"] == {"prompt_tokens": "many"}


def test_a_key_it_wants_must_come() -> None:
    with Teacher(key="secret") as teacher:
        assert _post(teacher, "/chat/completions", BODY).status_code == 401
        assert _post(teacher, "/messages", BODY, headers={"x-api-key": "secret"}).status_code == 200
        assert teacher.calls[0].billed == 0
