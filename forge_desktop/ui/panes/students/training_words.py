"""Words for training runs, their plans and the interpreters that train, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.students.records_training import RunState, TrainerProbe, TrainRun
from forge_desktop.ui.widgets.basics import duration
from forge_desktop.ui.widgets.words import count_words, moment_words, safe_words, size_words

STATES: dict[RunState, tuple[str, str, str]] = {
    # state: (word, kind of pill, icon)
    "preparing": ("Preparing", "info", "loader-circle"),
    "running": ("Training", "info", "refresh-cw"),
    "paused": ("Paused", "mute", "pause"),
    "stopped": ("Stopped", "ok", "circle-stop"),
    "interrupted": ("Interrupted", "warn", "triangle-alert"),
    "failed": ("Failed", "bad", "circle-alert"),
    "diverged": ("Diverged", "bad", "circle-alert"),
    "cancelled": ("Cancelled", "mute", "x"),
    "done": ("Done", "ok", "circle-check"),
}
LIVE: tuple[RunState, ...] = ("preparing", "running", "paused")
DEVICES = {"cuda": "GPU", "mps": "Apple GPU", "cpu": "Processor"}
_ENDS = {
    "finished": "It went through all its steps",
    "early": "It ended early: more steps brought nothing better",
    "stopped": "It was stopped; the best so far is kept",
}


def run_mark(run: TrainRun) -> tuple[str, str, str]:
    """The pill of a run."""
    return ("Waits", "mute", "clock") if run.waits_for else STATES[run.state]


def run_name(run: TrainRun) -> str:
    """What a run is called."""
    return safe_words(run.name or f"Run {run.number}")


def run_facts(run: TrainRun) -> str:
    """What stands under its name in the list."""
    steps = f"step {run.step:,} of {run.steps:,} · " if run.steps else ""
    return safe_words(f"{steps}{moment_words(run.created)} · {run.base_name or 'a base that is gone'}")


def end_words(run: TrainRun, label: str) -> str:
    """What came of a run that made an adapter, in a sentence or two; "" for one that made none."""
    result: Mapping[str, Any] = run.result
    if "adapter_sha256" not in result:
        return ""
    words = [f"{_ENDS.get(str(result.get('stop')), 'It is over')}, after {duration(float(result.get('seconds', 0)))}."]
    if label:
        words.append(f"What it made is {label}; a gate has to pass it before it answers.")
    elif run.version:
        words.append("The version that it made is not there any more.")
    return " ".join(words)


def same_words(run: TrainRun) -> str:
    """Whether a run that was done again came to the same bytes; "" where that is not known."""
    if "same_bytes" not in run.result:
        return ""
    if run.result["same_bytes"]:
        return "It was done again, and made the same adapter, to the byte."
    why = "other threads, devices or versions of torch round differently"
    return f"It was done again, and made another adapter than the first time: {why}."


def left_out(run: TrainRun) -> list[str]:
    """Which pairs were not learnt from, and why."""
    found = run.data.get("left_out", [])
    lines = [f"{name}: {why}" for _, name, why in found] if isinstance(found, list) else []
    bad: Any = run.data.get("bad", [])
    lines += [str(line) for line in bad]
    more = int(str(run.data.get("bad_lines", 0))) - len(bad)
    return [safe_words(line) for line in lines] + ([f"and {more:,} more lines that are no pairs"] if more > 0 else [])


def data_words(run: TrainRun) -> str:
    """What a run learnt from, counted."""
    data: Mapping[str, Any] = run.data
    if "train_pairs" not in data:
        return ""
    replay = data.get("replay", {})
    parts = [count_words(int(data.get("train_pairs", 0)), "pair") + " to learn"]
    parts += [f"{int(data.get('validation_pairs', 0)):,} to validate"]
    parts += [f"{int(replay.get('pairs', 0)):,} of the base's own answers"] if isinstance(replay, Mapping) else []
    return f"{safe_words(str(data.get('name', 'pairs')))}: {', '.join(parts)}"


def probe_words(probe: TrainerProbe) -> str:
    """An interpreter in a line: where it computes, in what, with how much room."""
    devices = []
    for kind, name, free, bf16 in probe.devices:
        facts = [DEVICES.get(kind, kind) + (f" {name}" if name and name != kind else "")]
        facts += [f"{size_words(free)} free"] if free else []
        facts += ["bf16" if bf16 else "f32 only"]
        devices.append(", ".join(facts))
    return safe_words(f"Python {probe.version}, torch {probe.torch} · {'; '.join(devices)}")
