"""The list of students: the shipped starter, imported GGUF files, and which one answers."""

from __future__ import annotations

import contextlib
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
from forge_desktop.students.files import display_name, hash_file
from forge_desktop.students.layouts import Layouts
from forge_desktop.students.records import Student
from forge_desktop.students.remotes import Remotes
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Base, Bases, StudentFacts

if TYPE_CHECKING:
    from forge_desktop.providers import Providers
    from forge_desktop.students.desk import Desk
    from forge_desktop.students.gates import Gates
    from forge_desktop.students.library import Library
    from forge_desktop.students.registry import Registry
    from forge_desktop.students.training import Training

log = logging.getLogger(__name__)

_AGAIN = "Import the file again in Students, or choose another student."


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
        self._bases = Bases(db)
        self._rooms = rooms
        self._jobs, self._events, self._engine = jobs, events, engine
        self.layouts = Layouts(engine, events, lambda student_id: _spec(self._find(student_id)))
        self._providers = providers
        self.remotes = Remotes(StudentFacts(db), events, engine, providers, self._use_local)
        if not self._bases.read_only:
            self._register_starter(starter)
        self._use_active()  # also for who only reads: a quote tells what the student in use would do

    @functools.cached_property
    def desk(self) -> Desk | None:
        """Where endpoints are filled in; None without a room of endpoints."""
        from forge_desktop.students.desk import Desk

        return Desk(self._providers) if self._providers is not None else None

    @functools.cached_property
    def registry(self) -> Registry:
        """Adapters and versions."""
        from forge_desktop.students.registry import Registry

        return Registry(self._around, self._bases)

    @functools.cached_property
    def training(self) -> Training:
        """Training runs."""
        from forge_desktop.students.training import Training

        return Training(self._around, self._bases)

    @functools.cached_property
    def gates(self) -> Gates:
        """Evaluation gates."""
        from forge_desktop.students.gates import Gates

        return Gates(self._around, self._bases, self.registry, self.training)

    @functools.cached_property
    def library(self) -> Library:
        """Bases to be found and fetched."""
        from forge_desktop.students.library import Library

        return Library(self._around, self._bases, self._import)

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
        """The student on this computer that answers, or would if no endpoint did; None when there is none."""
        base = self._bases.active()
        return None if base is None else _student(base)

    def activate(self, student_id: int) -> None:
        """Let this student answer from now on. Raises ForgeError when its file is missing or has changed."""
        base = self._find(student_id)
        if problem := self._problem(base):
            raise ForgeError(problem, hint=_AGAIN)
        self._bases.activate(student_id)
        self.remotes.give_up()
        self._events.changed("students")
        self._use_active(asked=True)

    def remove(self, student_id: int) -> None:
        """Take a student off the list; its file stays. The starter cannot be removed: ForgeError."""
        base = self._find(student_id)
        if base.shipped:
            raise ForgeError("The starter student belongs to the program and stays.", hint="Make another one active.")
        self._bases.remove(student_id)
        self._events.changed("students")
        if base.active:
            self._use_active()

    def import_gguf(self, path: Path) -> int:
        """Start the job (kind "import") that checks a GGUF file, hashes it and lists it; returns the job's id.

        Progress is in bytes, the result is the student's id. The job fails with ForgeError when the file is
        not a GGUF chat model or is damaged.
        """
        return self._jobs.start("students", "import", lambda ctx: self._import(ctx, path.absolute()))

    def check(self, student_id: int) -> str:
        """One sentence when the file is missing or no longer the one that was imported, else "". May hash the file."""
        return self._problem(self._find(student_id))

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
        self._events.changed("students")
        if not had_one:
            self._use_active()
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
        self._events.changed("students")

    def _use_active(self, *, asked: bool = False) -> None:
        if self.remotes.resume():
            return
        base = self._bases.active()
        if base is None:
            self._engine.use(None)
            return
        base_id = base.id
        self._engine.use(_spec(base), check=lambda: self._refuse_changed_file(base_id), asked=asked)

    def _use_local(self) -> None:
        """The endpoint that answered is gone."""
        self._use_active()

    def _refuse_changed_file(self, base_id: int) -> None:
        base = self._bases.find(base_id)
        if base is not None and (problem := self._problem(base)):
            self._events.changed("students")
            raise ForgeError(problem, hint=_AGAIN)

    def _problem(self, base: Base) -> str:
        """Compare the file with what was imported: size and time first, the hash when the time differs."""
        if problem := _quick_problem(base):
            return problem
        modified = base.path.stat().st_mtime_ns
        if modified == base.modified_ns:
            return ""
        if hash_file(base.path) != base.sha256:
            return _changed(base)
        with contextlib.suppress(ForgeError):  # read only, or a full disk: it will be hashed again next time
            self._bases.moved(base.id, base.path, modified)
        return ""

    def _find(self, student_id: int) -> Base:
        base = self._bases.find(student_id)
        if base is None:
            raise ForgeError("This student is no longer in the list.", hint="Look at the list again.")
        return base


def _quick_problem(base: Base) -> str:
    try:
        size = base.path.stat().st_size
    except OSError as error:
        return f"The file of {base.name} cannot be read: {base.path} ({error.strerror or error})."
    return "" if size == base.file_bytes else _changed(base)


def _changed(base: Base) -> str:
    return f"The file of {base.name} has changed since it was imported: {base.path}."


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
        problem=_quick_problem(base),
    )
