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
from forge_desktop.forge import Forge
from forge_desktop.storage import Database
from forge_desktop.students import Students
from forge_desktop.students.records_versions import Verdict, Version
from forge_desktop.students.registry import Registry
from tests.cards.completing import complete
from tests.data import adapter_for, tiny_gguf


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


class Shop:
    """The whole application on a data directory, with a tiny base imported: v1 is the starter, v2 the tiny one."""

    def __init__(self, forge: Forge, tiny: Path) -> None:
        self.forge, self.tiny, self.seen = forge, tiny, list[Event]()
        self.forge.events.subscribe(self.seen.append)
        self.forge.settings.override(threads=1)
        self.tiny_id = forge.jobs.wait(forge.students.import_gguf(tiny), timeout=60)

    @property
    def registry(self) -> Registry:
        return self.forge.students.registry

    @property
    def base(self) -> str:
        """The tiny base's sha256."""
        return self.registry.version("v2").base_sha256

    def adapter(self, seed: int = 1, **given: object) -> Version:
        """An adapter for the tiny base is made and kept."""
        file = adapter_for.write(self.tiny.with_name(f"made-{seed}.gguf"), self.tiny, seed=seed, **given)  # type: ignore[arg-type]
        return self.registry.add(file, self.base, origin="trained", name=f"made {seed}")

    def judged(self, version: str, verdict: Verdict = "passed", scale: float = 1.0) -> str:
        """A gate says this of it; the uid of the version that it is said of, whose card is completed."""
        with self.forge.students._rooms.db.write() as connection:  # type: ignore[union-attr]
            uid = self.registry.record_gate(connection, version, "a gate", verdict, scale)
        self.forge.cards.ensure()
        complete(self.forge, uid)
        return uid

    def states(self) -> dict[str, str]:
        """Each version's state, by its label."""
        return {version.label: version.state for version in self.registry.versions()}

    def in_step(self) -> None:
        """What answers is one version, and its base is the active base."""
        active = self.registry.active()
        assert active is not None
        assert list(self.states().values()).count("active") == 1
        student = self.forge.students.active()
        assert student is not None
        assert student.sha256 == active.base_sha256
        state = self.forge.engine.state()
        assert (state.model_sha256, state.label) == (active.base_sha256, active.label)


@pytest.fixture
def open_shop(data_dir: Path, tiny: Path) -> Iterator[Callable[[], Shop]]:
    """Opens the application; opening again closes the one before."""
    opened: list[Forge] = []

    def make() -> Shop:
        while opened:
            opened.pop().close()
        opened.append(Forge(data_dir, holder="a test"))
        return Shop(opened[0], tiny)

    yield make
    while opened:
        opened.pop().close()


@pytest.fixture
def shop(open_shop: Callable[[], Shop]) -> Shop:
    """The application, opened."""
    return open_shop()
