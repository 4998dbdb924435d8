"""Looks at the machine and the installation, and says what needs attention and what to do about it."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop import __version__
from forge_desktop.archive.findings import find, remark
from forge_desktop.archive.records_checkup import Checkup, Finding, Hardware, Plan, StudentFacts, Timing
from forge_desktop.archive.student_damage import check_adapter_of
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.secrets import keyring_name
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import Engine
from forge_desktop.students import Student, Students

if TYPE_CHECKING:
    from forge_desktop.archive import Archive


_UNLOADED = (
    "The student was not loaded for this: only a measurement does that, and tells whether its numbers are sound."
)


def nothing() -> None:
    """The check that never stops."""


class Doctor:
    """Examines without changing anything. No student is loaded unless a measurement is asked for."""

    def __init__(
        self,
        engine: Engine,
        students: Students,
        archive: Archive,
        settings: SettingsFile,
        data_dir: Path,
        *,
        template: Callable[[Student], str] = lambda student: student.template,
        embedding: Callable[[], str] = lambda: "",
    ) -> None:
        self._engine, self._students, self._archive = engine, students, archive
        self._settings, self._data_dir = settings, data_dir
        self._template = template  # the one in force for a student
        self._embedding = embedding  # why the embedding model cannot be used, or ""

    def examine(self, check: Callable[[], None] = nothing, *, measure: bool = False) -> Checkup:
        """Look at everything; with `measure`, load the student in use and measure its speed first.

        What cannot be found out is a finding, not an error. `check` is called between the steps and while it waits;
        what it raises ends the examination.
        """
        found: list[Finding] = []
        measured = self._measured(check, found) if measure else None
        check()
        hardware = self._hardware(found)
        check()
        student = self._student(found, check, ask=hardware is not None)
        check()
        usage = shutil.disk_usage(self._data_dir)
        facts = Checkup(
            version=__version__,
            python=platform.python_version(),
            system=f"{platform.system()} {platform.release()}",
            machine=platform.machine(),
            hardware=hardware,
            student=student,
            crashes=tuple(self._engine.crashes()),
            sqlite=self._archive.database_facts(),
            keyring=keyring_name(),
            data_dir=str(self._data_dir),
            data_free=usage.free,
            data_total=usage.total,
            measured=measured,
            findings=(),
            notes=(),
        )
        if problem := self._adapter():
            found.append(Finding(problem, "Put the file back as it was, or roll back to another version."))
        if problem := self._embedding():
            found.append(Finding(problem, "Choose another embedding model in Settings, or none."))
        findings = (*found, *find(facts, self._settings.problem))
        notes = remark(facts)
        if student is not None and not measure:
            notes = (*notes, _UNLOADED)
        return Checkup(**{**vars(facts), "findings": findings, "notes": notes})

    def measure(self, check: Callable[[], None] = nothing) -> Timing:
        """Load the student in use and measure how fast it reads and writes; remembered. Raises ForgeError."""
        self._engine.warm(check)
        return self._engine.measure(check)

    def _adapter(self) -> str:
        """What is wrong with the adapter of the version that answers, hashed; "" where all is well."""
        version = self._students.registry.active()
        if version is None or version.is_base:
            return ""
        damage = check_adapter_of(self._students, version.adapter_sha256)
        return damage[0] if damage else ""

    def _measured(self, check: Callable[[], None], found: list[Finding]) -> Timing | None:
        try:
            return self.measure(check)
        except ForgeError as error:
            found.append(Finding(error.message, error.hint))
            return None

    def _hardware(self, found: list[Finding]) -> Hardware | None:
        try:
            return self._engine.hardware()
        except ForgeError as error:
            found.append(Finding(error.message, error.hint))
            return None

    def _student(self, found: list[Finding], check: Callable[[], None], *, ask: bool) -> StudentFacts | None:
        student = self._students.active()
        if student is None:
            return None
        laid_out: Plan | None = None
        if ask and not student.problem:
            try:
                laid_out = self._students.layouts.plan(student.id)
                check()
                if template := self._template(student).strip():
                    self._students.try_template(student, template)
            except ForgeError as error:
                found.append(Finding(error.message, error.hint))
        return StudentFacts(student.name, student.sha256, student.path, student.problem, laid_out)
