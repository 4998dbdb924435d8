"""What the ledger's tests share: a clock that is set by hand, calls, answers, and a ledger on a database of its own."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forge_desktop.providers.ledger import Ledger, NewAnswer, NewAttempt
from forge_desktop.providers.records import Purpose, Usage
from forge_desktop.storage import Database

NOON = 1_795_694_400.0  # 2026-11-26 12:00 UTC
DAY = 86_400.0
USED = Usage(10, 5)
_numbers = itertools.count(1)


@dataclass
class SetClock:
    """Both clocks stand still until they are moved; `turn` moves only the wall clock."""

    wall: float = NOON
    gone: float = 1_000.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.gone

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.gone += seconds

    def turn(self, seconds: float) -> None:
        self.wall += seconds


def call(worst: int = 100, *, run: str = "", **changes: Any) -> NewAttempt:
    """A call of its own piece of work."""
    n = next(_numbers)
    purpose = Purpose("teacher", run=run, task=f"task-{n}", step="answer")
    made = NewAttempt("endpoint", "Loopback", "model", purpose, f"{n:064x}", "f" * 64, worst)
    return replace(made, **changes)


def answer(text: str = "An answer.") -> NewAnswer:
    return NewAnswer(text, "", "end", 12.5, None)


def pay(ledger: Ledger, new: NewAttempt, cost: int) -> str:
    """A call from its reservation to its settlement; the attempt's uid."""
    attempt = ledger.reserve(new)
    ledger.sent(attempt)
    ledger.settle(attempt, USED, cost, answer())
    return attempt


@contextlib.contextmanager
def opened(data_dir: Path, clock: SetClock | None = None, *, sound: bool = True, **options: Any) -> Iterator[Ledger]:
    """A ledger on the data directory's database, closed at the end and found to be sound."""
    with (
        contextlib.closing(Database(data_dir / "forge.db")) as db,
        contextlib.closing(Ledger(db, data_dir, clock or SetClock(), **options)) as ledger,
    ):
        yield ledger
        if sound:
            assert ledger.verify() == []
