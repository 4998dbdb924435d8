"""What an evaluation gate found: rows with intervals, its terms and verdict, and what has to be said beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from forge_desktop.cards import footing
from forge_desktop.cards.filling.taken import Skipped, Taker, day
from forge_desktop.cards.grounds import VersionGrounds
from forge_desktop.cards.records import Value

if TYPE_CHECKING:
    from forge_desktop.students.records_gate import GateReport, GateSuite, Metric

_UNITS = {"nll": "nats/token"}  # the others are shares from 0 to 1
_BARE = "No gate has measured this version: run one."


def told(found: VersionGrounds, take: Taker) -> Iterator[tuple[str, Value]]:
    """The fields that the newest gate fills, of a version or of the baseline that it was held against."""
    gate = found.gate
    if gate is None:
        yield from _overridden(found, take)
        return
    then = _then(found, gate)
    about: dict[str, Any] = {
        "gate": gate.number,
        "uid": gate.uid,
        "build": _build(gate),
        "sampling": gate.conditions.get("sampling"),
    }
    ended = gate.ended or gate.created
    own = _is_candidate(found, gate)
    rows = [_row(gate, metric, own=own) for metric in gate.metrics]
    about |= {"device": _engine(gate).get("device"), "machine": _machine(gate)}
    asked = sum(_asked(gate).values())
    yield "evaluation", take.value(rows, "gate", "gate", then=then, at=ended, n=asked, **about)
    if own:
        yield "gate", take.value(_terms(gate), "gate", "gate", then=then, at=ended, n=asked, **about)
        said = list(dict.fromkeys([*gate.card, *_reasons(gate), *_promoted(found)]))
        yield "cautions", take.value(said, "gate", "gate", "overrides", then=then, at=ended, **about)


def skipped(found: VersionGrounds) -> Skipped:
    """Why there is no evaluation."""
    return [("evaluation", _BARE)] if found.gate is None else []


def leaks(gate: GateReport) -> dict[str, object]:
    """What was left out of a gate's suites because the version had been trained on nearly the same."""
    told: dict[str, object] = {}
    for suite in gate.suites:
        methods = sorted({method for _, _, method in suite.leaks})
        told[f"{suite.name}: items left out"] = len(suite.leaks)
        if methods:
            told[f"{suite.name}: found by"] = ", ".join(methods)
    return told


def _is_candidate(found: VersionGrounds, gate: GateReport) -> bool:
    return found.version.uid in (gate.version, gate.gated)


def _row(gate: GateReport, metric: Metric, *, own: bool) -> dict[str, object]:
    suite = next((one for one in gate.suites if one.name == metric.suite), None)
    share = f", scale {gate.scale:g}" if own and gate.scale != 1.0 else ""
    row: dict[str, object] = {
        "task": "text-generation",
        "dataset": metric.suite,
        "revision": suite.sha256 if suite is not None else "",
        "split": "test" if _is_split(gate, suite) else "all",
        "metric": metric.name,
        "value": _told(metric.candidate if own else metric.baseline),
        "unit": _UNITS.get(metric.name, "share"),
        "n": metric.items,
        "less_is_better": metric.less_is_better,
        "date": day(gate.ended or gate.created),
        "config": f"greedy, at most {gate.wish.max_tokens} tokens, seed {gate.wish.seed}{share}",
        "source": f"gate {gate.number}",
        "verified": False,
    }
    if own:
        row |= {
            "baseline": _told(metric.baseline),
            "difference": _told(metric.difference),
            "low": _told(metric.low),
            "high": _told(metric.high),
        }
    return row


def _told(figure: float | None) -> float | None:
    """As many digits as mean something: 0.02, and not 0.020000000000000018."""
    return None if figure is None else float(f"{figure:.12g}")


def _is_split(gate: GateReport, suite: GateSuite | None) -> bool:
    return suite is not None and len(gate.wish.scales) > 1


def _terms(gate: GateReport) -> dict[str, object]:
    """The verdict, and what was fixed before it."""
    wish = gate.wish
    return {
        "verdict": gate.verdict,
        "number": gate.number,
        "baseline": gate.baseline_label,
        "primary metric": wish.primary,
        "confidence": wish.confidence,
        "resamples": wish.resamples,
        "seed": wish.seed,
        "scale": gate.scale,
        "margin of nll": wish.margins.nll,
        "margin of exact match": wish.margins.exact_match,
        "margin of citation validity": wish.margins.citation_validity,
        "regression suite": wish.regression,
        "safety suite": wish.safety,
        "suites": ", ".join(suite.name for suite in gate.suites),
        "items asked": sum(_asked(gate).values()),
        "items of its suites": sum(suite.items for suite in gate.suites),
        "date": day(gate.ended or gate.created),
    }


def _asked(gate: GateReport) -> dict[str, int]:
    """By suite how many items were measured: a metric may be of fewer of them, as citations are."""
    asked: dict[str, int] = {}
    for metric in gate.metrics:
        asked[metric.suite] = max(asked.get(metric.suite, 0), metric.items)
    return asked


def _machine(gate: GateReport) -> str:
    """The computer it ran on, in words; "" for a gate that did not note it."""
    machine = gate.conditions.get("machine")
    if not isinstance(machine, Mapping):
        return ""
    return footing.in_words(machine.get("cpu", "?"), machine.get("cores", "?"), machine.get("memory_bytes"))


def _reasons(gate: GateReport) -> list[str]:
    """Why it did not pass: a reader of the card has to know. Of a pass nothing is to be warned of."""
    return [] if gate.verdict == "passed" else list(gate.reasons)


def _promoted(found: VersionGrounds) -> list[str]:
    """The typed reasons with which it was promoted though no gate passed it."""
    label = found.version.label
    return [
        f"{label} was promoted on {day(one.at)} without what a promotion asks for, with this reason: {one.why}"
        for one in found.overrides
    ]


def _overridden(found: VersionGrounds, take: Taker) -> Iterator[tuple[str, Value]]:
    if not found.version.is_base and (said := _promoted(found)):
        yield "cautions", take.value(said, "registry", "gate", "overrides")


def _then(found: VersionGrounds, gate: GateReport) -> dict[str, str]:
    """What held when the gate was run. Its own hash of a suite counts, not the one that the suite has by now."""
    version = found.version
    return {
        "file": version.base_sha256,
        "adapter": version.adapter_sha256,
        "scale": f"{version.scale:g}" if version.adapter_sha256 else "",
        "build": _build(gate),
        "gate": footing.of_gate(gate),
        **{f"suite:{suite.name}": suite.sha256 for suite in gate.suites},
    }


def _engine(gate: GateReport) -> Mapping[str, Any]:
    """What the engine said of itself in any arm."""
    arms = gate.conditions.get("engine")
    for arm in arms.values() if isinstance(arms, Mapping) else ():
        for told in arm.values() if isinstance(arm, Mapping) else ():
            if isinstance(told, Mapping) and "build" in told:
                return told
    return {}


def _build(gate: GateReport) -> str:
    return str(_engine(gate).get("build", ""))
