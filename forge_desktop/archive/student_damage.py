"""Looks for damage in what students are made of: the files of bases and of adapters, byte for byte."""

from __future__ import annotations

from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.students import Students
from forge_desktop.students.files import hash_file


def check_students(students: Students) -> tuple[int, list[str]]:
    """How many files were looked at, and a sentence for each that is not the one that was kept. The adapter that
    answers comes first.
    """
    bases = students.list()
    adapters = students.registry.adapters()
    versions = students.registry.versions()
    answering = next((version.adapter_sha256 for version in versions if version.state == "active"), "")
    damaged: list[str] = []
    for adapter in sorted(adapters, key=lambda one: one.sha256 != answering):
        damaged += check_adapter_of(students, adapter.sha256)
    for base in bases:
        damaged += _damage(f"The file of {base.name}", "it was imported", base.path, base.sha256)
    return len(bases) + len(adapters), damaged


def check_adapter_of(students: Students, sha256: str) -> list[str]:
    """A sentence where the file of an adapter is not the one that was kept."""
    adapter = students.registry.adapter(sha256)
    labels = [version.label for version in students.registry.versions() if version.adapter_sha256 == sha256]
    name = f"The adapter {adapter.name} ({', '.join(labels) or 'of no version'})"
    return _damage(name, "it was kept", adapter.path, sha256)


def _damage(name: str, since: str, path: str, sha256: str) -> list[str]:
    try:
        found = hash_file(Path(path))
    except ForgeError as error:
        why = error.__cause__.strerror if isinstance(error.__cause__, OSError) else error.message
        return [f"{name} cannot be read: {path}: {why}."]
    return [] if found == sha256 else [f"{name} changed since {since}: {path}."]
