"""An application without a face, with the sample read in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.forge import Forge


@pytest.fixture
def forge(data_dir: Path, sample_dir: Path) -> Iterator[Forge]:
    """The rooms over a fresh data directory that holds the sample."""
    with contextlib.closing(Forge(data_dir, holder="a test")) as rooms:
        rooms.settings.override(answer_tokens=40)
        rooms.jobs.wait(rooms.corpus.index([sample_dir]))
        yield rooms
