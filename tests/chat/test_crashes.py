"""Deaths in the middle of an answer: of the engine's child, and of the whole application."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError

from .conftest import Room
from .test_answers import check_citations

QUESTION = "Write a long story about power tools, hand tools and the treasurer."


def engine_children() -> list[int]:
    """Ids of this process's engine children."""
    found = []
    for task in Path("/proc/self/task").glob("*/children"):
        for pid in task.read_text().split():
            if b"engine" in Path("/proc", pid, "cmdline").read_bytes():
                found.append(int(pid))
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the child through /proc")
def test_a_killed_child_leaves_the_partial_answer_and_the_next_one_works(
    open_room: Callable[..., Room], documents: Path, starter: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("engine child")
    room = open_room(starter, answer_tokens=400, passages=2)
    room.index(documents)
    conversation = room.chat.create()

    def kill(delta: object) -> None:
        if len(room.deltas) == 3:
            for pid in engine_children():
                os.kill(pid, signal.SIGKILL)

    room.on_delta = kill
    message = room.ask(QUESTION, "free", conversation)
    assert message.state == "died"
    assert "was killed (signal 9)" in message.problem
    assert "was kept" in message.problem
    assert message.text == "".join(delta.text for delta in room.deltas).strip()
    assert message.provenance["stop"] == "died"
    room.on_delta = lambda delta: None
    room.settings.change(answer_tokens=24)
    following = room.ask("How long are power tools lent?", "documents_first", conversation)
    assert following.state == "complete"
    check_citations(room, following)


CRASHER = """
import sys
from pathlib import Path
from tests.chat.conftest import Room

room = Room(Path(sys.argv[1]), Path(sys.argv[2]), answer_tokens=400, passages=2)
room.index(Path(sys.argv[3]))
conversation = room.chat.create()

told = []

def tell(delta):
    if not told and room.chat.message(delta.message_id).text:
        told.append(delta)
        print("stored", flush=True)

room.on_delta = tell
room.chat.ask(conversation, sys.argv[4], "free")
room.ask("How long are hand tools lent?", conversation=conversation)
"""


def test_a_killed_application_keeps_question_and_partial_answer(
    open_room: Callable[..., Room], data_dir: Path, documents: Path, starter: Path
) -> None:
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", CRASHER, data_dir, starter, documents, QUESTION],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "stored"
        process.kill()
    room = open_room()
    (conversation,) = room.chat.conversations()
    question, answer, waiting, unanswered = room.chat.messages(conversation.id)
    assert question.text == QUESTION
    assert answer.state == "died"
    assert answer.text
    assert answer.problem.startswith("Forge Desktop ended while")
    assert all(sentence.end <= len(answer.text) for sentence in answer.sentences)
    assert waiting.text == "How long are hand tools lent?"
    assert (unanswered.state, unanswered.text) == ("died", "")
    assert room.chat.seen_prompt(answer.id) is not None
    again = room.answer(room.chat.regenerate(unanswered.id))
    assert again.state == "complete"
    assert "Hand tools are lent for 14 days." in again.text


def test_a_disk_that_refuses_ends_in_a_sentence_and_is_made_up_for(answering: Room) -> None:
    """The lane's own connection stops taking writes in the middle of an answer."""
    conversation = answering.chat.create()

    def refuse(delta: object) -> None:
        answering.db.connection.execute("PRAGMA query_only=ON")

    answering.on_delta = refuse
    job = answering.chat.ask(conversation, "How long are power tools lent?")
    with pytest.raises(ForgeError, match="cannot be written"):
        answering.jobs.wait(job, 170)
    answering.on_delta = lambda delta: None
    allow = answering.jobs.start(
        "chat", "test", lambda ctx: answering.db.connection.execute("PRAGMA query_only=OFF").close()
    )
    answering.jobs.wait(allow, 60)
    question, answer = answering.chat.messages(conversation)
    assert question.text == "How long are power tools lent?"
    assert (answer.state, answer.problem) == ("died", "The end of this answer could not be stored.")
    assert answering.ask("How long are hand tools lent?", conversation=conversation).state == "complete"
    assert answering.chat.message(answer.id).state == "died"


def test_a_read_only_look_changes_nothing(quoting: Room, data_dir: Path) -> None:
    from forge_desktop.chat import Chat
    from forge_desktop.storage import Database

    quoting.ask("How long are hand tools lent?")
    token = quoting.chat.delete([quoting.chat.create("gone")])
    database = Database(data_dir / "forge.db", read_only=True)
    try:
        beside = Chat(database, quoting.jobs, quoting.events, quoting.settings, quoting.corpus, quoting.engine)
        assert len(beside.conversations()) == 1
    finally:
        database.close()
    quoting.chat.restore(token)
    assert len(quoting.chat.conversations()) == 2
