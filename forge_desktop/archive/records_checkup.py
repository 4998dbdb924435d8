"""What a look at the machine and the installation found: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from forge_desktop.archive.records import DatabaseFacts
from forge_desktop.engine.records import Crash
from forge_desktop.engine.records_plan import Device, Fit, Hardware, Pack, Plan, Timing

__all__ = ["Checkup", "Crash", "Device", "Finding", "Fit", "Hardware", "Pack", "Plan", "StudentFacts", "Timing"]


@dataclass(frozen=True)
class Finding:
    """Something that needs attention: what it is, in a sentence, and what to do about it."""

    what: str
    advice: str


@dataclass(frozen=True)
class StudentFacts:
    """The student in use. `plan` is how it would be laid out now, None where that could not be found out."""

    name: str
    sha256: str
    path: str
    problem: str
    plan: Plan | None


@dataclass(frozen=True)
class Checkup:
    """Everything that `doctor` says. `hardware` is None when the engine's process could not be asked.

    `findings` need attention, `notes` are good to know. `keyring` is "" where there is none; sizes are bytes.
    `measured` is the measurement that was asked for.
    """

    version: str
    python: str
    system: str
    machine: str
    hardware: Hardware | None
    student: StudentFacts | None
    crashes: tuple[Crash, ...]
    sqlite: DatabaseFacts
    keyring: str
    data_dir: str
    data_free: int
    data_total: int
    measured: Timing | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing needs attention."""
        return not self.findings
