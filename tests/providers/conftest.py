"""The tests' teacher, for every test of this room (others import `Teacher` and use it as a context manager)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.room import Room, open_room
from tests.providers.teacher import Teacher


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """A well-behaved teacher on loopback."""
    with Teacher() as made:
        yield made


@pytest.fixture
def room(data_dir: Path) -> Iterator[Room]:
    """Providers on a fresh data directory."""
    with open_room(data_dir) as made:
        yield made
