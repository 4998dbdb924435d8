"""The version in use: kept with every answer, its template and search in force, a person's own choice before them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from forge_desktop.engine import StudentSpec
from tests.data import tiny_gguf

from .conftest import Room

SHA256 = "a" * 64  # of no importance here: nobody checks the file
LOUD = tiny_gguf.CHATML.replace("'<|im_start|>' + message['role']", "'<|im_start|>LOUD ' + message['role']")
OWN = LOUD.replace("LOUD", "MINE")


def prompt_of(room: Room, message_id: int) -> str:
    seen = room.chat.seen_prompt(message_id)
    assert seen is not None
    return seen.text


def test_an_answer_says_which_version_gave_it_and_is_made_as_that_version_says(
    open_room: Callable[..., Room], documents: Path, tmp_path: Path
) -> None:
    student = tiny_gguf.write(tmp_path / "tiny.gguf", context=4096)
    room = open_room(answer_tokens=16, passages=3, neighbours=0)
    room.index(documents)
    room.engine.use(StudentSpec("Mine", str(student), SHA256, label="v3"))
    room.chat.use(LOUD, {"passages": 1, "neighbours": 1}, version="f" * 64, label="v3")
    first = room.ask("How long are hand tools lent, and what does sharpening a chisel cost?")
    facts = first.provenance
    assert (facts["student"], facts["version"], facts["version_uid"]) == ("Mine", "v3", "f" * 64)
    assert (facts["adapter_sha256"], facts["scale"]) == (None, None)
    assert len(facts["passages_offered"]) == 1  # type: ignore[arg-type]
    assert "LOUD system" in prompt_of(room, first.id)
    resolved = room.chat.options.resolved(None)
    assert (resolved.options.template, resolved.origins["template"]) == (LOUD, "version")
    assert room.chat.options.of_student("b" * 64, "").options.template == ""  # another student

    room.chat.options.change_student(SHA256, {"template": OWN})  # what a person chose goes before it
    second = room.ask("How long are hand tools lent?")
    assert "MINE system" in prompt_of(room, second.id)
    room.chat.options.change_student(SHA256, {"template": None})

    room.settings.override(passages=2)  # so does what was asked for this once
    third = room.ask("How long are hand tools lent, and what does sharpening a chisel cost?")
    assert len(third.provenance["passages_offered"]) == 2  # type: ignore[arg-type]

    room.engine.use(StudentSpec("Mine", str(student), SHA256, label="v4"))  # the chat was not told yet
    fourth = room.ask("How long are hand tools lent?")
    assert (fourth.provenance["version"], fourth.provenance["version_uid"]) == ("v4", None)
    room.chat.use("", {})
    assert "LOUD" not in prompt_of(room, room.ask("How long are hand tools lent?").id)


def test_where_nobody_answered_no_version_is_named(quoting: Room) -> None:
    quoting.chat.use("", {}, version="f" * 64, label="v3")
    message = quoting.ask("How long are hand tools lent?")
    assert message.provenance["version"] is None
    assert message.provenance["version_uid"] is None
