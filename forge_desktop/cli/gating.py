"""The verb `gate`: two versions on the same questions, and what follows."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.base.money import parse_usd
from forge_desktop.cli import jobs
from forge_desktop.cli.gate_searches import searches
from forge_desktop.cli.gate_suites import GateSuites
from forge_desktop.cli.output import Output, counted
from forge_desktop.forge import Forge
from forge_desktop.students.records_gate import (
    GateProgress,
    GateReport,
    GateWish,
    ItemResult,
    Margins,
    Metric,
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
        with jobs.listening(forge, progress(out)):
            return searches(forge, options, out)
    if options.resume:
        number = forge.students.gates.get(options.resume).number
        return _measure(forge, forge.students.gates.resume(options.resume), number, out)
    return _start(forge, options, out)


def _start(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Start a gate. What is refused before it begins leaves no suite behind."""
    if not options.version:
        raise ForgeError("Which version shall be measured?", hint="`forge-desktop students list` names them.")
    if not options.suites and not options.measure_only:
        raise ForgeError(
            "Without a suite in which a gain is looked for nothing passes.",
            hint="Name one with --suite, or say --measure-only.",
        )
    gates, wish = forge.students.gates, _wish(options)
    suites = GateSuites(forge, options.suites, options.kind, out)
    gates.check(options.version, dataclasses.replace(wish, suites=suites.kept), coming=suites.files)
    if not (wish.regression and wish.safety):
        out.note("Without the regression and the safety suite it is at most not decided.")
    uid = ""
    try:
        job = gates.start(options.version, dataclasses.replace(wish, suites=suites.names()))
        newest = gates.all()[0]
        uid = newest.uid
        return _measure(forge, job, newest.number, out)
    except Cancelled:
        raise  # it goes on with its suites
    except ForgeError:
        if not uid or not gates.get(uid).suites:
            suites.undo()
        raise


def _measure(forge: Forge, job: int, number: int, out: Output) -> int:
    with jobs.listening(forge, progress(out)):
        try:
            found = jobs.wait(forge, job)
        except (KeyboardInterrupt, Cancelled):
            out.clear()
            out.note(f"What was measured is kept: forge-desktop gate --resume {number} goes on.")
            raise
    out.clear()
    assert isinstance(found, GateReport)
    return _tell(found, out)


def _wish(options: argparse.Namespace) -> GateWish:
    """The wish that the options make, without its suites."""
    usual = GateWish()
    margins = Margins(
        nll=_or(options.margin_nll, usual.margins.nll),
        exact_match=_or(options.margin_exact_match, usual.margins.exact_match),
        citation_validity=_or(options.margin_citations, usual.margins.citation_validity),
    )
    return GateWish(
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
    for sentence in (one for one in found.card if one not in found.reasons):
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


def progress(out: Output) -> Callable[[Event], None]:
    """A subscriber that shows how far a gate or a comparison is."""

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
