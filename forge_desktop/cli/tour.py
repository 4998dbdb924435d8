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
from forge_desktop.chat.records import ChatMessage
from forge_desktop.cli.answers import answer_fields, answer_question, show_sources
from forge_desktop.cli.library import index_in_words, place, read_paths
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge

SEARCH = "late fee for power tools"
QUESTIONS = (
    "Where is the emergency stop of the workshop?",
    "When does the repair fair take place?",
    "Wann ist die Sprechstunde auf Deutsch?",
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
    out.line(f"1. Reading {sample}")
    report = read_paths(forge, [sample], out)
    out.line(f"   {index_in_words(report)}")
    for path, reason in report.failed:
        out.line(f"   {path}: {reason}")
    out.line()
    out.line(f"2. Searching for “{SEARCH}”")
    started = time.perf_counter()
    hits = forge.corpus.search(SEARCH, k=3)
    search_ms = (time.perf_counter() - started) * 1000
    for hit in hits:
        out.line(f"   {hit.score:.2f}  {place(hit.passage)}")
    out.line(f"   {search_ms:.0f} ms.")
    answers: list[ChatMessage] = []
    for number, question in enumerate(QUESTIONS, 3):
        out.line()
        out.line(f"{number}. Asking “{question}”")
        answer = answer_question(forge, question, out)
        answers.append(answer.message)
        show_sources(answer.message, out)
        _measured(answer.message, out)
        if answer.interrupted:
            return 130
    out.result(
        {
            "data_dir": str(forge.data_dir),
            "documents": report.documents,
            "passages": report.passages,
            "failed": [{"path": path, "reason": reason} for path, reason in report.failed],
            "index_seconds": round(report.seconds, 3),
            "search_ms": round(search_ms, 1),
            "answers": [
                {"question": question, **answer_fields(message)}
                for question, message in zip(QUESTIONS, answers, strict=True)
            ],
        }
    )
    _farewell(out)
    return 0


def _measured(message: ChatMessage, out: Output) -> None:
    fields = answer_fields(message)
    if message.problem:
        out.line(f"({message.problem})")
    if fields["model"] is None:
        out.line("(No student answered: these are the best passages, quoted.)")
        return
    ttft, rate = fields["ttft_ms"], fields["tokens_per_second"]
    if isinstance(ttft, int | float) and isinstance(rate, int | float):
        out.line(
            f"({fields['model']} on {fields['device']}: {fields['prompt_tokens']} tokens read, first word after "
            f"{ttft / 1000:.1f} s, then {rate:.0f} tokens a second)"
        )


def _farewell(out: Output) -> None:
    out.line()
    out.line(
        "The starter student is very small: it writes plainly and is sometimes wrong, which is why each sentence is"
    )
    out.line("checked against the passages. Trust the sources more than the sentences, or bring a larger student:")
    out.line("  forge-desktop models --import FILE.gguf    then    forge-desktop models --use NAME")
    out.line("Your own documents:")
    out.line('  forge-desktop index PATH…    then    forge-desktop ask "…"    or the window: forge-desktop')
