"""The steps of `distill` that bring tasks in: from files and from documents."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from forge_desktop.base.money import parse_usd, shown, usd
from forge_desktop.cli import lesson_quotes
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output, counted
from forge_desktop.distill.records_runs import GenerateSummary, GenerateWish, ImportPreview, ImportSummary
from forge_desktop.forge import Forge

_REASONS = 10  # told on a terminal; --json has more


def bring_in(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill import`: say what is read from where, then what came of it."""
    file = Path(options.file)
    mapping = dict(options.mapping) or None
    pairs = None if options.holds is None else options.holds == "pairs"
    if options.dry_run or not out.json:
        seen = forge.distill.preview(file, mapping, pairs=pairs)
        _show_preview(seen, out)
        if options.dry_run:
            out.result(_preview_fields(seen))
            return 0
    job = forge.distill.bring_in(file, mapping, pairs=pairs, collections=options.collections)
    found = wait(forge, job, out, "reading")
    assert isinstance(found, ImportSummary)
    _show_import(found, out)
    out.result(
        {
            "file": found.file,
            "rows": found.rows,
            "tasks": found.tasks,
            "pairs": found.pairs,
            "known": found.known,
            "bad": found.bad,
            "reasons": [{"line": line, "reason": reason} for line, reason in found.reasons],
            "by_reason": dict(found.by_reason),
            "mapping": dict(found.mapping),
            "unused": list(found.unused),
            "notes": list(found.notes),
            "stopped": found.stopped,
        }
    )
    if found.stopped:
        return 130
    return 1 if found.bad and not (found.tasks or found.pairs or found.known) else 0


def generate(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill generate`: make questions, and say what became of each."""
    usual = GenerateWish()
    wish = GenerateWish(
        per_document=options.per_document,
        collections=tuple(options.collections),
        folders=tuple(str(Path(folder).absolute()) for folder in options.folders),
        documents=tuple(options.documents),
        kinds=tuple(options.kinds) or usual.kinds,
        difficulties=tuple(options.difficulties) or usual.difficulties,
        teacher=options.by == "teacher",
        teachers=tuple(options.teachers),
        cap=parse_usd(options.cap) if options.cap else 0,
        most=options.most,
        seed=options.seed,
    )
    found = wait(forge, forge.distill.generate(wish), out, "writing questions")
    assert isinstance(found, GenerateSummary)
    _show_generated(found, out)
    out.result(
        {
            "documents": found.documents,
            "wanted": found.wanted,
            "known": found.known,
            "asked": found.asked,
            "tasks": found.tasks,
            "by_kind": dict(found.by_kind),
            "dropped": dict(found.dropped),
            "never_sent": list(found.never_sent),
            "settled_usd": usd(found.settled),
            "unknown_usd": usd(found.unknown),
            "run": found.run,
            "stopped_by": found.stopped or "done",
            "problem": found.problem,
        }
    )
    return 130 if found.stopped == "cancelled" else 0


def _show_generated(found: GenerateSummary, out: Output) -> None:
    out.line(
        f"{counted(found.tasks, 'question')} made from {counted(found.documents, 'document')};"
        f" {found.known:,} of {found.wanted:,} wanted were there before."
    )
    for reason, number in sorted(found.dropped.items(), key=lambda each: -each[1]):
        out.line(f"  {number:,} dropped: {reason}")
    if found.never_sent:
        out.line(f"  never sent to a teacher: {_listed(found.never_sent)}")
    if found.run:
        out.line(f"  paid {shown(found.settled)}, not known for sure {shown(found.unknown)}")
    if found.stopped:
        out.line(f"  It ended early. {found.problem} What was made stays; asking again goes on.")


def _show_preview(seen: ImportPreview, out: Output) -> None:
    if seen.pairs:
        out.line(f"{seen.file} holds finished pairs.")
        return
    for field, column in seen.mapping.items():
        out.line(f"  {field:<10} from {column.replace('+', ' and ')}")
    if seen.unused:
        out.line(f"  not used   {_listed(seen.unused)}")


def _preview_fields(seen: ImportPreview) -> dict[str, object]:
    return {
        "file": seen.file,
        "columns": list(seen.columns),
        "mapping": dict(seen.mapping),
        "unused": list(seen.unused),
        "pairs": seen.pairs,
        "questions": [task.question for task in seen.rows],
    }


def _show_import(found: ImportSummary, out: Output) -> None:
    out.line(
        f"{counted(found.tasks, 'task')} and {counted(found.pairs, 'pair')} came in,"
        f" {counted(found.known, 'row')} known from before, {counted(found.bad, 'bad line')}."
    )
    if found.stopped:
        out.line(
            f"It was stopped after {counted(found.rows, 'row')}; what came in stays. Import the file again to go on."
        )
    for note in found.notes:
        out.line(f"  {note}")
    for line, reason in found.reasons[:_REASONS]:
        out.line(f"  line {line:,}: {reason}")
    if found.bad > _REASONS:
        out.line(f"  and {counted(found.bad - _REASONS, 'more line')}; --json lists up to {len(found.reasons):,}.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


STEPS: dict[str, Callable[[Forge, argparse.Namespace, Output], int]] = {
    "import": bring_in,
    "generate": generate,
    **lesson_quotes.STEPS,
}
