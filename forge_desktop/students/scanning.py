"""Tells what GGUF files a folder holds, which are students already, and brings several in."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.engine import Engine
from forge_desktop.providers.hub_names import part_of, problem_of
from forge_desktop.students.files import display_name, hash_file
from forge_desktop.students.found_files import names_by_hash, walk
from forge_desktop.students.records_library import FoundFile, Imported
from forge_desktop.students.store import Base, Bases

Bring = Callable[..., int]  # the students' own import: (job's context, path, sha256=where it is known) -> id


class Scanner:
    """Reads headers, and hashes only what has as many bytes as a student."""

    def __init__(self, engine: Engine, bases: Bases, bring: Bring, trainable: Container[str]) -> None:
        self._engine, self._bases, self._bring, self._trainable = engine, bases, bring, trainable

    def scan(self, ctx: JobContext, folder: Path) -> tuple[FoundFile, ...]:
        """What a folder holds, in the order of its names. Raises ForgeError where it is none."""
        if not folder.is_dir():
            raise ForgeError(f"{folder} is no folder.", hint="Choose a folder that holds GGUF files.")
        named = names_by_hash(folder)
        found: list[FoundFile] = []
        bases = self._bases.all()
        for path in walk(folder, ctx.check):
            ctx.progress(len(found), None, path.name)
            found.append(self._look(path, named, bases, ctx))
        return tuple(found)

    def _look(self, path: Path, named: Mapping[str, str], bases: Sequence[Base], ctx: JobContext) -> FoundFile:
        name = named.get(path.name.removeprefix("sha256-"), "") or display_name(path)
        parts = part_of(path.name)[2]
        try:
            header = self._engine.probe(path)
        except ForgeError as error:
            size = path.stat().st_size if path.is_file() else 0
            problem = problem_of(path.name, parts) or error.message
            return FoundFile(str(path), name, "", 0, "", 0, size, False, problem=problem)
        return FoundFile(
            path=str(path),
            name=name,
            architecture=header.architecture,
            parameters=header.parameters,
            quantisation=header.quantisation,
            context=header.context,
            bytes=header.file_bytes,
            trainable=header.architecture in self._trainable,
            student=self._known(path, header.file_bytes, bases, ctx),
        )

    def _known(self, path: Path, size: int, bases: Sequence[Base], ctx: JobContext) -> int:
        """The student with these bytes; hashed only where one has as many of them."""
        alike = [base for base in bases if base.file_bytes == size]
        if not alike:
            return 0
        real = os.path.realpath(path)
        if same := next((base for base in alike if os.path.realpath(base.path) == real), None):
            return same.id
        sha256 = hash_file(path, lambda done, total: ctx.check())
        return next((base.id for base in alike if base.sha256 == sha256), 0)

    def bring_in(self, ctx: JobContext, paths: Sequence[Path]) -> tuple[Imported, ...]:
        """Import files one after the other; one that cannot be imported does not keep the others back."""
        done: list[Imported] = []
        first: dict[int, str] = {}
        for path in paths:
            try:
                student = self._bring(ctx, path.absolute())
                done.append(Imported(str(path), student, same_as=first.get(student, "")))
                first.setdefault(student, str(path))
            except ForgeError as error:
                done.append(Imported(str(path), problem=f"{error.message} {error.hint}".strip()))
        return tuple(done)
