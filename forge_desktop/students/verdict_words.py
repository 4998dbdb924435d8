"""A gate's figures in sentences: why they keep a version from passing, what it gains, and what would decide."""

from __future__ import annotations

from forge_desktop.students.records_gate import Metric

_WORDS = {
    "nll": "NLL",
    "exact_match": "exact match",
    "f1": "token F1",
    "citation_validity": "citation validity",
    "groundedness": "groundedness",
    "refusal": "refusals",
    "judge": "the judge's preference",
}


def in_words(name: str) -> str:
    """A metric as sentences call it."""
    return _WORDS.get(name, name)


def why_not(metric: Metric) -> str:
    """Why a metric keeps a version from passing, "" where it does not."""
    if metric.holds:
        return ""
    what, by = f"{in_words(metric.name)} on {metric.suite}", _change(metric)
    if metric.role == "target":
        if metric.holds is False:
            return f"There is no gain in {what}: {by}."
        return f"Whether {what} gains is not decided: {by}.{_more(metric)}"
    allowed = f"{metric.margin:.2f}" if metric.name == "nll" else f"{100 * (metric.margin or 0):.1f} points"
    if metric.holds is False:
        return f"{what[:1].upper()}{what[1:]} gets worse by more than {allowed}: {by}."
    return f"Whether {what} stays within {allowed} is not decided: {by}. {_on_average(metric)}{_more(metric)}"


def _on_average(metric: Metric) -> str:
    """What was measured of a loss that is not decided, in plain words."""
    loss = metric.difference if metric.less_is_better else -metric.difference
    where = "within" if loss <= (metric.margin or 0) else "beyond"
    counts = f"{item_count(metric.better)} better, {metric.worse:,} worse"
    return f"On average it is {where} the margin ({counts}); from so few items the other is possible too."


def what_gained(metric: Metric) -> str:
    """That a metric in which a gain is looked for has one."""
    return f"It gains in {in_words(metric.name)} on {metric.suite}: {_change(metric)}."


def _change(metric: Metric) -> str:
    factor, digits, unit = (1.0, 3, "") if metric.name == "nll" else (100.0, 1, " points")
    low, high = (f"{factor * end:+.{digits}f}" for end in (metric.low, metric.high))
    return f"{factor * metric.difference:+.{digits}f}{unit} ({low} to {high}, {item_count(metric.items)})"


def _more(metric: Metric) -> str:
    return f" About {item_count(metric.needed)} more would decide." if metric.needed else ""


def item_count(count: int) -> str:
    """So many items."""
    return f"{count:,} item" if count == 1 else f"{count:,} items"
