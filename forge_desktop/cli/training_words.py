"""Training runs and plans as the command line shows them: fields of its JSON, and lines for people."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from forge_desktop.cli.output import Output, bytes_in_words, counted
from forge_desktop.forge import Forge
from forge_desktop.students.records_training import TrainerProbe, TrainPlan, TrainRun

_OF_DATA = ("pairs", "train_pairs", "validation_pairs", "bad_lines")
_OF_RESULT = (
    "adapter_sha256", "seconds", "cpu_seconds", "tokens", "loss", "validation", "base_loss", "stop", "peak_bytes",
    "same_bytes", "known_as",
)  # fmt: skip
_SHOWN = 10


def run_fields(forge: Forge, run: TrainRun) -> dict[str, object]:
    """A run as the JSON object of `train`."""
    return {
        "run": run.uid,
        "number": run.number,
        "name": run.name,
        "state": run.state,
        "base": run.base_name,
        "version": run.version,
        "label": label(forge, run.version),
        **{name: run.result.get(name) for name in _OF_RESULT},
        "step": run.step,
        "steps": run.steps,
        "data": run.data.get("name", ""),
        **{name: run.data.get(name, 0) for name in _OF_DATA},
        "bad": run.data.get("bad", []),
        "replay_pairs": _replay(run.data).get("pairs", 0),
        "left_out": [[name, why] for _, name, why in _left_out(run.data)],
        "notes": run.data.get("notes", []),
        "again_of": run.again_of,
        "can_resume": run.can_resume,
        "problem": run.problem,
    }


def label(forge: Forge, version: str) -> str:
    """A version's label, "" where it is not there any more."""
    return next((each.label for each in forge.students.registry.versions() if version and each.uid == version), "")


def show_run(forge: Forge, run: TrainRun, out: Output, *, shown: int = _SHOWN) -> None:
    """What became of a run; at most so many bad lines and pairs that are left out are `shown`."""
    made = label(forge, run.version)
    out.line(f"{run.name} ({run.uid[:8]}) on {run.base_name}: {run.state}{f', {made}' if made else ''}")
    data: Mapping[str, Any] = run.data
    if "train_pairs" in data:
        left_out = _left_out(data)
        replay = _replay(data)
        out.line(
            f"  {counted(int(data.get('train_pairs', 0)), 'pair')} to learn, {data.get('validation_pairs', 0):,} to"
            f" validate, {replay.get('pairs', 0):,} of the base's own answers; {len(left_out):,} left out"
        )
        _show_bad(int(data.get("bad_lines", 0)), data.get("bad", []), out, shown)
        for note in data.get("notes", []):
            out.line(f"  {note}")
        for _, name, why in left_out[:shown]:
            out.line(f"    {name}: {why}")
        if len(left_out) > shown:
            out.line(f"    and {len(left_out) - shown:,} more (see --log {run.uid[:8]})")
    result: Mapping[str, Any] = run.result
    if "adapter_sha256" in result:
        validation, own = result.get("validation"), result.get("base_loss")
        words = f", validation {validation:.4f}" if validation is not None else ""
        words += f" (the base's own: {own:.4f})" if words and own is not None else ""
        out.line(
            f"  loss {result['loss']:.4f}{words};"
            f" {result['tokens']:,} tokens in {result['seconds']:.0f} s; at most"
            f" {bytes_in_words(result.get('peak_bytes', 0))} of memory"
        )
        out.line(f"  adapter {result['adapter_sha256']}")
    if "same_bytes" in result:
        out.line("  the same adapter, to the byte" if result["same_bytes"] else "  another adapter than the first time")
    if known := result.get("known_as"):
        out.line(f"  these bytes are {known} already; the name {run.name} was not used for a version")
    if run.problem:
        out.line(f"  {run.problem}")


def _show_bad(count: int, bad: Sequence[str], out: Output, shown: int = _SHOWN) -> None:
    """How many lines were no pairs, and why."""
    if not count:
        return
    out.line(f"  {counted(count, 'line')} {'is no pair' if count == 1 else 'are no pairs'}:")
    for sentence in bad[:shown]:
        out.line(f"    {sentence}")
    if count > len(bad[:shown]):
        out.line(f"    and {count - len(bad[:shown]):,} more (all with --json)")


def plan_fields(plan: TrainPlan) -> dict[str, object]:
    """A plan as JSON."""
    return dataclasses.asdict(plan)


def show_plan(plan: TrainPlan, out: Output) -> None:
    """A plan for people."""
    out.line(
        f"{plan.base} ({plan.architecture}), {plan.device} in {plan.dtype}"
        + (", activations computed twice" if plan.checkpointing else "")
    )
    out.line(
        f"  {counted(plan.train_pairs, 'pair')} to learn, {plan.validation_pairs:,} to validate,"
        f" {plan.replay_pairs:,} of the base's own answers"
    )
    out.line(f"  {plan.tokens:,} tokens an epoch, {plan.supervised_tokens:,} learnt; {counted(plan.steps, 'step')}")
    if plan.seconds is not None and plan.seconds_a_step is not None:
        out.line(f"  about {_duration(plan.seconds)}: {plan.seconds_a_step:.2f} s a step, as measured")
    out.line(f"  memory {bytes_in_words(plan.memory_bytes)} of {bytes_in_words(plan.memory_free)} free")
    out.line(
        f"  disk {bytes_in_words(plan.disk_bytes)} of {bytes_in_words(plan.disk_free)} free;"
        f" the adapter {bytes_in_words(plan.adapter_bytes)}"
    )
    _show_bad(plan.bad_lines, plan.bad, out)
    for sentence in (*plan.left_out[:_SHOWN], *plan.notes, *plan.reasons, *plan.instead):
        out.line(f"  {sentence}")
    if len(plan.left_out) > _SHOWN:
        out.line(f"  {len(plan.left_out) - _SHOWN:,} more pairs are left out (all with --json)")
    out.line("It fits." if plan.fits else "It does not fit.")


def probe_fields(probe: TrainerProbe) -> dict[str, object]:
    """An interpreter as JSON."""
    devices = [{"kind": kind, "name": name, "free": free, "bf16": bf16} for kind, name, free, bf16 in probe.devices]
    return {**dataclasses.asdict(probe), "devices": devices}


def show_probe(probe: TrainerProbe, out: Output) -> None:
    """An interpreter for people."""
    out.line(f"{probe.python}: Python {probe.version}, torch {probe.torch}, gguf {probe.gguf}")
    for kind, name, free, bf16 in probe.devices:
        room = f", {bytes_in_words(free)} free" if free else ""
        out.line(f"  {kind}: {name}{room}{', bf16' if bf16 else ''}")


def _replay(data: Mapping[str, Any]) -> Mapping[str, Any]:
    found = data.get("replay", {})
    return found if isinstance(found, Mapping) else {}


def _left_out(data: Mapping[str, Any]) -> list[list[str]]:
    found = data.get("left_out", [])
    return found if isinstance(found, list) else []


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )
