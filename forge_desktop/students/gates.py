"""Evaluation gates: two versions on the same suites, and what follows from it."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.base.jobs import JobContext
from forge_desktop.base.paths import OwnerLock
from forge_desktop.distill import suite_rows
from forge_desktop.distill.records import Suite
from forge_desktop.distill.suites import items_sha256
from forge_desktop.students import retrieval_gate, shipped_suites
from forge_desktop.students.gate_plan import Planner, fixed
from forge_desktop.students.gating import Gating
from forge_desktop.students.records_gate import (
    GateReport,
    GateSuite,
    GateWish,
    ItemResult,
    RetrievalArm,
    RetrievalResult,
    Role,
)
from forge_desktop.students.records_versions import Version
from forge_desktop.students.registry import Registry
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Bases
from forge_desktop.students.store_gates import GateRow, GateStore
from forge_desktop.students.training import Training

_LANE = "train"
_MOST_ITEMS = 1000  # on a page
_ROLES: dict[str, Role] = {shipped_suites.REGRESSION: "regression", shipped_suites.SAFETY: "safety"}


class Gates:
    """Evaluation gates: two versions on the same suites, and what follows from it.

    Publishes DataChanged({"gates"}), with "versions" too where a verdict was recorded.
    """

    def __init__(self, rooms: Rooms, bases: Bases, registry: Registry, training: Training) -> None:
        self._rooms, self._registry = rooms, registry
        self._planner = Planner(rooms, registry, training)
        self._store = GateStore(rooms.db)
        self._read_only = bases.read_only
        self._jobs: dict[int, str] = {}  # the gate of each job
        self._queued: set[str] = set()  # gates whose job waits for its turn
        self._working: set[str] = set()  # gates that a job of this process is at
        if not self._read_only:
            self._store.interrupt()
            rooms.events.subscribe(self._on_event)

    # ---- running ----

    def start(self, version: str, wish: GateWish) -> int:
        """Measure a version against its baseline: a job (kind "gate") whose result is a GateReport, whatever the
        verdict. Raises ForgeError for a wish that cannot be.
        """
        candidate, baseline = self.check(version, wish)
        kept = fixed(wish, candidate, baseline)

        uid = uuid.uuid4().hex
        self._store.add(uid, candidate.uid, baseline.uid, candidate.scale, kept)
        return self._begin(uid)

    def check(self, version: str, wish: GateWish, *, coming: int = 0) -> tuple[Version, Version]:
        """The version and its baseline. Raises ForgeError for what cannot be; so many suites are yet to be brought."""
        self._planner.check(wish, coming)
        return self._planner.versions(version, wish)

    def resume(self, uid: str) -> int:
        """Go on with a gate that was interrupted, cancelled, or failed: what was measured is not measured again."""
        row = self._row(uid)
        if row.state == "done":
            raise ForgeError(f"Gate {row.number} is done.", hint="Start a new one.")
        if row.state in ("waiting", "running"):
            raise ForgeError(f"Gate {row.number} is {row.state}.")
        self._planner.versions(row.version, row.wish)
        self._store.change(row.uid, state="running", problem="")
        return self._begin(row.uid)

    def cancel(self, uid: str) -> None:
        """End a gate that runs or waits for its turn; what was measured is kept."""
        row = self._row(uid)
        for job in [job for job, gate in self._jobs.items() if gate == row.uid]:
            self._rooms.jobs.cancel(job)

    def _begin(self, uid: str) -> int:
        """Queue a gate that is stored; until its turn comes it is in the list as one that waits."""

        def job(ctx: JobContext) -> GateReport:
            self._working.add(uid)
            self._queued.discard(uid)
            self._rooms.events.changed("gates")
            try:
                row = self._row(uid)
                with self._registry.kept_for((row.version, row.baseline), f"Gate {row.number}"):
                    Gating(self._rooms, self._registry, self._planner, self._store, row).run(ctx)
            finally:
                self._working.discard(uid)
            return self.get(uid)

        self._queued.add(uid)  # before the job, which may begin at once
        try:
            number = self._rooms.jobs.start(_LANE, "gate", job)
        except ForgeError:
            self._queued.discard(uid)
            raise
        self._jobs[number] = uid
        self._rooms.events.changed("gates")
        return number

    def _on_event(self, event: Event) -> None:
        """A job that was cancelled while it waited for its turn never came to its gate."""
        if not isinstance(event, JobChanged) or event.kind != "gate" or event.state in ("queued", "running", "paused"):
            return
        uid = self._jobs.pop(event.job_id, "")
        if uid in self._queued:
            self._queued.discard(uid)
            self._store.change(uid, state="cancelled", problem="It was cancelled before it began.")
            self._rooms.events.changed("gates")

    # ---- looking ----

    def all(self, version: str = "") -> list[GateReport]:
        """Every gate, the newest first; of one version, or all."""
        wanted = self._registry.version(version).uid if version else ""
        known = {one.uid: one for one in self._registry.versions()}
        return [_report(self._as_it_is(row), known) for row in self._store.all(wanted)]

    def get(self, uid: str) -> GateReport:
        """A gate by its uid, the beginning of it, or its number. Raises ForgeError when there is none."""
        return _report(self._row(uid), {one.uid: one for one in self._registry.versions()})

    def items(
        self, uid: str, *, suite: str = "", change: str = "", offset: int = 0, limit: int = 100
    ) -> list[ItemResult]:
        """What both arms made of each item; of a suite (its sha256), or with a change ("better", "worse", "same")."""
        return self._store.items(self._row(uid).uid, suite, change, max(0, offset), min(max(0, limit), _MOST_ITEMS))

    def count(self, uid: str, *, suite: str = "", change: str = "") -> int:
        """How many `items` there are."""
        return self._store.count(self._row(uid).uid, suite, change)

    def shipped(self) -> tuple[GateSuite, ...]:
        """The suites that ship with the program: regression and safety."""
        found = [(role, shipped_suites.shipped(name)[0]) for name, role in _ROLES.items()]
        return tuple(GateSuite(suite.sha256, suite.name, suite.kind, role, suite.items) for role, suite in found)

    # ---- suites, and the search ----

    def bring_suite(self, file: Path, name: str = "", kind: str = "recall") -> int:
        """Keep a file of questions as a suite: a job whose result is the Suite; the one there is, if it has the same
        content already.
        """
        suites = self._rooms.distill.suites

        def job(ctx: JobContext) -> Suite:
            sha256 = items_sha256(suite_rows.read(file))
            if (known := next((one for one in suites.all() if one.sha256 == sha256), None)) is not None:
                if known.kind != kind:
                    raise ForgeError(
                        f"The questions of {file.name} are kept as the {known.kind} suite {known.name} already.",
                        hint=f"Use that one, or remove it before they are a {kind} suite.",
                    )
                return known
            wanted = name or _free_name(file.stem, {one.name for one in suites.all()})
            made = self._rooms.jobs.wait(suites.bring_in(file, wanted, kind))
            assert isinstance(made, Suite)
            return made

        return self._rooms.jobs.start("gate suites", "suite", job)

    def retrieval(self, suite: str, arms: Sequence[RetrievalArm]) -> int:
        """Compare settings of the search on a suite that names its sources: a job (kind "retrieval") whose result is a
        list of RetrievalResult. No setting is changed.
        """
        retrieval_gate.check(arms)
        self._rooms.distill.suites.get(suite)

        def job(ctx: JobContext) -> list[RetrievalResult]:
            return retrieval_gate.compare(
                self._rooms, suite, arms, lambda done, total: ctx.progress(done, total, f"Searching for {suite}")
            )

        return self._rooms.jobs.start(_LANE, "retrieval", job)

    # ---- forgetting ----

    def reached_by(self, document_sha256: str) -> tuple[GateReport, ...]:
        """The gates that asked something which rests on a document."""
        reached = set(self._store.reached_by(document_sha256))
        return tuple(report for report in self.all() if report.uid in reached) if reached else ()

    def forget(self, document_sha256: str) -> int:
        """Remove the words of what was asked and answered about a document; figures and verdicts stay. Joins the
        caller's transaction; returns how many items that were.
        """
        with self._rooms.db.write() as connection:
            found = self._store.forget(connection, document_sha256)
        if found:
            self._rooms.events.changed("gates")
        return found

    def _row(self, uid: str) -> GateRow:
        found = self._store.find(uid.strip().lower())
        if not found:
            raise ForgeError(
                f"There is no gate {uid}.", hint="Look at the list of gates again.", commands=["gate --list"]
            )
        if len(found) > 1:
            raise ForgeError(f"Several gates begin with {uid}.", hint="Use a gate's number.")
        return self._as_it_is(found[0])

    def _as_it_is(self, row: GateRow) -> GateRow:
        """A gate that nobody is at any more was interrupted, though a full disk kept that from being noted."""
        others = self._read_only and OwnerLock(self._rooms.data_dir).is_held()
        if row.state != "running" or others or row.uid in self._working:
            return row
        return dataclasses.replace(row, state="waiting" if row.uid in self._queued else "interrupted")


def _free_name(stem: str, taken: set[str]) -> str:
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem} {number}", number + 1
    return name


def _report(row: GateRow, known: dict[str, Version]) -> GateReport:
    def label(uid: str, kept: str) -> str:
        return known[uid].label if uid in known else kept or uid[:8]

    conditions = dict(row.conditions)
    return GateReport(
        uid=row.uid,
        number=row.number,
        version=row.version,
        label=label(row.version, row.label),
        baseline=row.baseline,
        baseline_label=label(row.baseline, row.baseline_label),
        state=row.state,
        verdict=row.verdict,
        scale=row.scale,
        wish=row.wish,
        suites=row.suites,
        metrics=row.metrics,
        sweep=row.sweep,
        reasons=row.reasons,
        problem=row.problem,
        created=row.created,
        ended=row.ended,
        card=tuple(conditions.pop("card", ())),
        vetoes=tuple(conditions.pop("vetoes", ())),
        gated=str(conditions.pop("gated", "")),
        conditions=conditions,
    )
