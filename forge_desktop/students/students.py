"""The list of students: the shipped starter, imported GGUF files, and which one answers."""

from __future__ import annotations

import dataclasses
import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.engine import Engine, StudentSpec
from forge_desktop.storage import Database
from forge_desktop.students.effect import Effects
from forge_desktop.students.files import display_name, hash_file
from forge_desktop.students.layouts import Layouts
from forge_desktop.students.promoting import Promoting
from forge_desktop.students.records import Student
from forge_desktop.students.remotes import Remotes
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Base, Bases, StudentFacts
from forge_desktop.students.store_versions import Versions, version_uid
from forge_desktop.students.verifying import Seen, quick_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from forge_desktop.providers import Providers
    from forge_desktop.students.desk import Desk
    from forge_desktop.students.gates import Gates
    from forge_desktop.students.library import Library
    from forge_desktop.students.measures import Measures
    from forge_desktop.students.registry import Registry
    from forge_desktop.students.training import Training

log = logging.getLogger(__name__)


class Students:
    """Knows every student and tells the engine which one to use.

    A fresh data directory has the starter registered and active. Files stay where they are: they are pinned by sha256
    when imported and checked before each load. Publishes DataChanged({"students"}). `remotes` are the endpoints that
    can answer in place of a student on this computer; `activate` goes back to one of these. `desk` is where endpoints
    are filled in, whatever they are for.
    """

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        events: Events,
        engine: Engine,
        starter: Path,
        providers: Providers | None = None,
        *,
        rooms: Rooms | None = None,
    ) -> None:
        self._bases, self._versions = Bases(db), Versions(db, db.path.absolute().parent / "adapters")
        self._rooms = rooms
        self._jobs, self._events, self._engine = jobs, events, engine
        self.layouts = Layouts(engine, events, lambda student_id: _spec(self._find(student_id)))
        self._providers = providers
        self.remotes = Remotes(StudentFacts(db), events, engine, providers, lambda: self._promoting.use())
        self._promoting = Promoting(
            self._versions,
            self._bases,
            events,
            engine,
            rooms.chat if rooms is not None else None,
            remotes=self.remotes,
            effects=Effects(self._versions, self._bases, engine),
        )
        if not self._bases.read_only:
            self._register_starter(starter)
        self._promoting.use()  # also for who only reads: a quote tells what the student in use would do

    @functools.cached_property
    def desk(self) -> Desk | None:
        """Where endpoints are filled in; None without a room of endpoints."""
        from forge_desktop.students.desk import Desk

        return Desk(self._providers) if self._providers is not None else None

    @functools.cached_property
    def registry(self) -> Registry:
        """Adapters and versions."""
        from forge_desktop.students.registry import Registry

        return Registry(self._around, self._bases, self._versions, self._promoting)

    @functools.cached_property
    def training(self) -> Training:
        """Training runs."""
        from forge_desktop.students.training import Training

        return Training(self._around, self._bases, self.registry)

    @functools.cached_property
    def gates(self) -> Gates:
        """Evaluation gates."""
        from forge_desktop.students.gates import Gates

        return Gates(self._around, self._bases, self.registry, self.training)

    @functools.cached_property
    def measures(self) -> Measures:
        """Benchmarks of versions."""
        from forge_desktop.students.measures import Measures

        return Measures(self._around, self._bases, self.registry)

    @functools.cached_property
    def library(self) -> Library:
        """Bases to be found and fetched."""
        from forge_desktop.students.library import Library

        return Library(self._around, self._bases, self._import)

    def export_rows(self) -> dict[str, Callable[[], Iterator[Mapping[str, Any]]]]:
        """Runs, gates and benchmarks as plain rows, by their file's name. For the archive, within its snapshot."""
        from forge_desktop.students.exporting import Exporter

        return Exporter(self.training, self.gates, self.measures).files()

    @property
    def _around(self) -> Rooms:
        assert self._rooms is not None, "made without the rooms that this needs"
        return self._rooms

    def list(self) -> list[Student]:
        """Every student on this computer, the starter first; none is active while an endpoint answers. `problem` says
        when a file is missing or has another size than it had.
        """
        remote = self.remotes.active() is not None
        found = (_student(base) for base in self._bases.all())
        return [dataclasses.replace(student, active=student.active and not remote) for student in found]

    def active(self) -> Student | None:
        """The student on this computer that answers, or would if no endpoint did; None when there is none.

        `problem` is also that of the adapter it has on.
        """
        base, version = self._bases.active(), self._versions.active()
        if base is None:
            return None
        student = _student(base)
        problem = "" if version is None else self._promoting.verifying.version(version, quick=True)
        return dataclasses.replace(student, problem=student.problem or problem)

    def activate(self, student_id: int, *, who: str = "", why: str = "") -> None:
        """Let this student, without an adapter, answer from now on: its version is promoted. Raises ForgeError when its
        file is missing or has changed.
        """
        version = self._versions.get(version_uid(self._find(student_id).sha256))
        assert version is not None, "a base has a version from the moment it is stored"
        self._promoting.promote(version, who=who, why=why)

    def remove(self, student_id: int) -> None:
        """Take a student off the list; its file stays. The starter cannot be removed: ForgeError."""
        base = self._find(student_id)
        if base.shipped:
            raise ForgeError("The starter student belongs to the program and stays.", hint="Make another one active.")
        trained = [v.label for v in self._versions.of_base(base.sha256) if not v.is_base]
        if trained:
            raise ForgeError(
                f"{base.name} carries adapters: {', '.join(trained)}.", hint="Remove these versions first, or keep it."
            )
        self._bases.remove(student_id)
        self._events.changed("students", "versions")
        if base.active:
            self._promoting.use()

    def import_gguf(self, path: Path) -> int:
        """Start the job (kind "import") that checks a GGUF file, hashes it and lists it; returns the job's id.

        Progress is in bytes, the result is the student's id. The job fails with ForgeError when the file is
        not a GGUF chat model or is damaged.
        """
        return self._jobs.start("students", "import", lambda ctx: self._import(ctx, path.absolute()))

    def check(self, student_id: int) -> str:
        """One sentence when the file is missing or no longer the one that was imported, else "". May hash the file."""
        return self._promoting.verifying.base(self._find(student_id))

    def check_adapter(self, sha256: str) -> str:
        """The same of an adapter's file. Raises ForgeError where that adapter is not kept here."""
        return self._promoting.verifying.adapter(self.registry.adapter(sha256))

    def seen(self, student_id: int) -> Seen:
        """What size and time of a file tell. Only `check` tells whether one that was written anew is the same."""
        return self._promoting.verifying.seen_base(self._find(student_id))

    def seen_adapter(self, sha256: str) -> Seen:
        """The same of an adapter's file. Raises ForgeError where that adapter is not kept here."""
        return self._promoting.verifying.seen_adapter(self.registry.adapter(sha256))

    def was_gated(self) -> bool:
        """Whether anything ever went through a gate: without, nothing that gates need is loaded to look at one."""
        return self._versions.was_gated()

    def told_last(self) -> dict[str, float]:
        """When the newest gate and the newest benchmark told something, by the versions that they are about. Nothing
        that these need is loaded for it.
        """
        return self._versions.told_last()

    def was_measured(self, version: str) -> bool:
        """Whether there is a benchmark of a version (its uid)."""
        return self._versions.was_measured(version)

    def try_template(self, student: Student, template: str) -> None:
        """See that this chat template works, without loading the student. Raises ForgeError when it cannot be used."""
        self._engine.layout.try_template(template, student.name)

    def _import(self, ctx: JobContext, path: Path, sha256: str = "") -> int:
        """List a file after checking it; `sha256` is its hash where that was made a moment ago."""
        header = self._engine.probe(path)
        note = display_name(path)
        ctx.progress(0, header.file_bytes, note)
        sha256 = sha256 or hash_file(path, lambda done, total: ctx.progress(done, total, note))
        status = path.stat()
        if status.st_size != header.file_bytes:
            raise ForgeError(f"{path} changed while it was read.", hint="Import it again when it is complete.")
        had_one = self._bases.active() is not None
        student_id = self._bases.add(path, note, sha256, header, status.st_mtime_ns, shipped=False)
        self._events.changed("students", "versions")
        if not had_one:
            self._promoting.use()
        return student_id

    def _register_starter(self, starter: Path) -> None:
        known = next((base for base in self._bases.all() if base.shipped), None)
        try:
            status = starter.stat()
        except OSError:
            return  # a build without the starter: the list is empty until something is imported
        if known is not None and (known.path, known.modified_ns) == (starter, status.st_mtime_ns):
            return
        try:
            header, sha256 = self._engine.probe(starter), hash_file(starter)
        except ForgeError as error:
            log.warning("the starter student cannot be used: %s", error.message)
            return
        self._bases.add(starter, display_name(starter), sha256, header, status.st_mtime_ns, shipped=True)
        self._events.changed("students", "versions")

    def _find(self, student_id: int) -> Base:
        base = self._bases.find(student_id)
        if base is None:
            raise ForgeError("This student is no longer in the list.", hint="Look at the list again.")
        return base


def _spec(base: Base) -> StudentSpec:
    return StudentSpec(base.name, str(base.path), base.sha256)


def _student(base: Base) -> Student:
    return Student(
        id=base.id,
        name=base.name,
        path=str(base.path),
        sha256=base.sha256,
        active=base.active,
        shipped=base.shipped,
        architecture=base.architecture,
        parameters=base.parameters,
        quantisation=base.quantisation,
        context=base.context,
        layers=base.layers,
        vocabulary=base.vocabulary,
        template=base.template,
        file_bytes=base.file_bytes,
        imported=base.imported,
        problem=quick_problem(base),
    )
