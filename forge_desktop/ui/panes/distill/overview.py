"""What the pane shows above the queue, read in one go off the window's thread: money, counts, the newest run."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from forge_desktop.base.money import shown
from forge_desktop.distill.records import Budget, Endpoint, TaskState
from forge_desktop.distill.records_pairs import PairCounts
from forge_desktop.distill.records_runs import RunSummary
from forge_desktop.students.records_gate import GateReport
from forge_desktop.students.records_versions import Version
from forge_desktop.ui.panes.distill.outcomes import capping
from forge_desktop.ui.widgets.charts import Series

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_PACE_DAYS = 7  # the forecast goes on as these went
BUDGET_NAMES = {"run": "This run", "day": "Today", "month": "This month", "total": "In total"}
WAITING: tuple[TaskState, ...] = ("queued", "drafting", "asking", "checking", "held")
RUNNING: tuple[TaskState, ...] = ("drafting", "asking", "checking")
NO_PAIRS = PairCounts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Overview:
    """`days` are (day, settled, reserved, unknown), oldest first; `thresholds` are those of duplicates: words, vectors.

    `stopped` is why the ledger allows no call, or "";
    `doubt` is what a person should look at although it allows them: a turned clock, an old backup, its mirror.
    `gate` is the newest one that has begun.
    """

    run: RunSummary | None = None
    budgets: Sequence[Budget] = ()
    days: Sequence[tuple[str, int, int, int]] = ()
    counts: Mapping[TaskState, int] = field(default_factory=dict)
    pairs: PairCounts = NO_PAIRS
    teachers: Sequence[Endpoint] = ()
    documents: int = 0
    thresholds: tuple[float, float] = (0.0, 0.0)
    stopped: str = ""
    doubt: str = ""
    gate: GateReport | None = None
    versions: Sequence[Version] = ()

    @property
    def tasks(self) -> int:
        """Tasks in all."""
        return sum(self.counts.values())

    def of(self, *states: TaskState) -> int:
        """How many tasks are in one of these states."""
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def gated(self) -> Version | None:
        """The version that carries the verdict of the newest gate, if it is still there."""
        measured = "" if self.gate is None else self.gate.gated or self.gate.version
        return next((version for version in self.versions if version.uid == measured), None)

    @property
    def active(self) -> Version | None:
        """The version that answers."""
        return next((v for v in self.versions if v.state == "active"), None)

    @property
    def has_adapters(self) -> bool:
        """Whether anything was trained or brought in, so that gates are of interest."""
        return self.gate is not None or any(not version.is_base for version in self.versions)

    def budget(self, kind: str) -> Budget | None:
        """The budget of a kind, where it is known."""
        return next((budget for budget in self.budgets if budget.kind == kind), None)


def read(forge: Forge) -> Overview:
    """Everything, as it is now. For an errand."""
    runs = forge.distill.runs()
    run = runs[0] if runs else None
    ledger = forge.providers.ledger
    return Overview(
        run=run,
        budgets=tuple(ledger.budgets(run.uid if run else "")),
        days=tuple(sorted(ledger.by_day(31))),
        counts=forge.distill.tasks.counts(),
        pairs=forge.distill.pairs.counts(),
        teachers=tuple(e for e in forge.providers.endpoints.for_role("answer") if e.enabled),
        documents=forge.corpus.shelf.stats().documents,
        thresholds=(forge.settings.values.duplicate_share, forge.settings.values.duplicate_cosine),
        stopped=ledger.stopped,
        doubt=ledger.held or ledger.notice or ledger.mirror_problem,
        gate=next((gate for gate in forge.students.gates.all() if gate.state != "waiting"), None),
        versions=tuple(forge.students.registry.versions()),
    )


@dataclass(frozen=True)
class Ended:
    """The run that ended, and which kind of cap leaves the least."""

    run: RunSummary
    capped: str


def ended(forge: Forge) -> Ended | None:
    """The newest run, as the ledger has it now; None where there is none. For an errand."""
    runs = forge.distill.runs()
    return Ended(runs[0], capping(forge.providers.ledger.budgets(runs[0].uid))) if runs else None


def per_pair(run: RunSummary | None) -> str:
    """What a kept pair cost so far: "$0.031 per kept pair", "" before there is one."""
    if run is None or not run.kept:
        return ""
    return f"{shown((run.settled + run.unknown) // run.kept)} per kept pair"


def month_series(days: Sequence[tuple[str, int, int, int]], cap: int | None, today: datetime.date) -> Series:
    """What was spent since the month began, added up, and where it goes if the days to come are as the last ones."""
    spent = {day: settled + reserved + unknown for day, settled, reserved, unknown in days}
    first = today.replace(day=1)
    total, points = 0, []
    for offset in range((today - first).days + 1):
        day = first + datetime.timedelta(offset)
        total += spent.get(day.isoformat(), 0)
        points.append((_day_words(day), float(total)))
    recent = [spent.get((today - datetime.timedelta(back)).isoformat(), 0) for back in range(_PACE_DAYS)]
    pace = sum(recent) / _PACE_DAYS
    end = (first + datetime.timedelta(32)).replace(day=1) - datetime.timedelta(1)
    forecast = [
        (_day_words(today + datetime.timedelta(ahead)), total + pace * ahead)
        for ahead in range(1, (end - today).days + 1)
    ]
    limit = None if cap is None else float(cap)
    words = "" if cap is None else f"Cap {shown(cap)}"
    return Series(points, forecast if pace else (), limit, words)


def _day_words(day: datetime.date) -> str:
    return f"{day.day} {day:%b}"
