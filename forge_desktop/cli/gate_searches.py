"""`gate --retrieval`: settings of the search compared by what they find."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable

from forge_desktop.base.errors import ForgeError
from forge_desktop.cli import jobs
from forge_desktop.cli.gate_suites import GateSuites
from forge_desktop.cli.output import Output, counted
from forge_desktop.forge import Forge
from forge_desktop.students.records_gate import RetrievalArm, RetrievalResult


def searches(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do what the options of --retrieval say."""
    arms = [_arm(text) for text in options.arms] or [RetrievalArm("usual", passages=forge.settings.values.passages)]
    if len(options.suites) != 1:
        raise ForgeError("Searches are compared on one suite.", hint="Name it: --suite NAME.")
    suites = GateSuites(forge, options.suites, options.kind, out)
    try:
        found = jobs.wait(forge, forge.students.gates.retrieval(suites.names()[0], arms))
    except ForgeError:
        suites.undo()
        raise
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
    if not rest.strip():
        raise ForgeError(f"{text!r} has no settings of a search.", hint="Write it as name:passages=8,alpha=0.4.")
    if not name.strip():
        raise ForgeError(f"{text!r} has no name.", hint="Write it as name:passages=8,alpha=0.4.")
    return RetrievalArm(name.strip(), **values)  # type: ignore[arg-type]
