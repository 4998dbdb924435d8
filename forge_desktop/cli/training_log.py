"""`train --log`: everything that is known of a run, for people; --json has the same as one object."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from forge_desktop.cli.output import Output, counted

_OF_DATA = ("kind", "name", "path", "sha256", "template_sha256", "train_sha256", "validation_sha256")
_OF_BASE = ("name", "sha256", "architecture", "quantisation")
_OF_DEVICE = ("device", "dtype", "threads", "checkpointing", "seed", "job_sha256")
_TIMES = ("created", "started", "ended")


def show_log(log: Mapping[str, Any], out: Output) -> None:
    """Settings, data, steps, versions, environment. What became of the run is said before."""
    _table("Settings", log["wish"], out)
    _table("Base", log["base"], out, _OF_BASE)
    _table("Data", log["data"], out, _OF_DATA)
    _table("Computed with", log, out, _OF_DEVICE)
    _table("Trainer", log["trainer"], out)
    _table("Application", log["application"], out)
    _table("Times", {name: _time(log[name]) for name in _TIMES if log[name]}, out)
    _show_steps(log["steps"], log["validations"], out)
    for gate in log["gates"]:
        out.line(f"  gate {gate[:8]}")
    lessons = {part: sum(one["part"] == part for one in log["pairs"]) for part in ("train", "validation")}
    documents = len({each for one in log["pairs"] for each in one["documents"]})
    rest = f"resting on {counted(documents, 'document')}"
    out.line(f"  Lessons: {lessons['train']:,} learnt, {lessons['validation']:,} to validate, {rest}")
    for line in log["result"].get("stderr", []):
        out.line(f"  the trainer said: {line}")


def _show_steps(steps: Sequence[Mapping[str, Any]], validations: Sequence[Mapping[str, Any]], out: Output) -> None:
    if not steps:
        out.line("  Steps: none was taken")
        return
    losses = [float(one["loss"]) for one in steps]
    out.line(f"  Steps: {len(steps):,}; loss from {losses[0]:.4f} to {losses[-1]:.4f}, the lowest {min(losses):.4f}")
    for one in validations:
        note = ", the base's own" if one["step"] == 0 else ", the best so far" if one.get("best") else ""
        out.line(f"    validation after step {one['step']:,}: {one['loss']:.4f}{note}")


def _table(title: str, values: Mapping[str, Any], out: Output, names: Sequence[str] = ()) -> None:
    told = {name: values.get(name) for name in names or values}
    words = [f"{name} {_word(value)}" for name, value in told.items() if value not in (None, "", [])]
    if words:
        out.line(f"  {title}: {', '.join(words)}")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
