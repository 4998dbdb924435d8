"""A whole room of providers on a fresh database, with the tests' teacher in it as an endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers import Providers
from forge_desktop.providers.clock import Clock
from forge_desktop.providers.records import Attempt, ChatRequest, Endpoint, Purpose, Rates, Turn
from forge_desktop.storage import Database
from tests.providers.teacher import Teacher

CAP = 1_000_000
RUN = "run-1"


@dataclass
class Room:
    """Providers with their database and settings, and short ways to what tests ask."""

    providers: Providers
    db: Database
    events: Events
    settings: SettingsFile
    data_dir: Path

    def add(self, teacher: Teacher, name: str = "Teacher", **fields: Any) -> Endpoint:
        """The teacher as an endpoint, with the price it charges by."""
        return self.add_at(teacher.url, name, Rates(teacher.price_in, teacher.price_out), key=teacher.key, **fields)

    def add_at(self, url: str, name: str, rates: Rates | None, *, key: str = "", **fields: Any) -> Endpoint:
        """An endpoint at an address, with a price unless that is None."""
        draft = Endpoint(uid="", name=name, url=url, model=fields.pop("model", "teacher-small"), **fields)
        endpoint = self.providers.endpoints.add(draft, key or None)
        if rates is not None:
            self.providers.prices.set(endpoint, rates, "2026-01-01")
        return endpoint

    def attempts(self) -> list[Attempt]:
        """All of the ledger, oldest first."""
        return self.providers.ledger.attempts(newest_first=False, limit=10_000)

    def states(self) -> list[str]:
        """Their states."""
        return [attempt.state for attempt in self.attempts()]

    def charged(self) -> int:
        """All that counts against the run's cap."""
        return sum(attempt.cost for attempt in self.attempts())


@contextmanager
def open_room(data_dir: Path, *, cap: int = CAP, clock: Clock | None = None, **settings: Any) -> Iterator[Room]:
    """The room on this directory, with a run of this cap."""
    events = Events()
    file = SettingsFile(data_dir / "settings.json", events)
    for key, value in settings.items():
        file.change(**{key: value})
    db = Database(data_dir / "forge.db")
    providers = Providers(db, events, file, data_dir, clock=clock)
    try:
        providers.ledger.open_run(RUN, cap)
        yield Room(providers, db, events, file, data_dir)
    finally:
        providers.close()
        db.close()


def asked(text: str = "What is the answer?", *, max_tokens: int = 64, **more: Any) -> ChatRequest:
    """A request of a system prompt and a question."""
    return ChatRequest((Turn("system", "Answer shortly."), Turn("user", text)), max_tokens, **more)


def work(task: str = "task-1", step: str = "answer", repeat: int = 0, *, run: str = RUN) -> Purpose:
    """A teacher's call for a task of the run."""
    return Purpose("teacher", run, task, step, repeat)
