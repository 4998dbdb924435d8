"""The verbs that look after what is stored: models, status, verify, export."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from forge_desktop import __version__
from forge_desktop.base.errors import ForgeError
from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output, bytes_in_words, counted
from forge_desktop.forge import Forge
from forge_desktop.students.records import Student

DAMAGED = 3

_LOOKED_THROUGH = 3  # conversations


def models(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """List the students, after importing a file or choosing one where asked."""
    if options.import_file:
        with jobs.listening(forge, jobs.byte_progress(out, "Checking")):
            jobs.wait(forge, forge.students.import_gguf(Path(os.path.abspath(options.import_file))))
    if options.use:
        forge.students.activate(_named(forge.students.list(), options.use).id)
    students = forge.students.list()
    out.result({"models": [{"name": s.name, "sha256": s.sha256, "active": s.active} for s in students]})
    for student in students:
        facts = f"{student.architecture}, {_parameters(student.parameters)}, {student.quantisation}"
        out.line(f"{'*' if student.active else ' '} {student.name}  ({facts}, {bytes_in_words(student.file_bytes)})")
        out.line(f"    {student.path}")
        out.line(f"    sha256 {student.sha256}")
        if student.problem:
            out.line(f"    {student.problem}")
    if not students:
        out.line("There is no student yet: `forge-desktop models --import FILE` adds a GGUF file.")
    return 0


def _named(students: list[Student], wanted: str) -> Student:
    found = [student for student in students if student.name == wanted]
    if not found and len(wanted) >= 4:
        found = [student for student in students if student.sha256.startswith(wanted.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise ForgeError(f"Several students are called {wanted!r}.", hint="Use the start of the sha256 instead.")
    raise ForgeError(f"No student is called {wanted!r}.", hint="`forge-desktop models` lists them.")


def _parameters(count: int) -> str:
    return f"{count / 1e9:.1f} B parameters" if count >= 1e9 else f"{count / 1e6:.0f} M parameters"


def status(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Say what is stored where, and who answers."""
    stats = forge.corpus.stats()
    student = forge.students.active()
    device = _last_device(forge, student.sha256) if student else None
    database = forge.archive.database_facts()
    out.result(
        {
            "version": __version__,
            "data_dir": str(forge.data_dir),
            "documents": stats.documents,
            "passages": stats.passages,
            "failed": stats.failed,
            "tokens": stats.tokens,
            "languages": dict(stats.languages),
            "disk": dict(stats.disk),
            "indexed_share": round(forge.corpus.indexed_share(), 4),
            "model": student.name if student else None,
            "device": device,
            "offline": True,  # no room opens a connection
            "sqlite": database.version,
            "notes": [*database.notes, *filter(None, [forge.settings.problem])],
        }
    )
    failed = f" ({counted(stats.failed, 'file')} could not be read)" if stats.failed else ""
    out.line(f"Forge Desktop {__version__}")
    out.line(f"Data directory  {forge.data_dir}")
    out.line(f"Corpus          {counted(stats.documents, 'document')}, {counted(stats.passages, 'passage')}{failed}")
    out.line(f"Student         {student.name if student else 'none'}")
    if student and student.problem:
        out.line(f"                {student.problem}")
    out.line(f"Device          {device or 'known after the first answer'}")
    out.line("Network         none: nothing leaves this machine")
    for note in database.notes:
        out.line(f"Note            {note}")
    return 0


def _last_device(forge: Forge, sha256: str) -> str | None:
    """Where this student's newest answer was computed: loading it anew just to know would take seconds."""
    for conversation in forge.chat.conversations()[:_LOOKED_THROUGH]:
        for message in reversed(forge.chat.messages(conversation.id)):
            facts = message.provenance
            if facts.get("model_sha256") == sha256 and facts.get("device"):
                return str(facts["device"])
    return None


def verify(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Check everything that is stored; status 3 when something is damaged."""
    verdict = forge.archive.verify()
    out.result({"ok": verdict.ok, "checked": verdict.checked, "damaged": list(verdict.damaged)})
    if verdict.ok:
        out.line(f"{counted(verdict.checked, 'item')} checked, no damage found.")
        return 0
    out.line(f"{counted(verdict.checked, 'item')} checked, {len(verdict.damaged)} damaged:")
    for sentence in verdict.damaged:
        out.line(f"  {sentence}")
    return DAMAGED


def export(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Write everything out."""
    directory = Path(os.path.abspath(options.directory))
    files = forge.archive.export(directory)
    out.result(
        {
            "directory": str(directory),
            "files": [{"name": file.name, "rows": file.rows, "sha256": file.sha256} for file in files],
        }
    )
    for file in files:
        out.line(f"{file.name:22} {counted(file.rows, 'row'):>14}  {file.sha256}")
    out.line(f"Written to {directory}; manifest.json lists the same.")
    return 0
