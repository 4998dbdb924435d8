"""Runs and bases by what people call them, and what to do with a run that cannot go on."""

from __future__ import annotations

from forge_desktop.base.errors import ForgeError
from forge_desktop.students.store import Base, Bases
from forge_desktop.students.store_training import OPEN, RunRow, TrainingStore

RESUMABLE = ("interrupted", "cancelled", "failed")


def find_run(store: TrainingStore, name: str) -> RunRow:
    """The run of this uid, the beginning of it, this number or this name. Raises ForgeError for none or several."""
    if (found := store.find(name)) is not None:
        return found
    called = [row for row in store.all() if row.name.casefold() == name.casefold()]
    if len(called) > 1:
        numbers = ", ".join(str(row.number) for row in called)
        raise ForgeError(f"Several training runs are called {name}.", hint=f"Name one by its number: {numbers}.")
    if not called:
        raise ForgeError(
            f"There is no training run {name}.", hint="Look at the list of runs again.", commands=["train --runs"]
        )
    return called[0]


def find_base(bases: Bases, name: str) -> Base:
    """The base called so, or whose sha256 begins so. Raises ForgeError for none or several."""
    every = bases.all()
    found = [base for base in every if name in (base.sha256, base.name)]
    found = found or [base for base in every if base.name.casefold() == name.casefold()]
    if not found and len(name) >= 4:
        found = [base for base in every if base.sha256.startswith(name.lower())]
    if len(found) != 1:
        known = ", ".join(base.name for base in found or every) or "none"
        what = "Several students are" if found else "There is no student"
        raise ForgeError(f"{what} called {name}.", hint=f"Name one by the start of its sha256; known: {known}.")
    return found[0]


def instead_of_resuming(row: RunRow) -> tuple[str, list[str]]:
    """What to do with a run that cannot be resumed, and the command of the command line for it."""
    if row.state in OPEN:
        return "Wait for its end.", []
    if row.state == "diverged":
        return "Start a new run with a lower learning rate.", []
    if row.state in RESUMABLE:
        return "It ended before it trained: start a new run from the same pairs.", []
    return "It is over, but can be done again.", [f"train --again {row.uid[:8]}"]
