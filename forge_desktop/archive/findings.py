"""What of the facts needs attention, and what is merely good to know: each a sentence, with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath

from forge_desktop.archive.records_checkup import Checkup, Finding, Hardware, Plan
from forge_desktop.students.files import display_name

_ENOUGH_DISK = 1_000_000_000


def find(facts: Checkup, settings_problem: str) -> tuple[Finding, ...]:
    """Everything that needs attention; empty when all is well."""
    return tuple(_findings(facts, settings_problem))


def _findings(facts: Checkup, settings_problem: str) -> Iterator[Finding]:
    if facts.hardware is not None:
        yield from _hardware(facts.hardware, facts.machine)
    student = facts.student
    if student is None:
        yield Finding("There is no student.", "Import a GGUF file in Students, or with forge-desktop models --import.")
    elif student.problem:
        yield Finding(student.problem, "Put the file back as it was, or import it again.")
    elif student.plan is not None and not student.plan.fits:
        yield Finding(
            f"{student.name} does not fit: {shortfall(student.plan)}.",
            "Choose a shorter context or fewer layers on the GPU in Students, or a smaller student.",
        )
    for crash in facts.crashes:
        yield Finding(
            f"{PurePath(crash.path).name} is not loaded by itself any more: its process {crash.what}.",
            f'Load it again in Students, or by: forge-desktop models --use "{display_name(Path(crash.path))}". '
            "Or choose another one.",
        )
    if facts.data_free < _ENOUGH_DISK:
        yield Finding(
            f"The disk of the data directory has only {in_words(facts.data_free)} left.",
            "Free some space, or move the data directory to another disk.",
        )
    if settings_problem:
        yield Finding(settings_problem, "Look through the settings; what is stored anew is in force.")


def _hardware(hardware: Hardware, machine: str) -> Iterator[Finding]:
    if machine.lower() in ("x86_64", "amd64") and hardware.features and "AVX2" not in hardware.features:
        yield Finding(
            "This processor has no AVX2, which the engine's build expects.",
            "Run the set-up on this computer, so that the engine is built for it.",
        )
    used = {pack.backend for pack in hardware.packs if not pack.problem}
    for pack in hardware.packs:
        # A second pack of one backend is put aside and missed by nobody; one without a GPU to use waits for one.
        if pack.problem and not pack.idle and pack.backend not in used:
            yield Finding(
                f"The GPU pack {pack.name} is not used. {pack.problem}",
                "Install the pack that belongs to this version, or take it away: the student then runs on the CPU.",
            )


def remark(facts: Checkup) -> tuple[str, ...]:
    """What is good to know and needs nothing done."""
    notes = list(facts.hardware.hints) if facts.hardware else []
    if facts.hardware and (advice := gpu_advice(facts.hardware)):
        notes.append(advice)
    notes += facts.sqlite.notes
    if not facts.keyring:
        notes.append("There is no keyring of the system; no key is stored, and none is needed by this version.")
    return tuple(notes)


def gpu_advice(hardware: Hardware) -> str:
    """What would help where no GPU is used; "" where one is."""
    if any(device.kind != "cpu" for device in hardware.devices):
        return ""
    if not hardware.packs:
        return "No GPU is used: no GPU pack is installed. packaging/dev.py pack makes one; until then the CPU computes."
    sound = [pack for pack in hardware.packs if pack.idle or not pack.problem]
    if not sound:
        return "No GPU is used: see what is wrong with the GPU pack."
    backends = " and ".join(sorted({pack.backend for pack in sound}))
    if not hardware.drivers:
        return (
            f"No GPU is used: the {backends} pack is there, but no driver for it was found. Install the graphics "
            "card's driver, if there is a card."
        )
    return f"No GPU is used: neither the {backends} pack nor the driver names a device."


def shortfall(plan: Plan) -> str:
    """Where a plan does not fit, and by how much: "it needs 3.2 GB of Vulkan0, which has 2.0 GB free"."""
    words = [
        f"it needs {in_words(line.needed)} of {line.device}, which has {in_words(line.free)} free"
        + (f" and keeps {in_words(line.margin)} in reserve" if line.needed <= line.free else "")
        for line in plan.lines
        if not line.fits
    ]
    return "; ".join(words)


def in_words(count: float) -> str:
    """Bytes as people read them: 1,234,567 as "1.2 MB"."""
    if count < 0:
        return f"-{in_words(-count)}"
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
