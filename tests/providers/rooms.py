"""The parts that endpoints are made of, on a fresh database."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forge_desktop.base.events import DataChanged, Events
from forge_desktop.providers.endpoints import Endpoints
from forge_desktop.providers.keys import Keys
from forge_desktop.providers.prices import Prices
from forge_desktop.providers.records import Endpoint, Rates
from forge_desktop.providers.router import Router
from forge_desktop.storage import Database


@dataclass
class Hands:
    """A clock that is set by hand."""

    wall: float = 1_790_000_000.0
    steady: float = 1_000.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@dataclass
class Rooms:
    """Endpoints, keys, prices and the router; `told` collects the nouns of events."""

    directory: Path
    clock: Hands = field(default_factory=Hands)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.db = Database(self.directory / "forge.db")
        self.events = Events()
        self.events.subscribe(lambda event: self.told.extend(event.what) if isinstance(event, DataChanged) else None)
        self.keys = Keys()
        self.endpoints = Endpoints(self.db, self.keys, self.events, now=self.clock.now)
        self.prices = Prices(self.db, self.events, now=self.clock.now)
        self.router = Router(
            self.db, self.endpoints, self.prices, self.events, now=self.clock.now, monotonic=self.clock.monotonic
        )
        self.endpoints.when_renewed(self.router.reset)

    def add(self, name: str = "Teacher", *, priced: bool = True, key: str | None = None, **fields: Any) -> Endpoint:
        """An endpoint on loopback with a price."""
        values = {"url": "http://127.0.0.1:8080/v1", "model": "m", **fields}
        made = self.endpoints.add(self.endpoints.draft(name, **values), key)
        if priced:
            self.prices.set(made, Rates(150_000, 600_000))
        return made

    def again(self) -> Rooms:
        """The same directory after a restart."""
        self.db.close()
        return Rooms(self.directory, self.clock)
