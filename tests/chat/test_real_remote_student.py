"""A real server (llama-cpp-python's own) as the student in the chat: streamed, cited, stopped in the middle."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled
from forge_desktop.base.events import AnswerDelta, Event
from forge_desktop.forge import Forge
from tests.providers.local_server import serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base address of the server."""
    with serving(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.mark.shared_child
def test_a_real_server_answers_and_is_stopped(server: str, data_dir: Path, documents: Path) -> None:
    with contextlib.closing(Forge(data_dir, holder="a test")) as forge:
        forge.settings.change(answer_tokens=48, passages=1)
        forge.jobs.wait(forge.corpus.index([documents]), 60)
        desk = forge.students.desk
        assert desk is not None
        free = {"price_input": "0", "price_output": "0"}
        desk.save(desk.blank(name="Home", url=server, model="starter", roles=("student",), context=4096, **free))
        forge.students.remotes.choose("Home")
        deltas: list[str] = []

        def on_event(event: Event) -> None:
            if isinstance(event, AnswerDelta):
                deltas.append(event.text)

        forge.events.subscribe(on_event)
        conversation = forge.chat.create()
        number = forge.jobs.wait(forge.chat.ask(conversation, "How long are hand tools lent?"), 120)
        assert isinstance(number, int)
        message = forge.chat.message(number)
        assert message.state == "complete"
        assert message.text
        assert len(deltas) > 1
        assert message.provenance["endpoint"] == "Home"
        assert message.provenance["cost_usd"] == "0.000000"
        deltas.clear()
        forge.settings.change(answer_tokens=400)
        job = forge.chat.ask(conversation, "Tell me everything about lending, from the beginning.")
        stopped: list[int] = []

        def stop(event: Event) -> None:
            if isinstance(event, AnswerDelta) and not stopped:
                stopped.append(event.message_id)
                forge.jobs.cancel(job)

        forge.events.subscribe(stop)
        with contextlib.suppress(Cancelled):
            forge.jobs.wait(job, 120)
        assert stopped
        assert forge.chat.message(stopped[0]).state == "stopped"
        assert forge.engine.pid is None
