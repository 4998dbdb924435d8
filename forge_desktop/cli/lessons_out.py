"""The steps of `distill` that write pairs out, freeze them, and forget a document."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.archive.lessons import WRITERS
from forge_desktop.archive.records import Learner
from forge_desktop.cli import consent, jobs, pairing
from forge_desktop.cli.output import Output, counted
from forge_desktop.distill.records import Dataset, Suite
from forge_desktop.distill.records_pairs import Forgotten, Reached
from forge_desktop.forge import Forge

if TYPE_CHECKING:
    from forge_desktop.cards.records import CardMention


def export(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill export`: a file for each form, and a manifest."""
    directory = Path(os.path.abspath(options.directory))
    wanted = options.forms or ["forge"]
    forms = tuple(WRITERS) if "all" in wanted else tuple(wanted)
    files = forge.archive.export_lessons(
        directory, forms, dataset=options.dataset, every=options.every, with_evidence=options.evidence
    )
    out.result({"directory": str(directory), "files": [dataclasses.asdict(file) for file in files]})
    for file in files:
        out.line(f"{file.name}  {counted(file.rows, 'pair')}  sha256 {file.sha256}")
    out.line(f"Written to {directory}.")
    return 0


# ---- suites ----


def suite(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill suite`."""
    room = forge.distill.suites
    if options.action == "import":
        return _made(forge, room.bring_in(Path(options.file), options.name, options.kind), out)
    if options.action == "freeze":
        return _made(forge, room.freeze(options.share, options.name, options.kind), out)
    if options.action == "show":
        found = room.get(options.suite)
        items = room.items(found.uid)
        out.result({**dataclasses.asdict(found), "items": [dataclasses.asdict(item) for item in items]})
        for item in items:
            out.text(f"{item.n:>5}  {item.question}", under=7)
            out.text(f"       {item.answer}", under=7)
        return 0
    if options.action == "remove":
        found = room.get(options.suite)
        held = room.held_by(found.uid)
        consent.ask(
            out,
            f"{found.name} has {counted(found.items, 'question')} and keeps {counted(held, 'pair')} from training.",
            yes=options.yes,
        )
        released = room.remove(found.uid)
        out.result({"removed": found.name, "released": released})
        out.line(f"{found.name} is removed; {counted(released, 'pair')} may train again.")
        return 0
    suites = room.all()
    out.result({"suites": [dataclasses.asdict(each) for each in suites]})
    for each in suites:
        _show_suite(each, out)
    if not suites:
        out.line("There is no suite yet: `forge-desktop distill suite import FILE --name NAME` reads one.")
    return 0


def _made(forge: Forge, job: int, out: Output) -> int:
    made = jobs.wait(forge, job)
    assert isinstance(made, Suite)
    held = forge.distill.suites.held_by(made.uid)
    out.result({**dataclasses.asdict(made), "held": held})
    _show_suite(made, out)
    out.line(f"It keeps {counted(held, 'pair')} from training.")
    return 0


def _show_suite(made: Suite, out: Output) -> None:
    out.line(f"{made.name}  ({made.kind}, {counted(made.items, 'question')}, from {made.source})")
    out.line(f"    sha256 {made.sha256}")


# ---- datasets ----


def dataset(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill dataset`."""
    room = forge.distill.datasets
    if options.action == "freeze":
        made = room.freeze(options.name, options.note)
        out.result(dataclasses.asdict(made))
        _show_dataset(made, out)
        return 0
    if options.action == "show":
        made = room.get(options.dataset)
        documents = room.documents(made.uid)
        rests_on = [{"document_sha256": sha256, "pairs": pairs} for sha256, pairs in documents]
        out.result({**dataclasses.asdict(made), "rests_on": rests_on})
        _show_dataset(made, out)
        for sha256, pairs in documents:
            out.line(f"    {sha256}  {counted(pairs, 'pair')}")
        return 0
    if options.action == "remove":
        made = room.get(options.dataset)
        consent.ask(out, f"{made.name} v{made.version} holds {counted(made.pairs, 'pair')}.", yes=options.yes)
        room.remove(made.uid)
        out.result({"removed": f"{made.name} v{made.version}"})
        out.line(f"{made.name} v{made.version} is removed.")
        return 0
    found = room.all()
    out.result({"datasets": [dataclasses.asdict(each) for each in found]})
    for each in found:
        _show_dataset(each, out)
    if not found:
        out.line("There is no dataset yet: `forge-desktop distill dataset freeze --name NAME` makes one.")
    return 0


def _show_dataset(made: Dataset, out: Output) -> None:
    kinds = f"{made.train_pairs:,} TRAIN_PAIR, {made.repair_pairs:,} REPAIR_PAIR"
    out.line(f"{made.name} v{made.version}  {counted(made.pairs, 'pair')} ({kinds})")
    out.line(f"    {counted(made.documents, 'document')}  sha256 {made.sha256}")


# ---- forgetting ----


def forget(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill forget`: say what is reached, ask, remove."""
    reached = forge.distill.reached_by(options.document)
    learners = forge.archive.learners(reached.document_sha256)
    gates = [one.number for one in forge.students.gates.reached_by(reached.document_sha256)]
    mentions = forge.archive.mentions(reached.document_sha256, reached.name)
    told = {
        "reached": {**dataclasses.asdict(reached), "gates": gates},
        "learners": [dataclasses.asdict(each) for each in learners],
        "cards": [dataclasses.asdict(each) for each in mentions],
    }
    _show_reached(reached, gates, out)
    _show_learners(learners, out)
    _show_mentions(mentions, out)
    if options.dry_run:
        out.result({**told, "forgotten": None})
        return 0
    consent.ask(out, _what_goes(reached, options), yes=options.yes)
    gone = forge.distill.forget(
        reached.document_sha256,
        pairs=options.pairs,
        tasks=options.tasks,
        datasets=options.datasets,
        suites=options.suites,
    )
    of_gates = forge.students.gates.forget(reached.document_sha256) if options.suites else 0
    out.result({**told, "forgotten": {**dataclasses.asdict(gone), "gate_items": of_gates}})
    _show_forgotten(gone, of_gates, out)
    return 0


def _show_reached(reached: Reached, gates: Sequence[int], out: Output) -> None:
    out.line(f"{reached.name or reached.document_sha256[:12]} came into:")
    out.line(f"    {counted(len(reached.pairs), 'pair')}, {counted(len(reached.tasks), 'task')},")
    out.line(f"    {counted(reached.evidence, 'passage')} as evidence, {counted(reached.answers, 'paid answer')}")
    for kind, found in (("dataset", reached.datasets), ("suite", reached.suites)):
        for _, name in found:
            out.line(f"    the {kind} {name}")
    for number in gates:
        out.line(f"    what gate {number} asked")


def _show_learners(learners: Sequence[Learner], out: Output) -> None:
    for each in learners:
        out.line(f"    learnt by {each.words}")
    if learners:
        out.line("    An adapter cannot unlearn: retire the version, train anew, remove the run (train --remove).")


def _show_mentions(mentions: Sequence[CardMention], out: Output) -> None:
    for each in mentions:
        numbers = ", ".join(str(number) for number in each.versions)
        where = [*(["as it is now"] if each.now else []), *([f"in version {numbers}"] if numbers else [])]
        out.line(f"    mentioned by the card of {each.label or each.name} ({', '.join(where)})")
    if mentions:
        out.line("    A card stays as it is: change what it says, or remove it.")


def _what_goes(reached: Reached, options: argparse.Namespace) -> str:
    parts = []
    if options.pairs:
        parts.append(counted(len(reached.pairs), "pair"))
    if options.tasks:
        parts.append(f"{counted(len(reached.tasks), 'task')} with {counted(reached.answers, 'paid answer')}")
    if options.datasets:
        parts.append(counted(len(reached.datasets), "dataset"))
    if options.suites:
        parts.append(f"items of {counted(len(reached.suites), 'suite')} and their words in gates")
    return f"This removes {', '.join(parts) or 'nothing'} for good."


def _show_forgotten(gone: Forgotten, of_gates: int, out: Output) -> None:
    out.line(
        f"Removed: {counted(gone.pairs, 'pair')}, {counted(gone.tasks, 'task')},"
        f" {counted(gone.answers, 'paid answer')}, {counted(gone.datasets, 'dataset')},"
        f" {counted(gone.suite_items, 'item')} of suites, {counted(of_gates, 'answer')} of gates."
    )
    for kind, left in gone.left.items():
        if left:
            out.line(f"Left: {left:,} {kind}.")


STEPS: dict[str, Callable[[Forge, argparse.Namespace, Output], int]] = {
    "pairs": pairing.pairs,
    "suite": suite,
    "dataset": dataset,
    "export": export,
    "forget": forget,
}
