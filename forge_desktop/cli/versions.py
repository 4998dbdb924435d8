"""The verb `students`: versions listed, compared, promoted, taken back, put aside."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output, bytes_in_words
from forge_desktop.cli.versions_files import HERE, bring_in, derive, give_away
from forge_desktop.cli.versions_words import foreign_gates, happened, happening_fields, tell, told, version_fields
from forge_desktop.forge import Forge
from forge_desktop.students.records_versions import Comparison, Happening, Promotion, Version


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
        tell(version, out)
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
    facts = None if adapter is None else {name: value for name, value in dataclasses.asdict(adapter).items() if value}
    out.result(
        {
            **version_fields(version),
            "template": version.template,
            "adapter": facts,
            "history": [happening_fields(happening) for happening in history],
        }
    )
    tell(version, out)
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
    registry = forge.students.registry
    answered = None if forge.students.remotes.active() is not None else registry.active()
    done = registry.promote(options.version, who=_who(options), why=options.why, override=options.override)
    already = answered is not None and answered.uid == done.version.uid
    return _told_of(done, "answers already" if already else "answers from now on", out)


def _rollback(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    done = forge.students.registry.rollback(who=_who(options), why=options.why)
    return _told_of(done, "answers again", out)


def _told_of(done: Promotion, what: str, out: Output) -> int:
    before = done.before if done.before is not None and done.before.uid != done.version.uid else None
    out.result(
        {
            **version_fields(done.version),
            "before": before.label if before else None,
            "seconds": round(done.seconds, 3),
            "warnings": list(done.warnings),
        }
    )
    in_place = f", in place of {before.label}" if before else ""
    out.line(f"{done.version.label} ({done.version.name}) {what}{in_place}.")
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
        if answer.text:
            out.text(f"    {answer.text}", under=4)
        if answer.problem:
            out.line(f"    {answer.problem}")
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


def _retire(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    registry = forge.students.registry
    uid = registry.version(options.version).uid
    registry.retire(uid, options.why, who=_who(options))
    return told(registry.version(uid), out)


def _bring_back(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    registry = forge.students.registry
    uid = registry.version(options.version).uid
    registry.bring_back(uid, who=_who(options))
    return told(registry.version(uid), out)


def _remove(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    registry = forge.students.registry
    version = registry.version(options.version)
    registry.remove(version.uid, who=_who(options))
    out.result({"removed": version.label, "uid": version.uid})
    out.line(f"Removed: {version.label} ({version.name}).")
    return 0


def _who(options: argparse.Namespace) -> str:
    return f"{HERE}: {options.who}" if options.who else HERE


Step = Callable[[Forge, argparse.Namespace, Output], int]
STEPS: dict[str, Step] = {
    "list": _list,
    "show": _show,
    "history": _history,
    "promote": _promote,
    "rollback": _rollback,
    "compare": _compare,
    "import": bring_in,
    "export": give_away,
    "derive": derive,
    "retire": _retire,
    "bring-back": _bring_back,
    "remove": _remove,
}
