"""The verb `gate`: two versions on the same questions, what follows, and searches compared by what they find."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.base.money import parse_usd
from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output, counted
from forge_desktop.forge import Forge
from forge_desktop.students.records_gate import (
    GateProgress,
    GateReport,
    GateWish,
    ItemResult,
    Margins,
    Metric,
    RetrievalArm,
    RetrievalResult,
)

_NOT_PASSED = 1
_UNITS = {"nll": ("", 1.0)}  # other metrics are shares, shown as points of a hundred


def gate(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do what the options say."""
    if options.list:
        return _list(forge, options, out)
    if options.show:
        return _tell(forge.students.gates.get(options.show), out, status=False)
    if options.items:
        return _items(forge, options, out)
    if options.retrieval:
        return _retrieval(forge, options, out)
    if options.resume:
        job = forge.students.gates.resume(options.resume)
    else:
        if not options.version:
            raise ForgeError("Which version shall be measured?", hint="`forge-desktop students list` names them.")
        job = forge.students.gates.start(options.version, _wish(forge, options, out))
    with jobs.listening(forge, _progress(out)):
        try:
            found = jobs.wait(forge, job)
        except (KeyboardInterrupt, Cancelled):
            out.clear()
            out.note(
                "What was measured is kept: forge-desktop gate --resume with the number that --list gives goes on."
            )
            raise
    out.clear()
    assert isinstance(found, GateReport)
    return _tell(found, out)


def _wish(forge: Forge, options: argparse.Namespace, out: Output) -> GateWish:
    """The wish that the options make; a suite that is a file is brought in first."""
    usual = GateWish()
    margins = Margins(
        nll=_or(options.margin_nll, usual.margins.nll),
        exact_match=_or(options.margin_exact_match, usual.margins.exact_match),
        citation_validity=_or(options.margin_citations, usual.margins.citation_validity),
    )
    return GateWish(
        suites=tuple(_suite(forge, each, options.kind, out) for each in options.suites),
        primary=options.primary,
        scales=tuple(options.scales) or usual.scales,
        margins=margins,
        baseline=options.baseline or "",
        regression=options.regression,
        safety=options.safety,
        resamples=options.resamples,
        confidence=options.confidence,
        seed=options.seed,
        width=options.width,
        max_tokens=options.max_tokens,
        items=options.sample,
        judge=options.judge or "",
        cap=parse_usd(options.cap) if options.cap else 0,
    )


def _or(value: float | None, usual: float) -> float:
    return usual if value is None else value


def _suite(forge: Forge, name: str, kind: str, out: Output) -> str:
    """The name of a kept suite: of this name, or made of this file."""
    if any(name in (suite.name, suite.uid) for suite in forge.distill.suites.all()):
        return name
    file = Path(name)
    if not file.is_file():
        raise ForgeError(
            f"There is no suite and no file called {name}.", hint="`forge-desktop distill suite list` names the suites."
        )
    found = jobs.wait(forge, forge.students.gates.bring_suite(file, kind=kind))
    from forge_desktop.distill.records import Suite  # not for those who only ask for the status

    assert isinstance(found, Suite)
    out.note(f"{file.name} is kept as the {found.kind} suite {found.name}.")
    return found.uid


# ---- what came of it ----


def report_fields(found: GateReport) -> dict[str, object]:
    """A gate as the JSON object of `gate`."""
    wish = dataclasses.asdict(found.wish)
    wish.pop("cap")
    return {
        "gate": found.uid,
        "number": found.number,
        "version": found.version,
        "label": found.label,
        "gated": found.gated,
        "baseline": found.baseline,
        "baseline_label": found.baseline_label,
        "state": found.state,
        "verdict": found.verdict,
        "passed": found.verdict == "passed",
        "scale": found.scale,
        "metrics": [dataclasses.asdict(metric) for metric in found.metrics],
        "suites": [
            {
                **dataclasses.asdict(suite),
                "leaks": [{"item": item, "pair": pair, "method": method} for item, pair, method in suite.leaks],
            }
            for suite in found.suites
        ],
        "sweep": list(found.sweep),
        "reasons": list(found.reasons),
        "vetoes": list(found.vetoes),
        "card": list(found.card),
        "conditions": found.conditions,
        "wish": wish,
        "problem": found.problem,
        "created": found.created,
        "ended": found.ended,
    }


def _tell(found: GateReport, out: Output, *, status: bool = True) -> int:
    out.result(report_fields(found))
    what = found.verdict or found.state
    at = f" at the scale {found.scale:g}" if found.sweep or found.scale != 1.0 else ""
    out.line(f"Gate {found.number}: {found.label} against {found.baseline_label}{at}: {what}")
    for metric in found.metrics:
        out.line(f"  {_in_words(metric)}")
    for sentence in found.reasons:
        out.line(f"  {sentence}")
    for sentence in found.card:
        out.line(f"  Note: {sentence}")
    if found.problem:
        out.line(f"  {found.problem}")
    return _NOT_PASSED if status and found.verdict != "passed" else 0


def _in_words(metric: Metric) -> str:
    digits, factor = (3, 1.0) if metric.name == "nll" else (1, 100.0)
    numbers = [metric.baseline, metric.candidate, metric.difference, metric.low, metric.high]
    before, after, moved, low, high = (factor * each for each in numbers)
    mark = {True: "holds", False: "fails", None: "not decided"}[metric.holds] if metric.decides else ""
    return (
        f"{metric.suite:12.12} {metric.name:18} {before:8.{digits}f} {after:8.{digits}f} {moved:+8.{digits}f}"
        f" ({low:+.{digits}f} to {high:+.{digits}f})  {counted(metric.items, 'item')}  {mark}".rstrip()
    )


def _list(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found = forge.students.gates.all(options.version or "")
    shipped = forge.students.gates.shipped()
    out.result(
        {
            "gates": [report_fields(each) for each in found],
            "shipped": [{"name": one.name, "sha256": one.sha256, "items": one.items} for one in shipped],
        }
    )
    for each in found:
        out.line(
            f"{each.number:4}  {each.label} against {each.baseline_label}  {each.verdict or each.state}"
            f"  scale {each.scale:g}  {each.uid[:8]}"
        )
    if not found:
        out.line("There is no gate yet.")
    return 0


def _items(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    gates = forge.students.gates
    report = gates.get(options.items)
    suites = {suite.sha256: suite.name for suite in report.suites}
    wanted = next((sha256 for sha256, name in suites.items() if options.of in (name, sha256)), None)
    if options.of and wanted is None:
        raise ForgeError(
            f"Gate {report.number} asked nothing of {options.of}.", hint=f"It has {', '.join(suites.values())}."
        )
    which = {"suite": wanted or "", "change": options.only}
    found = gates.items(report.uid, **which, offset=options.offset, limit=options.limit)
    count = gates.count(report.uid, **which)
    out.result({"gate": report.uid, "count": count, "items": [_item_fields(one, suites) for one in found]})
    for one in found:
        out.line(f"{suites.get(one.suite, '')} {one.n} [{one.change}] {one.question}")
        out.text(f"  expected:  {one.expected}", under=13)
        out.text(f"  baseline:  {one.baseline_answer or one.problem}", under=13)
        out.text(f"  candidate: {one.candidate_answer or one.problem}", under=13)
    out.line(f"{len(found):,} of {counted(count, 'item')}")
    return 0


def _item_fields(one: ItemResult, suites: dict[str, str]) -> dict[str, object]:
    fields = dataclasses.asdict(one)
    fields["evidence"] = [{"n": n, "name": name, "text": text} for n, name, text in one.evidence]
    return {**fields, "suite": suites.get(one.suite, one.suite)}


# ---- searches ----


def _retrieval(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    if len(options.suites) != 1:
        raise ForgeError("Searches are compared on one suite.", hint="Name it: --suite NAME.")
    arms = [_arm(text) for text in options.arms] or [RetrievalArm("usual", passages=forge.settings.values.passages)]
    suite = _suite(forge, options.suites[0], options.kind, out)
    with jobs.listening(forge, _progress(out)):
        found = jobs.wait(forge, forge.students.gates.retrieval(suite, arms))
    out.clear()
    assert isinstance(found, list)
    out.result({"suite": options.suites[0], "arms": [_result_fields(one) for one in found]})
    for one in found:
        against = one.recall_difference
        moved = f"  {100 * against[0]:+.1f} ({100 * against[1]:+.1f} to {100 * against[2]:+.1f})" if against else ""
        out.line(
            f"{one.arm.name:16.16} recall@{one.arm.passages} {100 * one.recall:5.1f}{moved}"
            f"  MRR {one.reciprocal_rank:.3f}  {one.milliseconds:.1f} ms  {counted(one.items, 'item')}"
        )
    return 0


def _result_fields(one: RetrievalResult) -> dict[str, object]:
    def interval(found: tuple[float, float, float] | None) -> dict[str, float] | None:
        return None if found is None else dict(zip(("difference", "low", "high"), found, strict=True))

    return {
        **dataclasses.asdict(one.arm),
        "items": one.items,
        "recall": one.recall,
        "reciprocal_rank": one.reciprocal_rank,
        "recall_difference": interval(one.recall_difference),
        "reciprocal_rank_difference": interval(one.reciprocal_rank_difference),
        "milliseconds": one.milliseconds,
    }


def _arm(text: str) -> RetrievalArm:
    """Settings as they are typed: "name:passages=8,alpha=0.4,embedder=built-in"."""
    name, _, rest = text.partition(":")
    known: dict[str, Callable[[str], object]] = {"passages": int, "alpha": float, "embedder": str}
    values: dict[str, object] = {}
    for part in filter(None, (each.strip() for each in rest.split(","))):
        key, _, value = part.partition("=")
        try:
            values[key.strip()] = known[key.strip()](value.strip())
        except (KeyError, ValueError):
            raise ForgeError(
                f"{part!r} is no setting of a search.", hint="Write it as name:passages=8,alpha=0.4,embedder=built-in."
            ) from None
    if not name.strip():
        raise ForgeError(f"{text!r} has no name.", hint="Write it as name:passages=8,alpha=0.4.")
    return RetrievalArm(name.strip(), **values)  # type: ignore[arg-type]


def _progress(out: Output) -> Callable[[Event], None]:
    def show(event: Event) -> None:
        if not isinstance(event, JobChanged) or event.state != "running":
            return
        at = event.detail
        done, total, note = (
            (at.done, at.total, at.note)
            if isinstance(at, GateProgress)
            else (
                event.done,
                event.total,
                event.note,
            )
        )
        left = f", {event.seconds_left:.0f} s left" if event.seconds_left is not None and total else ""
        out.progress(f"{done:,.0f} of {total:,.0f}{left}  {note}" if total else note)

    return show
