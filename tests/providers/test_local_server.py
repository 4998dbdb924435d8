"""A real endpoint: llama-cpp-python's own OpenAI-compatible server with the starter student, through the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from forge_desktop.providers.errors import CallFailed
from forge_desktop.providers.records import ChatRequest, Rates, Turn
from tests.providers.local_server import serving
from tests.providers.room import Room, asked, work


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base address of a server that runs as a child."""
    with serving(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.mark.shared_child
def test_a_real_server_answers_through_the_ledger(room: Room, server: str) -> None:
    streamed = room.add_at(server, "Llama", Rates(0, 0), model="starter")
    pieces: list[str] = []
    answer = room.providers.ask(
        streamed.uid, asked("What is the capital of France?", max_tokens=8), work(), on_text=pieces.append
    )
    assert answer.text == "".join(pieces)
    assert answer.text.strip()
    assert answer.cost == 0
    whole = room.add_at(server, "Whole", Rates(0, 0), model="starter", dialect=("no_stream",))
    again = room.providers.ask(whole.uid, asked("Name a colour.", max_tokens=4, temperature=0.0), work("task-2"))
    assert again.text.strip()
    assert again.usage is not None
    assert again.usage.input > 10
    assert 0 < again.usage.output <= 4
    assert room.states() == ["settled", "settled"]


@pytest.mark.shared_child
def test_a_real_server_that_knows_no_schemas_is_asked_in_another_way(room: Room, server: str) -> None:
    """It fails at response_format json_schema (with a 500, so nobody knows); what it is asked next it takes."""
    endpoint = room.add_at(server, "Llama", Rates(0, 0), model="starter", dialect=("no_stream",))
    schema = json.dumps({"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]})
    request = ChatRequest((Turn("user", 'Say {"colour": "red"}.'),), max_tokens=6, temperature=0.0, schema=schema)
    with pytest.raises(CallFailed) as caught:
        room.providers.ask(endpoint.uid, request, work())
    assert (caught.value.again, caught.value.charged) == (True, True)
    assert "json_object" in room.providers.endpoints.get("Llama").dialect
    assert room.providers.ask(endpoint.uid, request, work()).text.strip().startswith("{")
    assert room.states() == ["unknown", "settled"]
