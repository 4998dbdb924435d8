"""The students room with real files, jobs and an engine that is not loaded unless a test asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_desktop.base.events import Event, Events
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import Engine
from forge_desktop.storage import Database
from forge_desktop.students import Students
from tests.data import tiny_gguf


@dataclass
class Room:
    """The room and what it stands on; `seen` are the events since it was opened."""

    students: Students
    engine: Engine
    jobs: Jobs
    seen: list[Event]

    def add(self, path: Path) -> int:
        """Import a file and wait for the student's id."""
        found = self.jobs.wait(self.students.import_gguf(path), timeout=60)
        assert isinstance(found, int)
        return found


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A tiny student to import."""
    return tiny_gguf.write(tmp_path / "Tiny-Chat.F32.gguf")


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A tiny student in the starter's place."""
    return tiny_gguf.write(tmp_path / "starter.gguf", layers=3)


@pytest.fixture
def open_room(data_dir: Path) -> Iterator[Callable[[Path], Room]]:
    """Opens the room on the data directory; opening again closes the one before."""
    closing: list[Callable[[], None]] = []

    def close() -> None:
        while closing:
            closing.pop()()

    def make(starter: Path) -> Room:
        close()
        events, seen = Events(), []
        settings = SettingsFile(data_dir / "settings.json", events)
        settings.change(threads=1)
        events.subscribe(seen.append)
        database = Database(data_dir / "forge.db")
        closing.append(database.close)
        engine = Engine(database, events, settings)
        closing.append(engine.close)
        jobs = Jobs(events)
        closing.append(jobs.close)
        return Room(Students(database, jobs, events, engine, starter), engine, jobs, seen)

    yield make
    close()
