"""What a question would be answered from if it began a conversation: searched, judged, numbered as the chat does."""

from __future__ import annotations

from collections.abc import Sequence

from forge_desktop.chat import evidence
from forge_desktop.chat.records import Source
from forge_desktop.chat.spans import number_sources
from forge_desktop.corpus import Corpus, SearchFilter


def sources_for(
    corpus: Corpus, question: str, passages: int, *, collections: Sequence[str] = ()
) -> tuple[list[Source], bool]:
    """The passages worth reading, best first, and whether they seem to answer it; `collections` are uids."""
    where = SearchFilter(collections=tuple(collections)) if collections else None
    hits = corpus.search(question, passages, where=where, operators=False)
    strong = evidence.judge(question, hits).strong
    wanted = evidence.worth_offering(hits)
    return number_sources(wanted, (), corpus.shelf.stored_text), strong
