"""One run of one gate: measure what is missing, choose a scale, decide, and keep all of it as it comes."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.engine import StudentSpec
from forge_desktop.students import deciding, gate_cautions, statistics
from forge_desktop.students.gate_items import GateItem
from forge_desktop.students.gate_plan import GatePlan, PlannedSuite, Planner
from forge_desktop.students.judging import Judge
from forge_desktop.students.measure_machine import machine_facts
from forge_desktop.students.measuring import NOT_FINITE, Measurer
from forge_desktop.students.records_gate import GateProgress
from forge_desktop.students.registry import Registry
from forge_desktop.students.retrieval_gate import of_versions
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.scaling import Both, change, choose, outcome, scaled
from forge_desktop.students.store_gates import BASELINE, CANDIDATE, GateRow, GateStore, Measured

_CHUNK = 4  # times the width: what is measured between two looks at the table
_LEAST_TRIED = 8  # items whose equality shows that an adapter changes nothing


class Gating:
    """Works on a gate whose row is there; what was measured before is taken from the table. Used once, in its job."""

    def __init__(self, rooms: Rooms, registry: Registry, planner: Planner, store: GateStore, row: GateRow) -> None:
        self._rooms, self._registry, self._planner, self._store, self._row = rooms, registry, planner, store, row
        self._done = self._total = 0
        self._same_base = True
        self._templates = {True: "", False: ""}  # by whether it is the baseline's
        self._known: dict[tuple[str, str], dict[int, Measured]] = {}
        self._conditions: dict[str, Any] = dict(row.conditions.get("engine", {}))

    def run(self, ctx: JobContext) -> None:
        """Do it all. The gate's state says how it ended, whatever that is; errors are raised as well."""
        state, problem = "interrupted", ""
        try:
            self._run(ctx)
            state = "done"
        except Cancelled:
            state = "cancelled"
            raise
        except ForgeError as error:
            state, problem = "failed", " ".join(filter(None, (error.message, error.hint)))
            raise
        finally:
            if state != "done":
                with contextlib.suppress(ForgeError):  # a full disk: the next start finds it running, and interrupted
                    self._store.change(self._row.uid, state=state, problem=problem)
            self._rooms.events.changed("gates", "versions")

    def _run(self, ctx: JobContext) -> None:
        row = self._row
        self._tell(ctx, "Looking for leaks")
        version, baseline = self._registry.version(row.version), self._registry.version(row.baseline)
        plan = self._planner.plan(
            version,
            baseline,
            row.wish,
            lambda done, total: ctx.progress(
                done, total, "Looking for leaks", detail=self._detail("Looking for leaks")
            ),
            known=row.suites,
        )
        self._same_base = plan.same_base
        self._templates = {True: baseline.template, False: version.template}
        self._keep(plan)
        own = self._registry.spec(version.uid)
        specs = {BASELINE: self._registry.spec(baseline.uid), CANDIDATE: own}
        self._total = _wanted(plan)
        with contextlib.closing(self._rooms.engine.beside()) as engine:
            measurer = Measurer(engine, row.wish, ctx.check)
            scale = self._scale(ctx, plan, specs, measurer)
            specs[CANDIDATE] = scaled(own, scale)
            self._measure(ctx, plan, specs, measurer)
        self._decide(ctx, plan, scale, measurer)

    def _keep(self, plan: GatePlan) -> None:
        """Keep what will be asked, before anything is."""
        with self._rooms.db.write() as connection:
            self._store.change(self._row.uid, connection=connection, suites=[one.info for one in plan.suites])
            for suite in plan.suites:
                parts = [*((item, "test") for item in suite.test), *((item, "validation") for item in suite.validation)]
                self._store.put_questions(connection, self._row.uid, suite.info.sha256, parts)
        self._rooms.events.changed("gates")

    # ---- measuring ----

    def _measure(self, ctx: JobContext, plan: GatePlan, specs: Mapping[str, StudentSpec], measurer: Measurer) -> None:
        """Both arms on every item that counts, a few items of each in turn where no base has to be loaded for it."""
        chunks = [(suite, part) for suite in plan.suites for part in self._chunks(suite.test)]
        if not plan.same_base:
            for arm in (BASELINE, CANDIDATE):
                for suite, part in chunks:
                    self._fill(ctx, suite, part, arm, specs[arm], measurer)
            return
        for suite, part in chunks:
            pairs = [self._fill(ctx, suite, part, arm, specs[arm], measurer) for arm in (BASELINE, CANDIDATE)]
            tried = [(pairs[0][item.n], pairs[1][item.n]) for item in part]
            if len(tried) >= min(_LEAST_TRIED, len(suite.test)) and not any(
                deciding.differs(one, two) for one, two in tried
            ):
                return  # the adapter changes nothing: what else is asked would be the same
            if any(two.scores.get(NOT_FINITE) for _, two in tried):
                return  # and one with which nothing can be computed is refused as it is

    def _fill(
        self,
        ctx: JobContext,
        suite: PlannedSuite,
        part: Sequence[GateItem],
        arm: str,
        spec: StudentSpec,
        measurer: Measurer,
        *,
        answers: bool = True,
    ) -> dict[int, Measured]:
        """What an arm makes of these items: measured where that is missing, and kept at once."""
        sha256 = suite.info.sha256
        known = self._measured(sha256, arm)
        missing = [item for item in part if item.n not in known]
        note = f"{suite.info.name}, {arm}"
        self._tell(ctx, note)
        if missing:
            template = self._templates[arm == BASELINE]
            found = measurer.measure(spec, missing, template=template, answers=answers)
            if arm == CANDIDATE:
                others = self._measured(sha256, BASELINE)
                found = [
                    dataclasses.replace(
                        one, change=change(others[one.n], one, self._row.wish.primary, same_base=self._same_base)
                    )
                    if one.n in others
                    else one
                    for one in found
                ]
            if arm not in self._conditions:
                self._conditions[arm] = dict(measurer.conditions)
                self._store.change(self._row.uid, conditions={"engine": self._conditions})
            self._store.put_items(self._row.uid, sha256, arm, found)
            known.update((one.n, one) for one in found)
        self._done += len(part)
        self._tell(ctx, note)
        return known

    def _measured(self, suite: str, arm: str) -> dict[int, Measured]:
        """What an arm made of a suite so far: read once, then kept up with what is stored."""
        if (suite, arm) not in self._known:
            self._known[suite, arm] = self._store.measured(self._row.uid, suite, arm)
        return self._known[suite, arm]

    def _chunks(self, items: Sequence[GateItem]) -> Iterator[Sequence[GateItem]]:
        size = _CHUNK * self._row.wish.width
        return (items[low : low + size] for low in range(0, len(items), size))

    # ---- the scale ----

    def _scale(self, ctx: JobContext, plan: GatePlan, specs: Mapping[str, StudentSpec], measurer: Measurer) -> float:
        """The adapter's scale to measure: the one that is wished for, or the best of several on the validation part."""
        own, wish = plan.version.scale, plan.wish
        if len(wish.scales) == 1:
            self._store.change(self._row.uid, scale=own * wish.scales[0])
            return own * wish.scales[0]
        tried = [self._tried(ctx, plan, own * share, specs, measurer) for share in sorted(wish.scales)]
        best = choose(tried, wish.margins.nll)
        sweep = [{**one, "chosen": one["scale"] == best} for one in tried]
        self._store.change(self._row.uid, scale=best, sweep=sweep)
        return best

    def _tried(
        self, ctx: JobContext, plan: GatePlan, scale: float, specs: Mapping[str, StudentSpec], measurer: Measurer
    ) -> dict[str, Any]:
        """How a scale does on the validation parts: the gain in the targets, and what the regression suite loses."""
        gained: list[Both] = []
        kept: list[Both] = []
        spec, arm = scaled(specs[CANDIDATE], scale), f"scale:{scale:g}"
        for suite in plan.suites:
            target = suite.info.role == "target"
            for part in self._chunks(suite.validation):
                before = self._fill(ctx, suite, part, BASELINE, specs[BASELINE], measurer, answers=target)
                after = self._fill(ctx, suite, part, arm, spec, measurer, answers=target)
                (gained if target else kept).extend((before[item.n], after[item.n]) for item in part)
        return outcome(scale, plan.wish.primary, gained, kept, same_base=plan.same_base)

    # ---- the end ----

    def _decide(self, ctx: JobContext, plan: GatePlan, scale: float, measurer: Measurer) -> None:
        uid, wish = self._row.uid, plan.wish
        measured = []
        for suite in plan.suites:
            counted = {item.n for item in suite.test}
            arms = [
                {n: one for n, one in self._measured(suite.info.sha256, arm).items() if n in counted}
                for arm in (BASELINE, CANDIDATE)
            ]
            measured.append((suite, (arms[0], arms[1])))
        preferences, judged = Judge(self._rooms, self._store, uid, wish).ask(measured, ctx) if wish.judge else ({}, {})
        arms_of = [(suite.info, arms) for suite, arms in measured]
        found = deciding.decide(arms_of, wish, same_base=plan.same_base, preferences=preferences)
        cautions = gate_cautions.of_figures(arms_of, found.metrics, wish)
        left_out = [sentence for suite, arms in measured if (sentence := _unmeasured(suite, arms))]
        conditions = {
            "engine": self._conditions,
            "machine": machine_facts(),
            "sampling": dataclasses.asdict(measurer.sampling),
            "width": wish.width,
            "speed": {
                arm: _speed([one for _, arms in measured for one in arms[number].values()])
                for number, arm in enumerate((BASELINE, CANDIDATE))
            },
            "retrieval": of_versions(self._rooms, [suite for suite, _ in measured], plan),
            "judge": judged,
            "card": [*plan.card, *left_out, *cautions],
            "vetoes": list(found.vetoes),
        }
        self._end(plan, scale, found, conditions)

    def _end(self, plan: GatePlan, scale: float, found: deciding.Judged, conditions: dict[str, Any]) -> None:
        """The verdict and what the registry makes of it, in one transaction."""
        uid = self._row.uid
        with self._rooms.db.write() as connection:
            gated = self._registry.record_gate(connection, plan.version.uid, uid, found.verdict, scale)
            self._store.change(
                uid,
                connection=connection,
                state="done",
                verdict=found.verdict,
                metrics=found.metrics,
                reasons=found.reasons,
                conditions={**conditions, "gated": gated or plan.version.uid},
                problem="",
                ended=time.time(),
            )

    def _tell(self, ctx: JobContext, note: str) -> None:
        ctx.progress(min(self._done, self._total), self._total or None, note, detail=self._detail(note))

    def _detail(self, note: str) -> Callable[[], object]:
        return lambda: GateProgress(self._row.uid, self._done, self._total, note)


def _wanted(plan: GatePlan) -> int:
    """How many answers are wanted: both arms of what counts, and of each scale what it is tried with."""
    tried = len(plan.wish.scales) if len(plan.wish.scales) > 1 else 0
    return sum(2 * len(suite.test) + 2 * tried * len(suite.validation) for suite in plan.suites)


def _speed(measured: Sequence[Measured]) -> dict[str, float | None]:
    """How fast an arm answered, many at once: milliseconds an answer, and tokens a second of each."""
    took = [ms for one in measured if (ms := one.scores.get("milliseconds")) is not None and not one.problem]
    rates = [rate for one in measured if (rate := one.scores.get("tokens_per_second"))]
    return {
        "answers": len(took),
        "milliseconds_p50": statistics.percentile(took, 0.5),
        "milliseconds_p95": statistics.percentile(took, 0.95),
        "tokens_per_second": statistics.percentile(rates, 0.5),
    }


def _unmeasured(suite: PlannedSuite, arms: tuple[Mapping[int, Measured], Mapping[int, Measured]]) -> str:
    out = [n for n, one in arms[0].items() if one.problem or (n in arms[1] and arms[1][n].problem)]
    if not out:
        return ""
    named = ", ".join(map(str, sorted(out)[:20])) + (" …" if len(out) > 20 else "")
    why = next(one.problem for n in out for arm in arms if n in arm and (one := arm[n]).problem)
    return f"{len(out)} of {len(suite.test)} items of {suite.info.name} could not be measured ({named}): {why}"
