"""The verb `search`: passages found by words, phrases and filters, best first."""

from __future__ import annotations

import argparse
import datetime

from forge_desktop.cli.output import Output, counted
from forge_desktop.corpus.records import Finding, Hit, Passage, SearchFilter
from forge_desktop.forge import Forge

_SHOWN_LINES = 3


def search(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Print the best passages, best first."""
    finding = forge.corpus.find(" ".join(options.query), options.k, where=_where(options), every=options.all)
    understood = finding.understood
    out.result(
        {
            "results": [_hit_fields(hit) for hit in finding.hits],
            "understood": {
                "words": list(understood.words),
                "phrases": list(understood.phrases),
                "excluded": list(understood.excluded),
                "ignored": list(understood.ignored),
            },
            "documents": finding.documents,
            "note": finding.note,
        }
    )
    _show_understood(finding, out)
    if not finding.hits and not finding.note:
        out.line("No passage matches." if forge.corpus.stats().passages else "There are no documents yet.")
    for number, hit in enumerate(finding.hits, 1):
        _show(number, hit, out)
    if finding.note:
        out.line(finding.note)
    return 0


def _where(options: argparse.Namespace) -> SearchFilter:
    return SearchFilter(
        collections=tuple(options.collections),
        folder=options.folder or "",
        formats=tuple(options.formats),
        changed_from=_seconds(options.since),
        changed_to=_seconds(options.until and options.until + datetime.timedelta(days=1), -1e-6),
    )


def _seconds(day: datetime.date | None, shift: float = 0.0) -> float | None:
    """When a day begins here, in epoch seconds."""
    return None if day is None else datetime.datetime.combine(day, datetime.time()).timestamp() + shift


def _show_understood(finding: Finding, out: Output) -> None:
    """How the query was read, where it was not just words; beside the results."""
    understood, said = finding.understood, []
    if understood.phrases:
        said.append("With " + ", ".join(f"“{phrase}”" for phrase in understood.phrases) + ".")
    if understood.excluded:
        said.append("Without " + ", ".join(understood.excluded) + ".")
    if finding.documents:
        said.append(f"Searched {counted(finding.documents, 'document')}.")
    said += understood.ignored
    if said:
        out.note(" ".join(said))


def _show(number: int, hit: Hit, out: Output) -> None:
    out.line(f"{number}. {place(hit.passage)}  ({hit.score:.2f})")
    lines = [line.strip() for line in hit.passage.text.splitlines() if line.strip()]
    for line in lines[:_SHOWN_LINES]:
        out.line(f"   {line if len(line) <= 160 else line[:159] + '…'}")
    if len(lines) > _SHOWN_LINES:
        out.line("   …")
    if hit.alike:
        one = len(hit.alike) == 1
        out.line(f"   And {counted(len(hit.alike), 'passage')} that {'says' if one else 'say'} the same (--all).")


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
        "alike": list(hit.alike),
        "ranks": {"bm25": hit.bm25_rank, "vector": hit.vector_rank} if ranked else None,
    }
