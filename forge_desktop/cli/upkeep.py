"""The verbs that look after what is stored: models, status, verify, export."""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path

from forge_desktop import __version__
from forge_desktop.archive import BundleReport
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.cli import bases, embedding, jobs
from forge_desktop.cli.output import Output, bytes_in_words, counted, hint_of
from forge_desktop.corpus import ImportReport, RepairReport
from forge_desktop.forge import Forge
from forge_desktop.students.records import Student
from forge_desktop.students.remotes import what_leaves

DAMAGED = 3

_LOOKED_THROUGH = 3  # conversations
_REPAIR_WORDS = {"repaired": "Mended", "reread": "Read again", "kept": "Kept", "lost": "Lost", "problem": "Not mended"}


def models(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """List the students, after importing a file or choosing one where asked; or find others."""
    if (status := bases.look(forge, options, out)) is not None:
        return status
    if options.import_file:
        with jobs.listening(forge, jobs.byte_progress(out, "Checking")):
            jobs.wait(forge, forge.students.import_gguf(Path(os.path.abspath(options.import_file))))
    if options.use:
        _use(forge, options.use, agreed=options.agree)
    students, remotes = forge.students.list(), forge.students.remotes.all()
    out.result(
        {
            "models": [{"name": s.name, "sha256": s.sha256, "active": s.active} for s in students],
            "remote": [
                {"name": r.name, "model": r.model, "origin": r.origin, "active": r.active, "agreed": r.agreed}
                for r in remotes
            ],
        }
    )
    for student in students:
        facts = f"{student.architecture}, {_parameters(student.parameters)}, {student.quantisation}"
        out.line(f"{'*' if student.active else ' '} {student.name}  ({facts}, {bytes_in_words(student.file_bytes)})")
        out.line(f"    {student.path}")
        out.line(f"    sha256 {student.sha256}")
        if student.problem:
            out.line(f"    {student.problem}")
    for remote in remotes:
        price = f", {remote.price}" if remote.price else ""
        out.line(f"{'*' if remote.active else ' '} {remote.name}  (remote: {remote.model} at {remote.origin}{price})")
        if remote.problem:
            out.line(f"    {remote.problem}")
    if not students and not remotes:
        out.line("There is no student yet: `forge-desktop models --import FILE` adds a GGUF file.")
    return 0


def _use(forge: Forge, wanted: str, *, agreed: bool) -> None:
    """Choose a student on this computer, or an endpoint where none is called so."""
    remote = next((r for r in forge.students.remotes.all() if wanted in (r.name, r.uid)), None)
    if remote is None:
        forge.students.activate(_named(forge.students.list(), wanted).id, who="command line")
        return
    if remote.leaves and not remote.agreed and not agreed:
        raise ForgeError(what_leaves(remote), hint=f"If you agree: forge-desktop models --use {wanted!r} --agree")
    forge.students.remotes.choose(remote.uid, agreed=agreed)


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
    stats = forge.corpus.shelf.stats()
    student, remote = forge.students.active(), forge.students.remotes.active()
    device = _last_device(forge, student.sha256) if student else None
    name = student.name if student else None
    version = forge.students.registry.active() if student else None
    if remote is not None:
        student, version, name, device = None, None, remote.name, f"remote: {remote.host}"
    database = forge.archive.database_facts()
    asked = [endpoint for endpoint in forge.providers.endpoints.list() if endpoint.enabled]
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
            "indexed_share": round(forge.corpus.shelf.indexed_share(), 4),
            "model": name,
            "student_version": None if version is None else version.label,
            "device": device,
            "embedder": embedding.facts(forge),
            "offline": forge.settings.values.offline or not asked,
            "endpoints": len(asked),
            "sqlite": database.version,
            "notes": [*database.notes, *filter(None, [forge.settings.problem])],
        }
    )
    failed = f" ({counted(stats.failed, 'file')} could not be read)" if stats.failed else ""
    out.line(f"Forge Desktop {__version__}")
    out.line(f"Data directory  {forge.data_dir}")
    out.line(f"Corpus          {counted(stats.documents, 'document')}, {counted(stats.passages, 'passage')}{failed}")
    which = "" if version is None else f"  ({version.label}{'' if version.is_base else f', {version.name}'})"
    out.line(f"Student         {name or 'none'}{which}")
    if student and student.problem:
        out.line(f"                {student.problem}")
    out.line(f"Device          {device or 'known after the first answer'}")
    out.line(f"Embedding       {embedding.in_words(forge)}")
    out.line(f"Network         {_network(len(asked), offline=forge.settings.values.offline)}")
    for note in database.notes:
        out.line(f"Note            {note}")
    return 0


def _network(endpoints: int, *, offline: bool) -> str:
    if offline:
        return "none: the offline switch is on"
    return f"{counted(endpoints, 'endpoint')} may be asked" if endpoints else "none: nothing leaves this machine"


def _last_device(forge: Forge, sha256: str) -> str | None:
    """Where this student's newest answer was computed: loading it anew just to know would take seconds."""
    for conversation in forge.chat.conversations()[:_LOOKED_THROUGH]:
        for message in reversed(forge.chat.messages(conversation.id)):
            facts = message.provenance
            if facts.get("model_sha256") == sha256 and facts.get("device"):
                return str(facts["device"])
    return None


def verify(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Check everything that is stored, after mending what can be mended where asked; status 3 when damage is left."""
    done = _repaired(forge, out) if options.repair else {}
    verdict = forge.archive.verify()
    if verdict.ok and done.get("problem"):
        raise ForgeError("".join(done["problem"]))
    out.result({"ok": verdict.ok, "checked": verdict.checked, "damaged": list(verdict.damaged), **done})
    for heading, sentences in done.items():
        for number, sentence in enumerate(sentences):
            out.line(f"{_REPAIR_WORDS[heading] if not number else '':13}{sentence}")
    if verdict.ok:
        out.line(f"{counted(verdict.checked, 'item')} checked, no damage found.")
        return 0
    out.line(f"{counted(verdict.checked, 'item')} checked, {len(verdict.damaged)} damaged:")
    for sentence in verdict.damaged:
        out.line(f"  {sentence}")
    if not options.repair:
        out.line("`forge-desktop verify --repair` mends what can be mended.")
    return DAMAGED


def _repaired(forge: Forge, out: Output) -> dict[str, list[str]]:
    """What a repair did, by the kind of it; "problem" is why there was none."""
    report = RepairReport((), (), (), ())
    problem = []
    try:
        with jobs.listening(forge, lambda event: _show_note(event, out)):
            found = jobs.wait(forge, forge.corpus.repair())
        assert isinstance(found, RepairReport)
        report = found
    except ForgeError as error:
        problem.append(f"{error.message} {hint_of(error)}".rstrip())
    out.clear()
    return {**{name: list(sentences) for name, sentences in dataclasses.asdict(report).items()}, "problem": problem}


def _show_note(event: Event, out: Output) -> None:
    if isinstance(event, JobChanged) and event.state == "running" and event.note:
        out.progress(event.note)


def export(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Write everything out, or one collection."""
    target = Path(os.path.abspath(options.target))
    if options.collection:
        return _export_collection(forge, options, target, out)
    if options.with_files:
        raise ForgeError("--with-files goes with --collection NAME.", hint="A full export holds texts, not files.")
    files = forge.archive.export(target)
    out.result(
        {
            "directory": str(target),
            "files": [{"name": file.name, "rows": file.rows, "sha256": file.sha256} for file in files],
        }
    )
    for file in files:
        out.line(f"{file.name:22} {counted(file.rows, 'row'):>14}  {file.sha256}")
    out.line(f"Written to {target}; manifest.json lists the same.")
    return 0


def _export_collection(forge: Forge, options: argparse.Namespace, target: Path, out: Output) -> int:
    with jobs.listening(forge, lambda event: _show_note(event, out)):
        job = forge.archive.export_collection(options.collection, target, with_files=options.with_files)
        report = jobs.wait(forge, job)
    assert isinstance(report, BundleReport)
    out.clear()
    out.result(dataclasses.asdict(report))
    size = bytes_in_words(report.bytes)
    what = f"{counted(report.documents, 'document')}, {counted(report.passages, 'passage')}"
    out.line(f"{report.collection}: {what}, {counted(report.files, 'original file')}; {size} in {report.file}")
    for sentence in (*report.left_out, *report.notes):
        out.line(f"  {sentence}")
    return 0


def bring_in(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Bring a bundle in."""
    with jobs.listening(forge, jobs.byte_progress(out, "Reading")):
        report = jobs.wait(forge, forge.archive.import_collection(Path(os.path.abspath(options.file))))
    assert isinstance(report, ImportReport)
    out.clear()
    out.result(dataclasses.asdict(report))
    what = f"{counted(report.documents, 'document')}, {counted(report.passages, 'passage')}"
    out.line(f"{report.collection}: {what} came in, {counted(report.files, 'original file')} with them.")
    if report.present:
        out.line(f"  {counted(report.present, 'document')} were here already and belong to it too.")
    return 0
