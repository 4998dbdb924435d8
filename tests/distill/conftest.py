"""The application with a teacher, for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.distill.rooms import Application, answered
from tests.providers.teacher import Teacher


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """A teacher that answers well."""
    with Teacher(answered) as made:
        yield made


@pytest.fixture
def opened(data_dir: Path, teacher: Teacher) -> Iterator[Callable[..., Application]]:
    """Open the application; again to open it anew, the last one is closed first. Ends with the books compared."""
    rooms: list[Application] = []

    def made(**wish: int) -> Application:
        if rooms:
            rooms.pop().close()
        rooms.append(Application(data_dir, teacher, **wish))
        return rooms[-1]

    yield made
    for room in rooms:
        try:
            room.done()
        finally:
            room.close()


@pytest.fixture
def app(opened: Callable[..., Application], tmp_path: Path) -> Application:
    """The application with a few documents."""
    room = opened()
    room.index(tmp_path / "documents")
    return room
