"""The steps of `students` that take or make versions: brought in, written for somebody else, made of another."""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path

from forge_desktop.archive import version_format
from forge_desktop.archive.version_bundle import VersionReport
from forge_desktop.base.errors import ForgeError
from forge_desktop.cli import jobs
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output, bytes_in_words
from forge_desktop.cli.versions_words import told
from forge_desktop.forge import Forge
from forge_desktop.students.files import refuse_special
from forge_desktop.students.records_versions import Version

HERE = "command line"  # who did it, as the history tells
_LARGEST_TEMPLATE = 1_000_000  # bytes


def bring_in(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`students import`: an adapter, or a version's bundle."""
    path = Path(os.path.abspath(options.file))
    refuse_special(path)
    if not options.writes:
        return _show(forge, path, out)
    known = {version.uid for version in forge.students.registry.versions()}
    if _is_bundle(path):
        if options.base or options.name:
            raise ForgeError(
                f"{path} is a version's bundle: it says its base and its name itself.",
                hint="Leave --base and --name out.",
            )
        made = wait(forge, forge.archive.student_files.import_version(path, who=HERE), out, "bringing in")
    elif not options.base:
        raise ForgeError("Say which student the adapter is for.", hint="Give --base NAME.")
    else:
        registry = forge.students.registry
        made = jobs.wait(forge, registry.import_adapter(path, options.base, name=options.name, who=HERE))
    assert isinstance(made, Version)
    told(made, out, known)
    if made.note and made.uid not in known:
        out.line(f"       {made.note}")
    if made.quarantined:
        out.line(
            f"It came from elsewhere: `forge-desktop gate {made.label} --suite NAME` has to pass it before it can be"
            " promoted."
        )
    return 0


def _show(forge: Forge, path: Path, out: Output) -> int:
    """What a version's bundle holds, before it is brought in."""
    if not _is_bundle(path):
        raise ForgeError(
            f"{path} is no version's bundle, so it tells nothing of itself.",
            hint="Leave --show out to bring an adapter in; it is refused where it does not fit.",
        )
    found = forge.archive.student_files.look(path)
    out.result({name: held for name, held in dataclasses.asdict(found).items() if name != "card_text"})
    out.line(f"{found.file} ({bytes_in_words(found.bytes)}) holds {found.name or 'a version'}, {found.version} there.")
    base = "on this computer" if found.base_here else "in the bundle" if found.with_base else "missing here"
    out.line(f"  base     {found.base_name} ({base})  {found.base_sha256}")
    out.line(f"  adapter  {found.adapter_sha256}, scale {found.scale:g}")
    gates = f"{found.gates} {'gate' if found.gates == 1 else 'gates'} there"
    out.line(f"  told     {gates}{f', {found.verdict}' if found.verdict else ''}: a gate here decides.")
    if found.card is None:
        out.line(found.card_text or "It has no card.")
    else:
        if found.card_left_out:
            out.line(f"Of its card this cannot be taken in: {', '.join(found.card_left_out)}.")
        out.line("Its card, as somebody else wrote it:")
        out.line()
        out.text(found.card_text)
    return 0


def _is_bundle(path: Path) -> bool:
    """Whether it is meant as a version's bundle, a damaged one too."""
    if path.is_dir():
        return False
    if path.suffix == version_format.SUFFIX:
        return True
    with open(path, "rb") as file:  # the command line words what goes wrong
        return file.read(4) == b"PK\x03\x04"


def give_away(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`students export`: a version's bundle is written."""
    target = Path(os.path.abspath(options.file))
    job = forge.archive.student_files.export_version(options.version, target, with_base=options.with_base, who=HERE)
    done = wait(forge, job, out, "writing")
    assert isinstance(done, VersionReport)
    out.result({**dataclasses.asdict(done), "notes": list(done.notes)})
    out.line(f"{done.version} is written to {done.file} ({bytes_in_words(done.bytes)}).")
    for note in done.notes:
        out.line(f"  {note}")
    return 0


def derive(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`students derive`: a version that differs in what is given."""
    search = {name: getattr(options, name) for name in ("passages", "neighbours")}
    search = {name: value for name, value in search.items() if value is not None}
    if options.scale is None and not options.template and not search:
        raise ForgeError(
            "Nothing was given in which the new version would differ.",
            hint="Give --scale, --template, --passages or --neighbours.",
        )
    registry = forge.students.registry
    known = {version.uid for version in registry.versions()}
    template = _text_of(options.template) if options.template else None
    try:
        made = registry.derive(
            options.version,
            scale=options.scale,
            template=template,
            retrieval={**registry.version(options.version).retrieval, **search} if search else None,
            name=options.name,
            who=HERE,
        )
    except ForgeError as error:
        if template is None or not error.code.startswith("TEMPLATE"):
            raise
        raise ForgeError(
            f"{options.template} cannot be used as a chat template. {error.message}", hint="Correct that file."
        ) from error
    return told(made, out, known)


def _text_of(name: str) -> str:
    refuse_special(Path(name))
    try:
        with open(name, "rb") as file:
            content = file.read(_LARGEST_TEMPLATE + 1)
    except OSError as error:
        raise ForgeError(
            f"The template {name} cannot be read: {error.strerror or error}.", hint="Name the file that holds it."
        ) from error
    if len(content) > _LARGEST_TEMPLATE:
        raise ForgeError(f"{name} is too large for a chat template.", hint="It should be a few thousand characters.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ForgeError(f"{name} is no text in UTF-8.", hint="Choose the file with the template.") from None
