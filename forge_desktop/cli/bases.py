"""The verb `models` where it finds bases: on a hub, in a folder of this computer."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output, bytes_in_words, counted
from forge_desktop.forge import Forge
from forge_desktop.students.found_files import programs
from forge_desktop.students.records_library import (
    TRAINABLE,
    FoundFile,
    HubModel,
    HubSearch,
    Imported,
    Offer,
    RepositoryOffers,
)

_MOST = 30  # repositories that a search shows


def look(forge: Forge, options: argparse.Namespace, out: Output) -> int | None:
    """Do what was asked of these; None where nothing was."""
    work: Callable[[Forge, argparse.Namespace, Output], int] | None = None
    for name, done in _STEPS.items():
        work = done if getattr(options, name) else work
    if options.import_all and not options.scan:
        raise ForgeError("--import-all belongs to --scan.", hint="forge-desktop models --scan DIR --import-all")
    return None if work is None else work(forge, options, out)


def _search(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found = jobs.wait(forge, forge.students.library.search(options.search, limit=_MOST))
    assert isinstance(found, HubSearch)
    out.result({"found": [_model(one) for one in found.models], "left_out": found.left_out})
    for one in found.models:
        gated = ", gated" if one.gated else ""
        facts = f"{one.downloads:,} downloads, {one.licence or 'no licence named'}{gated}, {one.updated}"
        out.line(f"{one.name}  ({facts})")
        if one.problem:
            out.line(f"    {one.problem}")
    if found.left_out:
        out.line(f"Left out, because no name of a repository stood there: {found.left_out}.")
    if len(found.models) + found.left_out >= _MOST:
        out.line(f"These are the {_MOST} most downloaded; more words find others.")
    if not found.models:
        out.line("Nothing was found: try fewer or other words.")
    return 0


def _model(one: HubModel) -> dict[str, object]:
    return {**dataclasses.asdict(one), "trainable": one.architecture in TRAINABLE}


def _files(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found = jobs.wait(forge, forge.students.library.repository(options.files))
    assert isinstance(found, RepositoryOffers)
    hub = found.hub
    out.result(
        {
            "repository": hub.name,
            "revision": hub.revision,
            "page": hub.page,
            "licence": hub.licence,
            "licence_page": hub.licence_page,
            "gated": hub.gated,
            "downloads": hub.downloads,
            "updated": hub.updated,
            "parameters": hub.parameters,
            "architecture": found.architecture,
            "context": hub.context,
            "made_from": hub.made_from,
            "trainable": found.trainable,
            "files": [_offer(one) for one in found.offers],
            "left_out": hub.left_out,
        }
    )
    out.line(f"{hub.name}  (licence: {hub.licence or 'none named'}, {hub.page})")
    kind = found.architecture or "unknown architecture"
    out.line(f"    {kind}; adapters for it {'can' if found.trainable else 'cannot'} be trained here")
    if hub.gated:
        out.line(f"    {hub.gated}")
    for one in found.offers:
        here = ", here already" if one.student else f", {bytes_in_words(one.done)} are here" if one.done else ""
        size = bytes_in_words(one.file.bytes)
        trained = f", trained for {one.context:,} tokens" if one.context else ""
        out.line(f"  {one.file.name}  ({one.file.quantisation or 'unknown quantisation'}, {size}{trained}{here})")
        out.line(f"    {one.problem or f'{one.fit.word}: {one.fit.sentence}'}")
    if not found.offers:
        out.line("  It holds no GGUF file.")
    if hub.left_out:
        out.line(f"  Left out, because no name stood there: {counted(hub.left_out, 'file')}.")
    return 0


def _offer(one: Offer) -> dict[str, object]:
    return {
        "name": one.file.name,
        "bytes": one.file.bytes,
        "sha256": one.file.sha256,
        "quantisation": one.file.quantisation,
        "parts": one.file.parts,
        "fits": one.fit.word,
        "fit": one.fit.sentence,
        "needed_bytes": one.fit.needed,
        "known": bool(one.student),
        "done_bytes": one.done,
        "problem": one.problem,
        "architecture": one.architecture,
        "context": one.context,
        "header_read": one.read,
    }


def _download(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    repository, file = options.download
    with jobs.listening(forge, jobs.byte_progress(out, "Downloading")):
        made = jobs.wait(forge, forge.students.library.download(repository, file))
    student = next(one for one in forge.students.list() if one.id == made)
    out.result(
        {
            "name": student.name,
            "sha256": student.sha256,
            "path": student.path,
            "bytes": student.file_bytes,
            "active": student.active,
        }
    )
    out.line(f"{student.name} is a student now; `forge-desktop models --use {student.name!r}` lets it answer.")
    out.line(f"    {student.path}")
    return 0


def _scan(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found: list[FoundFile] = []
    for folder in _folders(forge, options.scan):
        some = jobs.wait(forge, forge.students.library.scan(folder))
        assert isinstance(some, tuple)
        found += some
    imported: tuple[Imported, ...] = ()
    wanted = [Path(one.path) for one in found if not one.problem and not one.student]
    if options.import_all and wanted:
        with jobs.listening(forge, jobs.byte_progress(out, "Checking")):
            result = jobs.wait(forge, forge.students.library.import_many(wanted))
        assert isinstance(result, tuple)
        imported = result
    out.result({"found": [_found(one) for one in found], "imported": [_brought(one) for one in imported]})
    for one in found:
        state = one.problem or ("a student already" if one.student else "usable")
        facts = f"{one.architecture or 'no model'}, {one.quantisation or '?'}, {bytes_in_words(one.bytes)}"
        out.line(f"{one.path}  ({facts})")
        out.line(f"    {state}")
    brought = len({one.student for one in imported if one.student})
    out.line(f"{counted(len(found), 'GGUF file')}, {len(wanted)} of them usable and new, {brought} imported.")
    for each in imported:
        if each.same_as:
            out.line(f"{each.path} has the same bytes as {each.same_as}.")
        if each.problem:
            out.note(each.problem)
    return 0


def _found(one: FoundFile) -> dict[str, object]:
    return {key: value for key, value in dataclasses.asdict(one).items() if key != "student"} | {
        "known": bool(one.student)
    }


def _brought(one: Imported) -> dict[str, object]:
    return {"path": one.path, "done": bool(one.student), "problem": one.problem, "same_as": one.same_as}


def _folders(forge: Forge, wanted: str) -> list[Path]:
    """The folder of this name, or those of another program."""
    if not os.path.isdir(wanted):
        named = [place for place in forge.students.library.places() if _word(place.program) == wanted.lower()]
        if named:
            return [Path(place.path) for place in named]
        if program := next((one for one in programs() if _word(one) == wanted.lower()), ""):
            raise ForgeError(
                f"No folder of {program}'s models was found.",
                hint="Where they lie elsewhere, give that folder: forge-desktop models --scan DIR",
            )
    return [Path(os.path.abspath(wanted))]


def _word(program: str) -> str:
    return program.lower().replace(" ", "-")


def _keep_token(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    library = forge.students.library
    problem = library.set_token(None, variable=options.token_env or "")
    out.result({"token": library.token_place, "note": problem})
    kept = {"none": "No access token is kept.", "keyring": "The access token is in the keyring."}
    out.line(kept.get(library.token_place, "The access token is read from the variable at each start."))
    if problem:
        out.note(problem)
    return 0


_STEPS: dict[str, Callable[[Forge, argparse.Namespace, Output], int]] = {
    "search": _search,
    "files": _files,
    "download": _download,
    "scan": _scan,
    "token_env": _keep_token,
    "forget_token": _keep_token,
}
