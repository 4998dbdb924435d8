"""While an endpoint answers in the chat, what needs a student on this computer has an engine beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import Continuation, Lesson
from tests.engine.conftest import say, spec_of
from tests.engine.test_remote import GREEDY, Room, open_room  # noqa: F401 - the fixture
from tests.providers.teacher import Teacher

LESSON = Lesson((say("Why?"),), "Because.")


def test_a_remote_student_is_asked_on_while_a_local_one_scores_beside(
    open_room: Callable[..., Room],  # noqa: F811
    tiny: Path,
) -> None:
    room = open_room(Teacher())
    with pytest.raises(ForgeError, match="A remote student's tokens are not known here") as error:
        room.engine.tokenise([LESSON])
    assert error.value.hint == "Choose a student on this computer."
    beside = room.engine.beside()
    try:
        beside.use(spec_of(tiny))
        [lesson] = beside.tokenise([LESSON])
        [scored] = beside.score([Continuation(LESSON.messages, LESSON.answer)], width=8).items
        assert lesson.ids[lesson.start : -1] == scored.ids
        answer = room.engine.generate(LESSON.messages, GREEDY, lambda _: None)
        assert (answer.origin != "", answer.adapter_sha256, answer.label) == (True, "", "")
        assert (room.engine.pid, room.engine.state().remote) == (None, "127.0.0.1")
        assert beside.pid is not None
    finally:
        beside.close()
    assert beside.pid is None
