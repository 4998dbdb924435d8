"""A real endpoint: llama-cpp-python's own OpenAI-compatible server with the starter student, through the ledger."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from forge_desktop.providers.errors import CallFailed
from forge_desktop.providers.records import ChatRequest, Rates, Turn
from tests.conftest import STARTER
from tests.providers.room import Room, asked, work

_READY = re.compile(r"running on http://127\.0\.0\.1:(\d+)")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base address of a server that runs as a child."""
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(STARTER), "--host", "127.0.0.1"]
    command += ["--port", "0", "--n_ctx", "512", "--n_threads", "1", "--verbose", "false"]
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=tmp_path_factory.mktemp("server"),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    port: list[str] = []
    said: list[str] = []
    ready = threading.Event()

    def read() -> None:
        assert child.stderr is not None
        for line in child.stderr:
            said.append(line)
            if found := _READY.search(line):
                port.append(found[1])
                ready.set()
        ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert ready.wait(60)
        assert port, "".join(said[-20:])
        yield f"http://127.0.0.1:{port[0]}/v1"
    finally:
        child.terminate()
        child.wait(10)
        reader.join(5)
        assert child.stderr is not None
        child.stderr.close()


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
