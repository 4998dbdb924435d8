"""The tests' teacher, for every test of this room (others import `Teacher` and use it as a context manager)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.teacher import Teacher


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """A well-behaved teacher on loopback."""
    with Teacher() as made:
        yield made
