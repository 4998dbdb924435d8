"""The verb `index`: read documents into the corpus."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output, bytes_in_words, counted
from forge_desktop.corpus.records import IndexReport
from forge_desktop.corpus.records_library import SyncQuestion
from forge_desktop.forge import Forge


def index(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Read the paths into the corpus, then finish what an interrupted run elsewhere left pending."""
    report = read_paths(forge, options.paths, out, collection=options.collection or "")
    return show_report(forge, report, out, answer=options.answer, places=options.paths)


def show_report(
    forge: Forge, report: IndexReport, out: Output, *, answer: str | None, places: Sequence[str] = ()
) -> int:
    """Print what an index run did and what it asks, after answering that where an answer is given."""
    before = forge.corpus.shelf.stats()
    for question in report.questions if answer else ():
        forge.corpus.sync.answer(question.id, answer or "")
    if answer == "remove":
        forge.corpus.sync.give_up(places)
        settled = {question.root for question in report.questions}  # that these are away, and kept, is no longer so
        left = [(path, why) for path, why in report.failed if path not in settled and os.path.lexists(path)]
        report = dataclasses.replace(report, failed=tuple(left))
    after = forge.corpus.shelf.stats()
    removed = before.documents - after.documents
    questions = () if answer else report.questions
    out.result(
        {
            "documents": report.documents - removed,
            "passages": report.passages - (before.passages - after.passages),
            "new": report.new,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "moved": report.moved,
            "removed": report.removed + removed,
            "failed": [{"path": path, "reason": reason} for path, reason in report.failed],
            "partial": [{"path": path, "note": note} for path, note in report.partial],
            "skipped": [{"path": path, "reason": reason} for path, reason in report.skipped],
            "questions": [dataclasses.asdict(question) for question in questions],
            "seconds": round(report.seconds, 3),
        }
    )
    out.line(index_in_words(report))
    for path, reason in report.failed:
        out.line(f"  {path}: {reason}")
    for path, note in report.partial:
        out.line(f"Read in part: {path}: {note}")
    for reason, count in collections.Counter(reason for _, reason in report.skipped).most_common():
        out.line(f"Left out: {counted(count, 'file')}. {reason}")
    if answer == "remove":
        out.line(f"Removed from the index, because their files are gone: {counted(removed, 'document')}.")
    for question in questions:
        out.note(_question_in_words(question))
    return 0


def _question_in_words(question: SyncQuestion) -> str:
    gone = "is not there" if question.kind == "vanished" else "has lost much"
    kept = f"{question.documents:,} of {counted(question.total, 'document')} have no file any more and are kept"
    return (
        f"{question.root} {gone}: {kept}. `forge-desktop sync --remove-missing` takes them out of the index,"
        " --keep-missing keeps them."
    )


def read_paths(forge: Forge, paths: Sequence[str | Path], out: Output, *, collection: str = "") -> IndexReport:
    """Index the paths in the foreground."""
    return wait_for_report(forge, forge.corpus.index(paths, collection), out)


def wait_for_report(forge: Forge, job_id: int, out: Output) -> IndexReport:
    """Show an index job's progress until its report is there, then finish what waits."""
    with jobs.listening(forge, jobs.byte_progress(out, "Reading")):
        report = jobs.wait(forge, job_id)
        assert isinstance(report, IndexReport)
        pending = forge.corpus.resume_pending()
        if pending is not None:
            jobs.wait(forge, pending)
    out.clear()
    return report


def index_in_words(report: IndexReport) -> str:
    """The report in one or two sentences."""
    changes = f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged"
    if report.moved:
        changes += f", {report.moved} of them moved"
    if report.removed:
        changes += f", {report.removed} removed"
    words = f"{counted(report.documents, 'document')}, {counted(report.passages, 'passage')} ({changes})"
    words += f"; read {bytes_in_words(report.bytes)} in {report.seconds:.1f} s."
    if report.failed:
        words += f" {counted(len(report.failed), 'file')} could not be read:"
    return words
