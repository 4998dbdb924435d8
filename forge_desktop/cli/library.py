"""The verbs on documents: index and search."""

from __future__ import annotations

import argparse
import collections
from collections.abc import Sequence
from pathlib import Path

from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output, bytes_in_words, counted
from forge_desktop.corpus.records import Hit, IndexReport, Passage
from forge_desktop.forge import Forge

_SHOWN_LINES = 3


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


def search(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Print the best passages, best first."""
    hits = forge.corpus.search(" ".join(options.query), k=options.k)
    out.result({"results": [_hit_fields(hit) for hit in hits]})
    if not hits:
        out.line("No passage matches." if forge.corpus.stats().passages else "There are no documents yet.")
    for number, hit in enumerate(hits, 1):
        out.line(f"{number}. {place(hit.passage)}  ({hit.score:.2f})")
        lines = [line.strip() for line in hit.passage.text.splitlines() if line.strip()]
        for line in lines[:_SHOWN_LINES]:
            out.line(f"   {line if len(line) <= 160 else line[:159] + '…'}")
        if len(lines) > _SHOWN_LINES:
            out.line("   …")
    return 0


def place(passage: Passage) -> str:
    """Where a passage stands: file and lines, or file and page, and the headings above it."""
    where = place_of(passage.path, passage.page, passage.first_line, passage.last_line)
    return f"{where}  {' › '.join(passage.heading)}" if passage.heading else where


def place_of(path: str, page: int | None, first_line: int, last_line: int) -> str:
    """`file:12-18`, or `file, page 3`."""
    if page is not None:
        return f"{path}, page {page}"
    return f"{path}:{first_line}" if first_line == last_line else f"{path}:{first_line}-{last_line}"


def _hit_fields(hit: Hit) -> dict[str, object]:
    passage = hit.passage
    ranked = hit.bm25_rank is not None or hit.vector_rank is not None
    return {
        "path": passage.path,
        "document_sha256": passage.document_sha256,
        "passage_id": passage.id,
        "start": passage.start,
        "end": passage.end,
        "page": passage.page,
        "heading": list(passage.heading),
        "text": passage.text,
        "score": hit.score,
        "ranks": {"bm25": hit.bm25_rank, "vector": hit.vector_rank} if ranked else None,
    }
