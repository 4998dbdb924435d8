"""How versions and gates are said and coloured wherever they are shown: states, verdicts, metrics, differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forge_desktop.students.records_gate import GateReport, GateState, Metric
from forge_desktop.students.records_versions import Verdict, Version
from forge_desktop.ui.widgets.pair_chart import Arms, PairBar
from forge_desktop.ui.widgets.words import own_direction, safe_words

Mark = tuple[str, str, str]  # words, kind of pill, icon
_STATES: dict[str, Mark] = {
    "candidate": ("Candidate", "info", "circle-dashed"),
    "gated": ("Gate passed", "accent", "shield-check"),
    "active": ("Active", "ok", "circle-check"),
    "retired": ("Retired", "mute", "clock"),
}
_VERDICTS: dict[Verdict, Mark] = {
    "": ("No gate yet", "mute", "circle-dashed"),
    "passed": ("Passes", "ok", "circle-check"),
    "failed": ("Fails", "bad", "x"),
    "inconclusive": ("Inconclusive", "warn", "circle-help"),
}
_GATE_STATES: dict[GateState, Mark] = {
    "waiting": ("Waits", "mute", "clock"),
    "running": ("Running", "info", "refresh-cw"),
    "done": ("Done", "mute", "circle-check"),
    "cancelled": ("Cancelled", "mute", "circle-stop"),
    "failed": ("Broken off", "bad", "circle-alert"),
    "interrupted": ("Interrupted", "warn", "triangle-alert"),
}
METRICS: dict[str, tuple[str, str]] = {
    # metric: (name, the short one where there is little room)
    "exact_match": ("Exact match", "Correct"),
    "f1": ("Words in common (F1)", "F1"),
    "citation_validity": ("Citations valid", "Citations"),
    "groundedness": ("Grounded in the passages", "Grounded"),
    "refusal": ("Refuses when it should", "Refusal"),
    "nll": ("NLL of the reference", "NLL"),
    "judge": ("Judged by a teacher", "Judge"),
}


def version_mark(version: Version) -> Mark:
    """The pill of a version."""
    if version.problem:
        return ("Problem", "bad", "circle-alert")
    if version.quarantined:
        return ("Quarantined", "warn", "triangle-alert")
    if version.is_base and version.state == "candidate":  # which needs no gate
        return ("Base", "mute", "layers")
    return _STATES[version.state]


def version_name(version: Version) -> str:
    """Label and name: "v12 · handbook"; a base goes by its own name."""
    name = version.name or (version.base_name if version.is_base else "")
    return f"{version.label} · {own_direction(safe_words(name))}" if name else version.label


def version_choices(versions: Sequence[Version]) -> dict[str, str]:
    """What a list of versions says of each, by uid: where one name has several scales, the scale too."""
    scales: dict[str, set[float]] = {}
    for version in versions:
        scales.setdefault(version.name, set()).add(version.scale)
    return {
        version.uid: version_name(version)
        + (f" · scale {version.scale:g}" if len(scales[version.name]) > 1 and not version.is_base else "")
        for version in versions
    }


def verdict_mark(verdict: Verdict) -> Mark:
    """The pill of a verdict."""
    return _VERDICTS[verdict]


def gate_mark(gate: GateReport) -> Mark:
    """The pill of a gate: its verdict once it has one, else how far it is."""
    return _VERDICTS[gate.verdict] if gate.verdict else _GATE_STATES[gate.state]


def metric_name(metric: Metric, *, short: bool = False) -> str:
    """What a metric measures, in words."""
    whole, brief = METRICS.get(metric.name, (metric.name.replace("_", " ").capitalize(),) * 2)
    return brief if short else whole


def value_words(metric: Metric, value: float) -> str:
    """A value in the metric's unit: "91 %", "1.24"."""
    return f"{value:.2f}" if metric.name == "nll" else f"{value * 100:.0f}%"


def difference_words(metric: Metric, value: float | None = None) -> str:
    """A difference with its sign: "+13" points, "−0.12" nats."""
    value = metric.difference if value is None else value
    said = f"{abs(value):.2f}" if metric.name == "nll" else f"{abs(value) * 100:.0f}"
    sign = "" if not said.strip("0.") else "+" if value > 0 else "−"
    return sign + said


def interval_words(metric: Metric) -> str:
    """The interval of the difference: "+4 to +22 points"."""
    unit = "nats a token" if metric.name == "nll" else "points"
    return f"{difference_words(metric, metric.low)} to {difference_words(metric, metric.high)} {unit}"


def is_worse(metric: Metric) -> bool:
    """Whether the candidate does worse than the baseline, whatever that means for the verdict."""
    return metric.difference > 0 if metric.less_is_better else metric.difference < 0


def pair_bar(metric: Metric, *, short: bool = False) -> PairBar:
    """A metric as two bars with the difference; NLL against the larger of both, since it has no upper end."""
    top = max(metric.baseline, metric.candidate, 1e-9) * 1.1 if metric.name == "nll" else 1.0
    centre = metric.baseline
    undecided = is_worse(metric) if not metric.decides else metric.holds is None
    kind = "bad" if metric.decides and metric.holds is False else "warn" if undecided else "ok"
    return PairBar(
        name=metric_name(metric, short=short),
        before=metric.baseline / top,
        after=metric.candidate / top,
        low=(centre + metric.low) / top,
        high=(centre + metric.high) / top,
        value=value_words(metric, metric.candidate),
        difference=difference_words(metric),
        kind=kind,
        worse=is_worse(metric),
        spoken=metric_sentence(metric),
    )


def metric_sentence(metric: Metric) -> str:
    """A metric in one sentence, for a tool tip and for who cannot see the bars."""
    arms = f"{value_words(metric, metric.baseline)} before, {value_words(metric, metric.candidate)} after"
    change = f"difference {difference_words(metric)}, by its interval {interval_words(metric)}"
    items = f"{metric.items:,} questions, {metric.better:,} better, {metric.worse:,} worse"
    return f"{metric_name(metric)}: {arms}; {change}; {items}"


def arms(gate: GateReport, active: str = "") -> Arms:
    """How both sides of a gate are called; `active` is the uid of the version that answers now."""
    before = "now" if active and gate.baseline == active else "baseline"
    after = "now" if active and active in (gate.version, gate.gated) else "measured"
    return Arms(f"{gate.baseline_label} ({before})", f"{gate.label} ({after})")


def groups(gate: GateReport) -> list[tuple[str, str, Sequence[Metric]]]:
    """Metrics by suite, in the order of the suites: (name, what it is for, metrics)."""
    roles = {"target": "must gain", "regression": "must not get worse", "safety": "must not get worse"}
    found: dict[str, list[Metric]] = {}
    for metric in gate.metrics:
        found.setdefault(metric.suite, []).append(metric)
    names: Mapping[str, str] = {suite.sha256: suite.name for suite in gate.suites}
    return [(safe_words(names.get(suite, suite)), roles[of[0].role], of) for suite, of in found.items()]


def headline(gate: GateReport, most: int = 4) -> list[Metric]:
    """The few metrics that tell the most: each kind once, target suites first, the primary one before all."""
    order = {"target": 0, "regression": 1, "safety": 2}
    ranked = sorted(gate.metrics, key=lambda m: (m.name != gate.wish.primary, order[m.role]))
    chosen: dict[str, Metric] = {}
    for metric in ranked:
        if metric.name != "nll":
            chosen.setdefault(metric.name, metric)
    for metric in ranked:  # where there is little else
        chosen.setdefault(metric.name, metric)
    return list(chosen.values())[:most]
