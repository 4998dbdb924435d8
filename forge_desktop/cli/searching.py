"""The verb `search`: passages found by words, phrases and filters, best first."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
from collections.abc import Sequence

from forge_desktop.cli.output import Output, counted
from forge_desktop.corpus.parsers import units_of
from forge_desktop.corpus.records import Explanation, Finding, Hit, Passage, RankingCheck, SearchFilter
from forge_desktop.forge import Forge

_SHOWN_LINES = 3
_SHOWN_LETTERS = 160  # of a line
_SHOWN_HEADING = 120
_BEFORE = 60  # letters of a long line before the first word of the query


def search(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Print the best passages, best first."""
    query, where = " ".join(options.query), _where(options)
    finding = forge.corpus.find(query, options.k, where=where, every=options.all)
    explanation = forge.corpus.explainer.explain(query, options.explain, where=where) if options.explain else None
    check = forge.corpus.explainer.check_ranking(query) if options.verify else None
    out.result(
        {
            "results": [_hit_fields(hit) for hit in finding.hits],
            "understood": {name: list(value) for name, value in dataclasses.asdict(finding.understood).items()},
            "documents": finding.documents,
            "note": finding.note,
            **({"explanation": _explanation_fields(explanation)} if explanation else {}),
            **({"ranking": dataclasses.asdict(check)} if check else {}),
        }
    )
    _show_understood(finding, out)
    if explanation:
        _show_explanation(explanation, out)
    else:
        _show_hits(forge, query, finding, out)
    if check:
        _show_check(check, out)
    return 0


def _show_hits(forge: Forge, query: str, finding: Finding, out: Output) -> None:
    if not finding.hits and not finding.note:
        out.line("No passage matches." if forge.corpus.shelf.stats().passages else "There are no documents yet.")
    for number, hit in enumerate(finding.hits, 1):
        _show(number, hit, forge.corpus.matches(query, hit.passage.text), out)
    if finding.note:
        out.line(finding.note)


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


def _show(number: int, hit: Hit, spans: Sequence[tuple[int, int]], out: Output) -> None:
    out.line(f"{number}. {place(hit.passage)}  ({hit.score:.2f})")
    for line in _excerpt(hit.passage.text, spans):
        out.line(f"   {line}")
    if hit.alike:
        one = len(hit.alike) == 1
        out.line(f"   And {counted(len(hit.alike), 'passage')} that {'says' if one else 'say'} the same (--all).")


def _excerpt(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """The lines of a passage in which most words of the query stand, long ones cut around the first of them."""
    lines: list[tuple[str, list[int]]] = []  # with the places of words in it
    offset = 0
    for line in text.splitlines(keepends=True):
        if shown := line.strip():
            start = offset + line.index(shown)
            lines.append((shown, [at - start for at, _ in spans if start <= at < start + len(shown)]))
        offset += len(line)
    windows = [sum(len(found) for _, found in lines[at : at + _SHOWN_LINES]) for at in range(len(lines))]
    begin = windows.index(max(windows)) if lines else 0
    excerpt = ["…"] if begin else []
    excerpt += [_cut(line, found[0] if found else 0) for line, found in lines[begin : begin + _SHOWN_LINES]]
    return [*excerpt, "…"] if len(lines) > begin + _SHOWN_LINES else excerpt


def _cut(line: str, at: int) -> str:
    start = at - _BEFORE if at > _SHOWN_LETTERS - _BEFORE and len(line) > _SHOWN_LETTERS else 0
    shown = f"{'…' if start else ''}{line[start:]}"
    return shown if len(shown) <= _SHOWN_LETTERS else shown[: _SHOWN_LETTERS - 1] + "…"


def _show_explanation(told: Explanation, out: Output) -> None:
    out.line(f"Passage {told.passage.id}: {place(told.passage)}")
    out.line(told.note)
    out.line(
        f"  words     {_rank(told.bm25, told.bm25_rank)} of all passages" if told.bm25_rank else "  words     none"
    )
    out.line(f"  likeness  {_rank(told.vector, told.vector_rank)}")
    if told.score is not None:
        out.line(f"  together  {told.score:.3f}")
    out.line(f"  {told.length} terms; a passage has {told.average_length:.1f} on average")
    if told.terms:
        out.line("  passages    weight  here      adds  term")
    for term in told.terms:
        out.line(f"  {term.passages_with:8,}  {term.idf:8.4f}  {term.frequency:4}  {term.impact:8.4f}  {term.term}")


def _rank(score: float | None, rank: int | None) -> str:
    if score is None:
        return "none"
    return f"{score:.4f}" + (f", number {rank:,}" if rank else "")


def _show_check(check: RankingCheck, out: Output) -> None:
    scores = "the same scores" if check.same_scores else "OTHER scores"
    order = "the same order" if check.same_order else "ANOTHER order"
    out.line(
        f"rank_bm25 gives {scores}, bit for bit, and {order} of the best {check.compared:,}"
        f" ({counted(check.passages, 'passage')}, {check.seconds:.1f} s)."
    )


def _explanation_fields(told: Explanation) -> dict[str, object]:
    fields = dataclasses.asdict(told)
    fields["passage_id"] = fields.pop("passage")["id"]
    return fields


def place(passage: Passage) -> str:
    """Where a passage stands: file and lines, or file and page, and the headings above it."""
    where = place_of(passage.path, passage.page, passage.first_line, passage.last_line)
    heading = " › ".join(passage.heading)
    if len(heading) > _SHOWN_HEADING:
        heading = heading[: _SHOWN_HEADING - 1] + "…"
    return f"{where}  {heading}" if heading else where


def place_of(path: str, page: int | None, first_line: int, last_line: int) -> str:
    """`file:12-18`, `file, page 3`, `file, slide 3` or `file, rows 4-9`."""
    paged, lined = units_of(path)
    if page is not None:
        return f"{path}, {paged} {page}"
    lines = str(first_line) if first_line == last_line else f"{first_line}-{last_line}"
    if lined != "line":
        return f"{path}, {lined if first_line == last_line else lined + 's'} {lines}"
    return f"{path}:{lines}"


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
