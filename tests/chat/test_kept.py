"""What a conversation was read as stays: for the next question, over a restart, and not after it was deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.chat.conftest import Room


def test_a_conversation_goes_on_from_what_was_read(
    answering: Room, open_room: Callable[..., Room], data_dir: Path, starter: Path
) -> None:
    room, kv = answering, data_dir / "kv"
    conversation = room.chat.create()
    first = room.ask("How long are power tools lent?", conversation=conversation).provenance
    second = room.ask("What does it cost when they come late?", conversation=conversation).provenance
    read = int(str(first["prompt_tokens"])) + int(str(first["answer_tokens"])) - 1
    assert int(str(second["reused_tokens"])) >= read
    stored = room.db.rows("SELECT raw, tokens, provenance FROM messages WHERE role = 'assistant'")
    assert [len(row["tokens"]) // 4 for row in stored] == [first["answer_tokens"], second["answer_tokens"]]

    room = open_room(starter, answer_tokens=16, passages=2)
    third = room.ask("And who is the treasurer?", conversation=conversation).provenance
    assert int(str(third["restored_tokens"])) >= int(str(second["prompt_tokens"]))
    room.engine.eject()
    assert len(list(kv.iterdir())) == 1
    room.chat.delete([conversation])
    assert list(kv.iterdir()) == []
