"""What items gain and lose between two arms, and which of several scales of an adapter does best."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from forge_desktop.engine import StudentSpec
from forge_desktop.students.measuring import NOT_FINITE
from forge_desktop.students.store_gates import Measured

_SAME = 0.01  # nats a token; a smaller difference of an item counts as none

Both = tuple[Measured, Measured]  # what the baseline and the candidate made of an item


def scaled(spec: StudentSpec, scale: float) -> StudentSpec:
    """The student with its adapter at this scale; one without an adapter as it is."""
    if spec.adapter is None:
        return spec
    return dataclasses.replace(spec, adapter=dataclasses.replace(spec.adapter, scale=scale))


def choose(tried: Sequence[Mapping[str, Any]], margin: float) -> float:
    """The scale with the largest gain among those that lose no more than is allowed; of equal ones the likelier, then
    the smaller. Where each loses more, the one that loses least.
    """
    tried = [one for one in tried if one["finite"]] or tried
    fine = [one for one in tried if one["regression_nll"] is None or one["regression_nll"] <= margin]
    if not fine:
        return float(min(tried, key=lambda one: (one["regression_nll"], one["scale"]))["scale"])
    return float(max(fine, key=lambda one: (round(one["gain"], 9), -round(one["nll"], 9), -one["scale"]))["scale"])


def change(one: Measured, two: Measured, primary: str, *, same_base: bool = True) -> str:
    """Whether the candidate did better on an item: by the metric of the gain, or by the next that applies to it."""
    last = "nll" if same_base else "f1"
    for name in dict.fromkeys((primary, "refusal", "exact_match", last)):
        if difference(one, two, name):
            delta = difference(one, two, name)[0] * (-1.0 if name == "nll" else 1.0)
            limit = _SAME if name == "nll" else 1e-9
            return "same" if abs(delta) <= limit else "better" if delta > 0 else "worse"
    return "same"


def difference(one: Measured, two: Measured, name: str) -> list[float]:
    """The candidate's value less the baseline's; nothing where either has none."""
    before, after = one.scores.get(name), two.scores.get(name)
    return [] if before is None or after is None or one.problem or two.problem else [after - before]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def outcome(
    scale: float, primary: str, gained: Sequence[Both], kept: Sequence[Both], *, same_base: bool = True
) -> dict[str, Any]:
    """How a scale does: the mean gain where one is looked for, and what NLL does there and where nothing may be lost.

    `regression_nll` is None where nothing was compared: likelihoods of different bases are not.
    """
    gains = [value for one, two in gained for value in difference(one, two, primary)]
    likelihoods = [value for one, two in gained for value in difference(one, two, "nll")] if same_base else []
    losses = [value for one, two in kept for value in difference(one, two, "nll")] if same_base else []
    return {
        "scale": scale,
        "items": len(gains),
        "metric": primary,
        "gain": (-1.0 if primary == "nll" else 1.0) * _mean(gains),
        "nll": _mean(likelihoods),
        "regression_items": len(losses),
        "regression_nll": _mean(losses) if losses else None,
        "finite": not any(two.scores.get(NOT_FINITE) for _, two in (*gained, *kept)),
    }
