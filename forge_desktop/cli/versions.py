"""The verb `students`: versions listed, compared, promoted, taken back, put aside."""

from __future__ import annotations

import argparse
import dataclasses
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from forge_desktop.archive.version_bundle import VersionReport
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.cli import jobs
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output, bytes_in_words
from forge_desktop.cli.versions_words import foreign_gates, happened, happening_fields, in_a_line, version_fields
from forge_desktop.forge import Forge
from forge_desktop.students.records_versions import Comparison, Happening, Promotion, Version

_HERE = "command line"
_LARGEST_TEMPLATE = 1_000_000  # bytes


def students(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do one step."""
    return STEPS[options.step](forge, options, out)


def _list(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    versions, remote = forge.students.registry.versions(), forge.students.remotes.active()
    active = next((version.label for version in versions if version.state == "active"), None)
    out.result(
        {
            "versions": [version_fields(version) for version in versions],
            "active": active,
            "remote": None if remote is None else remote.name,
        }
    )
    for version in versions:
        out.line(in_a_line(version))
    if remote is not None:
        out.line(f"{remote.name}, an endpoint, answers in place of {active or 'a version'} now.")
    if not versions:
        out.line("There is no student yet: `forge-desktop models --import FILE` adds a GGUF file.")
    return 0


def _show(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    registry = forge.students.registry
    version = registry.version(options.version)
    adapter = None if version.is_base else registry.adapter(version.adapter_sha256)
    history = registry.history(version.uid)
    told = None if adapter is None else {name: value for name, value in dataclasses.asdict(adapter).items() if value}
    out.result(
        {
            **version_fields(version),
            "template": version.template,
            "adapter": told,
            "history": [happening_fields(happening) for happening in history],
        }
    )
    out.line(in_a_line(version))
    out.line(f"  uid      {version.uid}")
    out.line(f"  base     {version.base_name or 'not on this computer'}  {version.base_sha256}")
    if adapter is not None:
        size = bytes_in_words(adapter.file_bytes)
        out.line(f"  adapter  {adapter.sha256} at the scale {version.scale:g} (rank {adapter.rank}, {size})")
        out.line(f"           {adapter.path}")
        for line in foreign_gates(adapter):
            out.line(f"           {line}")
    for name, value in version.retrieval.items():
        out.line(f"  {name.ljust(8)} {value}")
    if version.template:
        out.line(f"  template of its own, {len(version.template):,} characters")
    if version.note:
        out.line(f"  {version.note}")
    for happening in history:
        out.line(happened(happening, label=False))
    return 0


def _history(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    history = forge.students.registry.history(options.version)
    out.result({"history": [happening_fields(happening) for happening in history]})
    for happening in history:
        out.line(happened(happening))
    return 0


def _promote(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    done = forge.students.registry.promote(
        options.version, who=_who(options), why=options.why, override=options.override
    )
    return _told_of(done, "answers from now on", out)


def _rollback(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    done = forge.students.registry.rollback(who=_who(options), why=options.why)
    return _told_of(done, "answers again", out)


def _told_of(done: Promotion, what: str, out: Output) -> int:
    out.result(
        {
            **version_fields(done.version),
            "before": None if done.before is None else done.before.label,
            "seconds": round(done.seconds, 3),
            "warnings": list(done.warnings),
        }
    )
    before = f", in place of {done.before.label}" if done.before and done.before.uid != done.version.uid else ""
    out.line(f"{done.version.label} ({done.version.name}) {what}{before}.")
    for warning in done.warnings:
        out.note(f"forge-desktop: {warning}")
    return 0


def _compare(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    registry = forge.students.registry
    versions = options.versions or _last_two(registry.active(), registry.history())
    job = registry.compare(" ".join(options.question), versions, collections=options.collections)

    def show(event: Event) -> None:
        if isinstance(event, JobChanged) and event.job_id == job and event.state == "running":
            out.progress(f"Asking {event.note}")

    with jobs.listening(forge, show):
        found = jobs.wait(forge, job)
    out.clear()
    assert isinstance(found, Comparison)
    out.result(
        {
            "question": found.question,
            "passages": [{"n": n, "path": path, "text": text} for n, path, text in found.passages],
            "left_out": found.detail["left_out"],
            "answers": [{**dataclasses.asdict(a), "version": a.label, "uid": a.version} for a in found.answers],
        }
    )
    for answer in found.answers:
        out.line(f"{answer.label}  ({answer.tokens} tokens, {answer.milliseconds / 1000:.1f} s)")
        out.line(answer.text or answer.problem)
        out.line()
    for n, path, _ in found.passages:
        out.line(f"  [{n}] {path}")
    return 1 if all(answer.problem and not answer.text for answer in found.answers) else 0


def _last_two(active: Version | None, history: list[Happening]) -> list[str]:
    """The active version and the one that was active before it."""
    if active is None:
        raise ForgeError("There is no active version.", hint="Name two with --version.")
    before = next((h.before for h in history if h.version == active.uid and h.before), "")
    if not before:
        raise ForgeError(f"{active.label} is the only version that was ever active.", hint="Name two with --version.")
    return [active.uid, before]


def _import(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    path = Path(os.path.abspath(options.file))
    if zipfile.is_zipfile(path):
        if options.base or options.name:
            raise ForgeError(f"{path} is a version's bundle: it says its base and its name itself.")
        made = wait(forge, forge.archive.student_files.import_version(path), out, "bringing in")
    elif not options.base:
        raise ForgeError("Say which student the adapter is for.", hint="Give --base NAME.")
    else:
        made = jobs.wait(forge, forge.students.registry.import_adapter(path, options.base, name=options.name))
    assert isinstance(made, Version)
    out.result(version_fields(made))
    out.line(in_a_line(made))
    if made.quarantined:
        out.line(
            f"It came from elsewhere: `forge-desktop gate {made.label} --suite NAME` has to pass it before it can be"
            " promoted."
        )
    return 0


def _export(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    target = Path(os.path.abspath(options.file))
    job = forge.archive.student_files.export_version(options.version, target, with_base=options.with_base)
    done = wait(forge, job, out, "writing")
    assert isinstance(done, VersionReport)
    out.result({**dataclasses.asdict(done), "notes": list(done.notes)})
    out.line(f"{done.version} is written to {done.file} ({bytes_in_words(done.bytes)}).")
    for note in done.notes:
        out.line(f"  {note}")
    return 0


def _derive(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    search = {name: getattr(options, name) for name in ("passages", "neighbours")}
    search = {name: value for name, value in search.items() if value is not None}
    registry = forge.students.registry
    made = registry.derive(
        options.version,
        scale=options.scale,
        template=_text_of(options.template) if options.template else None,
        retrieval={**registry.version(options.version).retrieval, **search} if search else None,
        name=options.name,
    )
    return _made(made, out)


def _text_of(name: str) -> str:
    with open(name, "rb") as file:  # the command line words what goes wrong
        content = file.read(_LARGEST_TEMPLATE + 1)
    if len(content) > _LARGEST_TEMPLATE:
        raise ForgeError(f"{name} is too large for a chat template.", hint="It should be a few thousand characters.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ForgeError(f"{name} is no text in UTF-8.", hint="Choose the file with the template.") from None


def _retire(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    registry = forge.students.registry
    uid = registry.version(options.version).uid
    registry.retire(uid, options.why, who=_who(options))
    return _made(registry.version(uid), out)


def _bring_back(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    registry = forge.students.registry
    uid = registry.version(options.version).uid
    registry.bring_back(uid, who=_who(options))
    return _made(registry.version(uid), out)


def _remove(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    registry = forge.students.registry
    version = registry.version(options.version)
    registry.remove(version.uid, who=_who(options))
    out.result({"removed": version.label, "uid": version.uid})
    out.line(f"Removed: {version.label} ({version.name}).")
    return 0


def _made(version: Version, out: Output) -> int:
    out.result(version_fields(version))
    out.line(in_a_line(version))
    return 0


def _who(options: argparse.Namespace) -> str:
    return f"{_HERE}: {options.who}" if options.who else _HERE


Step = Callable[[Forge, argparse.Namespace, Output], int]
STEPS: dict[str, Step] = {
    "list": _list,
    "show": _show,
    "history": _history,
    "promote": _promote,
    "rollback": _rollback,
    "compare": _compare,
    "import": _import,
    "export": _export,
    "derive": _derive,
    "retire": _retire,
    "bring-back": _bring_back,
    "remove": _remove,
}
