"""The verb `measure`: a version's speed on this computer, and what it takes of it."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.cli import jobs
from forge_desktop.cli.gating import progress
from forge_desktop.cli.output import Output, bytes_in_words
from forge_desktop.forge import Forge
from forge_desktop.students.records_measure import Measurement, MeasureWish

_SPEEDS = (("prompt_speed", "reading a prompt"), ("generation_speed", "writing an answer"))
_NAMES = {
    "vram": "memory of a GPU",
    "vram_measured": "memory of the GPU as counted",
    "energy_processor": "energy of the processor",
    "energy_gpu": "energy of a GPU",
    "generation_speed": "writing an answer",
}
_TIMES = (("first_token", "first token"), ("latency", "whole answer"))


def measure(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do what the options say."""
    if options.list:
        return _list(forge, options.version or "", out)
    wish = MeasureWish(options.prompts, options.prompt_tokens, options.answer_tokens, options.context, options.seed)
    job = forge.students.measures.start(options.version or _in_use(forge), wish)
    with jobs.listening(forge, progress(out)):
        found = jobs.wait(forge, job)
    out.clear()
    assert isinstance(found, Measurement)
    out.result(dataclasses.asdict(found))
    for line in _lines(found):
        out.line(line)
    return 0


def _in_use(forge: Forge) -> str:
    active = forge.students.registry.active()
    if active is None:
        raise ForgeError("No version is in use.", hint="Name one; `forge-desktop students list` has them.")
    return active.uid


def _list(forge: Forge, version: str, out: Output) -> int:
    found = forge.students.measures.all(version)
    out.result({"measurements": [dataclasses.asdict(one) for one in found]})
    for one in found:
        day = datetime.datetime.fromtimestamp(one.created).astimezone().strftime("%Y-%m-%d %H:%M")
        speeds = ", ".join(f"{word.split()[0]} {_middle(one.figures, name)}" for name, word in _SPEEDS)
        out.line(f"{day}  {one.label}  {one.device}: {speeds} tokens/s  {one.uid[:8]}")
    if not found:
        out.line("Nothing was measured yet.")
    return 0


def _lines(found: Measurement) -> list[str]:
    """A measurement for people."""
    figures: Mapping[str, Any] = found.figures
    lines = [f"{found.label} on {found.device}, {found.machine.get('cpu')}, a context of {figures['context']:,} tokens"]
    for name, words in _SPEEDS:
        if one := figures.get(name):
            lines.append(f"  {words:18} {one['p50']:10,.1f} tokens/s  (5th {one['p5']:,.1f}, n {one['n']})")
    for name, words in _TIMES:
        one = figures[name]
        lines.append(f"  {words:18} {one['p50']:10,.0f} ms        (95th {one['p95']:,.0f}, n {one['n']})")
    for name, words in (("ram_bytes", "memory"), ("vram_bytes", "GPU memory"), ("vram_measured_bytes", "as counted")):
        if figures.get(name):
            lines.append(f"  {words:18} {bytes_in_words(figures[name]):>13}")
    if figures["energy_joules"] is not None:
        each = figures["energy_joules"] / max(1, figures["energy"]["tokens"])
        lines.append(f"  {'energy':18} {figures['energy_joules']:10,.1f} J  ({each:.3f} J a token)")
    lines += [f"  Not measured, {_NAMES.get(what, what)}: {why}." for what, why in figures["skipped"].items()]
    if figures["reused_tokens"]:
        lines.append(f"  {figures['reused_tokens']:,} tokens of the prompts were there already and not read.")
    return [*lines, f"  {figures['note']}"] if figures["note"] else lines


def _middle(figures: Mapping[str, Any], name: str) -> str:
    return f"{figures[name]['p50']:,.1f}" if figures.get(name) else "none"
