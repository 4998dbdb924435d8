"""What the chat says about its messages and sources, in words."""

from __future__ import annotations

from forge_desktop.base.money import parse_usd, shown
from forge_desktop.chat.records import ChatMessage, Source
from forge_desktop.corpus.parsers import units_of
from forge_desktop.ui.widgets.notices import duration
from forge_desktop.ui.widgets.words import file_name, place_words, safe_words

GROUNDINGS = {
    "documents_first": ("Documents first", "Answers rest on your documents where they can; the rest is marked."),
    "documents_only": ("Documents only", "Says so when your documents hold no answer, and shows the nearest passages."),
    "free": ("Free", "The student answers from what it knows; your documents are offered, not required."),
}


def source_place(source: Source) -> str:
    """Where in its document a source stands."""
    return place_words(source.page, source.first_line, source.last_line, source.heading, units_of(source.path))


def chip_words(source: Source) -> str:
    """What a citation chip says when pointed at."""
    return f"{file_name(source.path)}, {source_place(source)}"


def rank_words(source: Source) -> str:
    """Both ranks, for the tooltip of the score."""
    words = f"word match: rank {source.bm25_rank}" if source.bm25_rank else "word match: none"
    return f"Match {source.score:.2f} · {words} · " + (
        f"likeness: rank {source.vector_rank}" if source.vector_rank else "likeness: none"
    )


def short_ranks(source: Source) -> str:
    """Both ranks in the room a card has: "words 1 · likeness 3"; what missed it is a dash."""
    return f"words {source.bm25_rank or '–'} · likeness {source.vector_rank or '–'}"


def branch_words(message: ChatMessage) -> str:
    """ "2/3"."""
    return f"{message.sibling}/{message.siblings}"


def model_words(message: ChatMessage) -> str:
    """Who wrote it: the student's name and version, or that nobody did."""
    student = message.provenance.get("student")
    if student:
        student = safe_words(str(student))
        remote = message.provenance.get("device") if message.provenance.get("endpoint") else ""
        where = remote or message.provenance.get("version")
        return f"{student} · {where}" if where else student
    return "" if message.state == "writing" or not message.text else "best passages, quoted"


def thought_words(milliseconds: object) -> str:
    """ "Thought for 3.2 s", as far as known."""
    if not isinstance(milliseconds, int | float) or milliseconds < 50:
        return "Thought"
    seconds = milliseconds / 1000
    return f"Thought for {seconds:.1f} s" if seconds < 10 else f"Thought for {duration(seconds)}"


def stats_words(message: ChatMessage) -> str:
    """ "312 tokens · 41.8 tok/s · first word 0.8 s · grounded 4/4", as far as known."""
    facts = message.provenance
    parts = []
    tokens, rate = facts.get("answer_tokens"), facts.get("tokens_per_second")
    if isinstance(tokens, int) and tokens:
        parts.append(f"{tokens:,} tokens")
    if isinstance(rate, int | float) and rate:
        parts.append(f"{rate:.1f} tok/s")
    first = facts.get("ttft_ms")
    if isinstance(first, int | float) and first >= 50:
        parts.append(f"first word {first / 1000:.1f} s")
    cost = facts.get("cost_usd")
    if isinstance(cost, str):
        parts.append("paid before" if facts.get("paid_before") else shown(parse_usd(cost)))
    grounded = facts.get("grounded")
    if isinstance(grounded, dict) and grounded.get("sentences"):
        parts.append(f"grounded {grounded['supported']}/{grounded['sentences']}")
    return " · ".join(parts)
