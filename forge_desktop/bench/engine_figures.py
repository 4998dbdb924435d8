"""A measured figure with its target, and what stands in its place when it could not be measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from forge_desktop.base.errors import ForgeError

Sense = Literal["<=", ">="]


@dataclass(frozen=True)
class Target:
    """What a figure is to reach: at most or at least `bound`."""

    sense: Sense
    bound: float

    def met_by(self, value: float) -> bool:
        """Whether the value is on the right side."""
        return value <= self.bound if self.sense == "<=" else value >= self.bound


@dataclass(frozen=True)
class Figure:
    """One line of the table. `value` None: not measured, and `note` says why. `more` is what it was worked out from."""

    value: float | None
    note: str = ""
    more: dict[str, Any] = field(default_factory=dict)


class NotMeasured(Exception):  # noqa: N818 - the place stays in the table, with the reason in it
    """Something that the measurement needs is not here."""


TARGETS: dict[str, Target] = {
    "generation_starter": Target("<=", 1.05),
    "generation_second": Target("<=", 1.05),
    "python_cost_growth": Target("<=", 1.2),
    "server_ms_per_token": Target("<=", 1.0),
    "server_warm_first_token": Target("<=", 1.0),
    "follow_up_first_token": Target("<=", 0.20),
    "restored_conversation": Target("<=", 0.02),
    "lookup_quoting": Target(">=", 2.0),
    "lookup_other": Target(">=", 0.95),
    "batched_sequential": Target(">=", 1.4),
    "batched_server_cold": Target(">=", 1.0),
    "gate_batched_starter": Target(">=", 1.4),
    "gate_batched_second": Target(">=", 2.0),
    "adapter_swap_ms": Target("<=", 50.0),
    "death_by_kill_ms": Target("<=", 100.0),
    "death_by_fault_ms": Target("<=", 100.0),
    "death_by_abort_ms": Target("<=", 300.0),
    "answering_again_beyond_load_ms": Target("<=", 1000.0),
    "cancel_p95_ms": Target("<=", 150.0),
    "gpu_tokens_equal": Target(">=", 1.0),
}


def table(figures: dict[str, Figure]) -> dict[str, dict[str, Any]]:
    """Every figure of TARGETS by name, as plain values: value, target, met (None when not measured), and the rest."""
    found = {}
    for name, target in TARGETS.items():
        figure = figures.get(name, Figure(None, "not measured"))
        found[name] = {
            "value": None if figure.value is None else round(figure.value, 4),
            "target": f"{target.sense} {target.bound:g}",
            "met": None if figure.value is None else target.met_by(figure.value),
            "note": figure.note,
            **figure.more,
        }
    return found


def measured(names: Sequence[str], measure: Callable[[], dict[str, Figure]]) -> dict[str, Figure]:
    """What `measure` finds; when it cannot, the reason in the place of each of `names`."""
    try:
        return measure()
    except NotMeasured as reason:
        return {name: Figure(None, f"not measured: {reason}") for name in names}
    except ForgeError as error:
        return {name: Figure(None, f"failed: {error.message}") for name in names}


def ratio_of(ours: Sequence[float], others: Sequence[float]) -> float:
    """The median of the ratios of what was measured in turn."""
    return statistics.median(mine / other for mine, other in zip(ours, others, strict=True))


def rounded(values: Sequence[float], places: int = 2) -> list[float]:
    """For printing."""
    return [round(value, places) for value in values]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]
