"""Whatever was done before and after a backup: with it put back, the same money counts and the books are sound."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.ledger import Ledger
from tests.providers.ledgers import DAY, USED, SetClock, answer, call, opened

ExpectLog = Callable[[str], None]


class History:
    """Random calls, ends, caps and clocks."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clock = SetClock()
        self.under_way: list[str] = []

    def go_on(self, ledger: Ledger, steps: int) -> None:
        """So many steps; what is refused is refused."""
        for _ in range(steps):
            with contextlib.suppress(ForgeError):
                self._step(ledger, self.chance.randrange(10))

    def _step(self, ledger: Ledger, kind: int) -> None:
        chance = self.chance
        if kind <= 2:
            attempt = ledger.reserve(call(chance.randrange(300), run=chance.choice(("", "run"))))
            self.under_way.append(attempt)
            if chance.random() < 0.8:
                ledger.sent(attempt)
        elif kind <= 5 and self.under_way:
            attempt = self.under_way.pop(chance.randrange(len(self.under_way)))
            if kind == 3:
                ledger.settle(attempt, USED, chance.randrange(305), answer())
            else:
                (ledger.lose if kind == 4 else ledger.release)(attempt, "x")
        elif kind == 6:
            ledger.set_cap(chance.choice(("day", "month", "total")), chance.randrange(5_000))  # type: ignore[arg-type]
        elif kind == 7:
            move = self.clock.turn if chance.random() < 0.5 else self.clock.pass_time
            move(chance.choice((1, 3, 40)) * DAY)
        elif kind == 8:
            ledger.go_on("x")
        else:
            for made in ledger.attempts(state="unknown", limit=1):
                ledger.correct(made.uid, chance.randrange(300), "x")


@pytest.mark.parametrize(
    "seeds", [range(10), pytest.param(range(10, 250), marks=pytest.mark.full)], ids=["few", "many"]
)
def test_a_backup_put_back_counts_the_same(data_dir: Path, expect_log: ExpectLog, seeds: range) -> None:
    expect_log("older than the ledger's mirror")
    for seed in seeds:
        folder, history = data_dir / str(seed), History(seed)
        folder.mkdir()
        with opened(folder, history.clock) as ledger:
            ledger.open_run("run", 20_000)
            history.go_on(ledger, history.chance.randrange(30))
            with contextlib.closing(sqlite3.connect(folder / "forge.db")) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copyfile(folder / "forge.db", folder / "backup.db")
            history.go_on(ledger, history.chance.randrange(40))
            made = {one.uid: one.cost for one in ledger.attempts(limit=10_000)}
            run, total = ledger.budgets("run")[0], ledger.budgets()[-1]
            caps, stopped = ledger.caps(), ledger.stopped
        for end in ("", "-wal", "-shm"):
            (folder / f"forge.db{end}").unlink(missing_ok=True)
        shutil.copyfile(folder / "backup.db", folder / "forge.db")
        with opened(folder, history.clock) as ledger:
            assert {one.uid: one.cost for one in ledger.attempts(limit=10_000)} == made, seed
            assert (ledger.budgets("run")[0], ledger.budgets()[-1]) == (run, total), seed
            assert (ledger.caps(), ledger.stopped) == (caps, stopped), seed
            ledger.recover()
