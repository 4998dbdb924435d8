"""Engines for the tests of the engine room: real children, the starter student or a tiny one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import Engine, PromptMessage, PromptPart, StudentSpec
from forge_desktop.storage import Database
from tests.data import tiny_gguf

EngineMaker = Callable[..., Engine]


def spec_of(path: Path) -> StudentSpec:
    """The student in this file."""
    return StudentSpec(path.stem, str(path), hashlib.sha256(path.read_bytes()).hexdigest())


def say(text: str, *, role: str = "user", trusted: bool = False) -> PromptMessage:
    """One message of one part."""
    return PromptMessage(role, (PromptPart(text, trusted),))


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[EngineMaker]:
    """Makes engines with a data directory of their own; closes them after the test."""
    made: list[tuple[Engine, Database]] = []

    def make(student: Path | None = None, *, settings: dict[str, Any] | None = None, **options: Any) -> Engine:
        folder = tmp_path / f"engine{len(made)}"
        folder.mkdir()
        events = Events()
        file = SettingsFile(folder / "settings.json", events)
        file.change(**{"threads": 1, **(settings or {})})
        database = Database(folder / "forge.db")
        engine = Engine(database, events, file, **options)
        engine.database, engine.events, engine.settings = database, events, file  # type: ignore[attr-defined]
        made.append((engine, database))
        if student is not None:
            engine.use(spec_of(student))
        return engine

    yield make
    for engine, database in made:
        engine.close()
        database.close()


@pytest.fixture(scope="module")
def shared(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One loaded starter for a module's tests that do not harm it."""
    folder = tmp_path_factory.mktemp("shared")
    events = Events()
    settings = SettingsFile(folder / "settings.json", events)
    settings.change(threads=1)
    database = Database(folder / "forge.db")
    engine = Engine(database, events, settings)
    engine.use(spec_of(starter))
    engine.warm()
    yield engine
    engine.close()
    database.close()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny student with the usual chat template; it answers nonsense."""
    return tiny_gguf.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")
