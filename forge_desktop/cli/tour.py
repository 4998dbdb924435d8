"""The verb `tour`: the main job from beginning to end on the sample documents, with what it measured."""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import resources_dir
from forge_desktop.chat.records import ChatMessage, Grounding
from forge_desktop.cli.answers import answer_fields, answer_question, show_sources
from forge_desktop.cli.library import index_in_words, read_paths
from forge_desktop.cli.output import Output
from forge_desktop.cli.searching import place
from forge_desktop.forge import Forge

SEARCHES = ("late fee for power tools", "Sprechstunde auf Deutsch")
QUESTIONS: tuple[tuple[str, Grounding], ...] = (
    ("Who is the ombudsperson?", "documents_first"),
    ("Where is the emergency stop?", "documents_first"),
    ("Who won the chess world championship of 1972?", "documents_only"),
)
_ANSWER_TOKENS = 96  # a tour is short, and the starter student likes to repeat itself


@contextlib.contextmanager
def passing_directory() -> Iterator[Path]:
    """A data directory for one tour, removed at its end."""
    with tempfile.TemporaryDirectory(prefix="forge-tour-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def tour(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Index the sample, search it, ask it three questions; say what was measured and what to do next."""
    sample = resources_dir() / "sample"
    if not sample.is_dir():
        raise ForgeError(f"The sample documents are missing: {sample}.", hint="Install Forge Desktop again.")
    passing = options.data_dir is None
    forge.settings.override(answer_tokens=_ANSWER_TOKENS)
    out.line("A tour of Forge Desktop: the documents of a fictitious tool library, read, searched and asked.")
    out.line(f"Data directory: {forge.data_dir}" + (" (removed at the end)" if passing else ""))
    out.line()
    out.line(f"Reading {sample}")
    report = read_paths(forge, [sample], out)
    out.line(f"  {index_in_words(report)}")
    for path, reason in report.failed:
        out.line(f"  {path}: {reason}")
    out.line()
    searched = [_search(forge, query, out) for query in SEARCHES]
    answers: list[ChatMessage] = []
    for question, grounding in QUESTIONS:
        only = ", which may only be answered from the documents" if grounding == "documents_only" else ""
        out.line(f"Asking “{question}”{only}")
        answer = answer_question(forge, question, out, grounding=grounding)
        answers.append(answer.message)
        show_sources(answer.message, out)
        _measured(answer.message, out)
        out.line()
        if answer.interrupted:
            return 130
    out.result(
        {
            "data_dir": str(forge.data_dir),
            "documents": report.documents,
            "passages": report.passages,
            "failed": [{"path": path, "reason": reason} for path, reason in report.failed],
            "index_seconds": round(report.seconds, 3),
            "search_ms": round(max(searched), 1),
            "answers": [
                {"question": question, **answer_fields(message)}
                for (question, _), message in zip(QUESTIONS, answers, strict=True)
            ],
        }
    )
    _farewell(out)
    return 0


def _search(forge: Forge, query: str, out: Output) -> float:
    """Search once; the milliseconds it took."""
    out.line(f"Searching for “{query}”")
    started = time.perf_counter()
    hits = forge.corpus.search(query, k=3)
    milliseconds = (time.perf_counter() - started) * 1000
    for hit in hits:
        out.line(f"  {hit.score:.2f}  {place(hit.passage)}")
    out.line(f"  {milliseconds:.1f} ms.")
    out.line()
    return milliseconds


def _measured(message: ChatMessage, out: Output) -> None:
    fields = answer_fields(message)
    if message.problem:
        out.line(f"({message.problem})")
    if fields["model"] is None:
        quoted = "these are the best passages, quoted" if fields["citations"] else "the passages are too far from it"
        out.line(f"(The student was not asked: {quoted}.)")
        return
    ttft, rate = fields["ttft_ms"], fields["tokens_per_second"]
    if isinstance(ttft, int | float) and isinstance(rate, int | float):
        out.line(
            f"({fields['model']} on {fields['device']}: {fields['prompt_tokens']} tokens read, first word after "
            f"{ttft / 1000:.1f} s, then {rate:.0f} tokens a second)"
        )


def _farewell(out: Output) -> None:
    out.line(
        "The starter student is very small: often clumsy, sometimes wrong. That is why each sentence is matched with"
    )
    out.line(
        "the passages. A source shows where its words and numbers come from, not that the student understood them:"
    )
    out.line("read the source, or bring a larger student:")
    out.line("  forge-desktop models --import FILE.gguf    then    forge-desktop models --use NAME")
    out.line("Your own documents:")
    out.line('  forge-desktop index PATH…    then    forge-desktop ask "…"    or in the window: forge-desktop')
