"""The verb `index`: read documents into the corpus."""

from __future__ import annotations

import argparse
import collections
from collections.abc import Sequence
from pathlib import Path

from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output, bytes_in_words, counted
from forge_desktop.corpus.records import IndexReport
from forge_desktop.forge import Forge


def index(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Read the paths into the corpus, then finish what an interrupted run elsewhere left pending."""
    report = read_paths(forge, options.paths, out)
    out.result(
        {
            "documents": report.documents,
            "passages": report.passages,
            "new": report.new,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "removed": report.removed,
            "failed": [{"path": path, "reason": reason} for path, reason in report.failed],
            "skipped": [{"path": path, "reason": reason} for path, reason in report.skipped],
            "seconds": round(report.seconds, 3),
        }
    )
    out.line(index_in_words(report))
    for path, reason in report.failed:
        out.line(f"  {path}: {reason}")
    for reason, count in collections.Counter(reason for _, reason in report.skipped).most_common():
        out.line(f"Left out: {counted(count, 'file')}. {reason}")
    return 0


def read_paths(forge: Forge, paths: Sequence[str | Path], out: Output) -> IndexReport:
    """Index the paths in the foreground."""
    with jobs.listening(forge, jobs.byte_progress(out, "Reading")):
        report = jobs.wait(forge, forge.corpus.index(paths))
        assert isinstance(report, IndexReport)
        pending = forge.corpus.resume_pending()
        if pending is not None:
            jobs.wait(forge, pending)
    out.clear()
    return report


def index_in_words(report: IndexReport) -> str:
    """The report in one or two sentences."""
    changes = f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged"
    if report.removed:
        changes += f", {report.removed} removed"
    words = f"{counted(report.documents, 'document')}, {counted(report.passages, 'passage')} ({changes})"
    words += f"; read {bytes_in_words(report.bytes)} in {report.seconds:.1f} s."
    if report.failed:
        words += f" {counted(len(report.failed), 'file')} could not be read:"
    return words
