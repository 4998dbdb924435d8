"""The verbs `collections` and `sync`: sets of folders with a policy, and the index brought in line with them."""

from __future__ import annotations

import argparse
import dataclasses
import datetime

from forge_desktop.base.errors import ForgeError
from forge_desktop.cli import jobs
from forge_desktop.cli.library import show_report, wait_for_report
from forge_desktop.cli.output import Output, bytes_in_words, counted
from forge_desktop.corpus.records_library import Collection, PolicyEffect
from forge_desktop.forge import Forge

_POLICY = ("include", "exclude", "max_megabytes", "hidden", "follow_links", "never_send")


def collections(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Create, change or delete one where asked; then list them all."""
    effect = _changed(forge, options, out)
    every = forge.corpus.collections.all()
    out.result({"collections": [_fields(each) for each in every], "effect": effect})
    if options.dry_run:
        return 0
    for collection in every:
        _show(collection, out)
    return 0


def _changed(forge: Forge, options: argparse.Namespace, out: Output) -> dict[str, int] | None:
    """Do what was asked; what goes out of the index and what comes in, where that was asked or happened at once."""
    room = forge.corpus.collections
    policy = {name: value for name in _POLICY if (value := getattr(options, name)) is not None}
    if options.create and not options.dry_run:
        room.add(room.create(options.create, **policy).uid, options.add)
    elif options.change:
        return _change(forge, options, policy, out)
    elif options.delete:
        documents, passages = room.deletion_effect(options.delete)
        if not options.dry_run:
            room.delete(options.delete)
        out.note(_out_in_words(documents, passages, dry=options.dry_run))
        return {"documents_out": documents, "passages_out": passages, "files_in": 0, "bytes_in": 0}
    elif policy or options.add or options.take_out or options.rename:
        raise ForgeError("Which collection?", hint="Say --create NAME or --change NAME.")
    return None


def _change(forge: Forge, options: argparse.Namespace, policy: dict[str, object], out: Output) -> dict[str, int] | None:
    room = forge.corpus.collections
    uid = room.get(options.change).uid
    effect = PolicyEffect(0, 0, 0, 0)
    if policy or options.dry_run:
        found = jobs.wait(forge, room.effect(uid, **policy))
        assert isinstance(found, PolicyEffect)
        effect = found
        out.note(
            f"With the next sync: {_out_in_words(found.documents_out, found.passages_out, dry=True)}"
            f" {counted(found.files_in, 'file')} ({bytes_in_words(found.bytes_in)}) would come in."
        )
    if options.dry_run:
        return dataclasses.asdict(effect)
    room.change(uid, name=options.rename, **policy)
    room.add(uid, options.add)
    for path in options.take_out:
        documents, passages = room.root_effect(uid, path)
        room.remove_root(uid, path)
        out.note(_out_in_words(documents, passages, dry=False))
    return dataclasses.asdict(effect)


def _out_in_words(documents: int, passages: int, *, dry: bool) -> str:
    go = "would go out" if dry else "went out"
    return f"{counted(documents, 'document')} with {counted(passages, 'passage')} {go} of the index; files stay."


def _show(collection: Collection, out: Output) -> None:
    failed = f", {counted(collection.failed, 'file')} not readable" if collection.failed else ""
    never = "  (never sent to a teacher)" if collection.never_send else ""
    out.line(f"{collection.name}{never}")
    out.line(
        f"    {counted(collection.documents, 'document')}, {counted(collection.passages, 'passage')},"
        f" {bytes_in_words(collection.bytes)}{failed}"
    )
    for root in collection.roots:
        out.line(f"    {root}")
    rules = [f"only {pattern}" for pattern in collection.include] + [f"not {pattern}" for pattern in collection.exclude]
    rules += [f"files up to {collection.max_megabytes:,} MB"] if collection.max_megabytes else []
    rules += ["hidden files too"] if collection.hidden else []
    rules += ["links are followed"] if collection.follow_links else []
    if rules:
        out.line(f"    {', '.join(rules)}")
    if collection.roots:
        out.line(f"    last looked through: {_moment(collection.synced)}")


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return "not yet; `forge-desktop sync` does it"
    return datetime.datetime.fromtimestamp(seconds).isoformat(" ", "minutes")


def _fields(collection: Collection) -> dict[str, object]:
    fields = dataclasses.asdict(collection)
    return {**fields, "include": list(collection.include), "exclude": list(collection.exclude)}


def sync(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Look through all folders now, and answer what is asked."""
    report = wait_for_report(forge, forge.corpus.rescan(), out)
    return show_report(forge, report, out, answer=options.answer)
