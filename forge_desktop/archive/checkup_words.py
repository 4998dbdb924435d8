"""A checkup as text: for the terminal, and for a report that a person gives to others."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path, PurePath

from forge_desktop.archive.findings import in_words, shortfall
from forge_desktop.archive.records_checkup import Checkup, Device, Fit, Hardware, Pack, Plan, Timing
from forge_desktop.base.redacting import redacted

_KINDS = {"cpu": "CPU", "gpu": "GPU", "integrated": "integrated GPU"}


def report(checkup: Checkup) -> str:
    """The whole checkup as text without a person's paths: file names stand for files."""
    data_dir = Path(checkup.data_dir)
    lines = [f"{name:16}{text}" for name, text in facts(checkup, private=True)]
    return redacted("\n".join([*lines, "", *verdict(checkup)]), data_dir=data_dir) + "\n"


def verdict(checkup: Checkup) -> list[str]:
    """What needs attention, numbered, with what to do."""
    if checkup.ok:
        return ["Nothing needs attention."]
    count = len(checkup.findings)
    lines = ["One thing needs attention:" if count == 1 else f"{count} things need attention:"]
    for number, finding in enumerate(checkup.findings, 1):
        lines.append(f"{number:3}. {finding.what}")
        if finding.advice:
            lines.append(f"     {finding.advice}")
    return lines


def facts(checkup: Checkup, *, private: bool = False) -> Iterator[tuple[str, str]]:
    """Every fact with its name; a name is not repeated. With `private`, files are named without their folders."""
    last = ""
    for name, text in _facts(checkup, private=private):
        yield (name if name != last else ""), text
        last = name


def _facts(checkup: Checkup, *, private: bool) -> Iterator[tuple[str, str]]:
    yield "Forge Desktop", f"{checkup.version}, Python {checkup.python}, {checkup.system} {checkup.machine}"
    if checkup.hardware is not None:
        yield from _hardware(checkup.hardware)
    student = checkup.student
    yield "Student", "none" if student is None else f"{student.name}{_plan(student.plan)}"
    if checkup.measured:
        yield "Measured now", timing_words(checkup.measured)
    for crash in checkup.crashes:
        path = PurePath(crash.path).name if private else crash.path
        yield "Crash", f"{path}: its process {crash.what} ({day(crash.noted)})"
    yield "SQLite", checkup.sqlite.version
    yield "Keyring", checkup.keyring or "none"
    yield "Data directory", f"{checkup.data_dir}, {in_words(checkup.data_free)} free"
    for note in checkup.notes:
        yield "Note", note


def _hardware(hardware: Hardware) -> Iterator[tuple[str, str]]:
    yield "llama.cpp", hardware.build
    yield "Processor", cpu_words(hardware)
    yield "Memory", f"{in_words(hardware.memory_free)} free of {in_words(hardware.memory_total)}"
    for device in hardware.devices:
        yield "Device", device_words(device)
    for driver in hardware.drivers or ("none found for a GPU",):
        yield "Driver", driver
    for pack in hardware.packs:
        yield "GPU pack", pack_words(pack)
    if not hardware.packs:
        yield "GPU pack", "none"
    for fit in hardware.fits:
        yield "Fits", fit_words(fit)
    for timing in hardware.timings:
        yield "Speed", timing_words(timing)


def cpu_words(hardware: Hardware) -> str:
    """The processor, what it can do, and how wide it is."""
    features = f" with {', '.join(hardware.features)}" if hardware.features else ""
    cores = "1 core" if hardware.cores == 1 else f"{hardware.cores} cores"
    threads = "1 thread" if hardware.threads == 1 else f"{hardware.threads} threads"
    return f"{hardware.cpu}{features}; {cores}, {threads}"


def device_words(device: Device) -> str:
    """A device, what it is, and its memory."""
    memory = f"{in_words(device.free)} free of {in_words(device.total)}" if device.total else "memory unknown"
    described = f": {device.description}" if device.description and device.description != device.name else ""
    return f"{device.name}{described} ({_KINDS.get(device.kind, device.kind)}), {memory}"


def pack_words(pack: Pack) -> str:
    """A GPU pack and whether it is used."""
    state = f", not used. {pack.problem}" if pack.problem else ", used"
    build = f" (llama.cpp {pack.build})" if pack.build else ""
    return f"{pack.name}{build}{state}"


def fit_words(fit: Fit) -> str:
    """ "7B Q4 at 8k fits on Vulkan0 with 1.2 GB to spare"."""
    if fit.spare >= 0:
        return f"{fit.what} fits on {fit.device} with {in_words(fit.spare)} to spare"
    alone = "" if fit.device.startswith("CPU") else " alone"  # the rest of it may still go to the CPU
    return f"{fit.what} does not fit on {fit.device}{alone}: {in_words(-fit.spare)} too large"


def timing_words(timing: Timing) -> str:
    """What was measured: reading and writing, where, and when."""
    threads = "1 thread" if timing.threads == 1 else f"{timing.threads} threads"
    layers = f", {timing.gpu_layers} layers on the GPU" if timing.gpu_layers > 0 else f", {threads}"
    return (
        f"{timing.model} on {timing.device}{layers}: reads {timing.prompt_tokens_per_second:,.0f} and writes "
        f"{timing.tokens_per_second:,.1f} tokens/s ({day(timing.measured)})"
    )


def _plan(plan: Plan | None) -> str:
    if plan is None:
        return ""
    at = f", at {plan.context:,} tokens"
    if not plan.fits:
        return f"{at} it does not fit: {shortfall(plan)}"
    known = [line for line in plan.lines if line.free and line.needed]
    if not known:
        return f"{at} {in_words(sum(line.needed for line in plan.lines))} are needed"
    spare = min(known, key=lambda line: line.free - line.needed)
    return f"{at} it fits on {spare.device} with {in_words(spare.free - spare.needed)} to spare"


def day(moment: float) -> str:
    """A moment in epoch seconds as a day."""
    return datetime.datetime.fromtimestamp(moment).date().isoformat()
