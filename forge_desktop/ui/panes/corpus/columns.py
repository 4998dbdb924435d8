"""How a document is shown as a row: its columns, state pill and icon."""

from __future__ import annotations

import re
from collections.abc import Callable

from forge_desktop.corpus import Document, Hit, Passage
from forge_desktop.ui.widgets.windowed_table import Column
from forge_desktop.ui.widgets.words import moment_words, place_words, size_words

STATES = {
    "indexed": ("Indexed", "ok", "circle-check"),
    "pending": ("Waiting", "info", "clock"),
    "failed": ("Failed", "bad", "circle-alert"),
}
_FORMATS = {"pdf": "PDF", "html": "HTML", "docx": "Word", "markdown": "Markdown", "text": "text"}
_BEFORE_MATCH = 24  # characters of a snippet before the first found word
_CODE_LIKE = {"markdown", "html"}


def shown_name(document: Document) -> str:
    """The file's name, with undecodable bytes shown as escapes instead of breaking the window."""
    return safe_words(document.name)


def safe_words(text: str) -> str:
    """Text that Qt can show: undecodable bytes of file names, lone surrogates and control characters as escapes."""
    bytes_shown = "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in text)
    shown = bytes_shown.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)


def format_words(name: str) -> str:
    """A format as people call it."""
    return _FORMATS.get(name, name)


def _state(document: Document) -> tuple[str, str, str]:
    return STATES[document.state]


def _icon(document: Document) -> str:
    return "file-code" if document.format in _CODE_LIKE else "file-text"


def _updated(document: Document) -> str:
    if document.state == "failed":
        return document.reason
    return moment_words(document.indexed)


DOCUMENT_COLUMNS = (
    Column(
        "Document", shown_name, "name", 320, stretch=True, icon=_icon, middle=True, tip=lambda d: safe_words(d.path)
    ),
    Column("Status", lambda d: _state(d)[0], "state", 124, pill=_state, tip=lambda d: d.reason or None),
    Column("Passages", lambda d: f"{d.passages:,}", "passages", 96, right=True),
    Column("Size", lambda d: size_words(d.size), "size", 92, right=True),
    Column("Changed", lambda d: moment_words(d.changed), "changed", 110),
    Column("Indexed", _updated, "indexed", 150, tip=lambda d: d.reason or None),
)


def passage_place(passage: Passage) -> str:
    """Where a passage stands in its document."""
    return safe_words(place_words(passage.page, passage.first_line, passage.last_line, passage.heading))


def _word_score(hit: Hit) -> str:
    return "Not among the best by words" if hit.bm25 is None else f"Rank by words (BM25 score {hit.bm25:.3f})"


def _vector_score(hit: Hit) -> str:
    return "Not among the most similar" if hit.vector is None else f"Rank by similarity (cosine {hit.vector:.3f})"


def _file_name(hit: Hit) -> str:
    return safe_words(re.split(r"[/\\\\]", hit.passage.path)[-1])


def _rank(rank: int | None) -> str:
    return "—" if rank is None else str(rank)


def hit_columns(first_match: Callable[[str], int]) -> tuple[Column, ...]:
    """Columns of a found passage; `first_match` says where in a text the first found word stands."""

    def snippet(hit: Hit) -> str:
        text = hit.passage.text
        begin = max(0, first_match(text) - _BEFORE_MATCH)
        begin = text.find(" ", begin) + 1 if begin else 0
        return ("…" if begin else "") + safe_words(" ".join(text[begin : begin + 300].split()))

    return (
        Column("Passage", snippet, width=320, stretch=True, tip=snippet),
        Column("Document", _file_name, width=180, tip=lambda h: safe_words(h.passage.path)),
        Column("Place", lambda h: passage_place(h.passage), width=150, tip=lambda h: passage_place(h.passage)),
        Column("Words", lambda h: _rank(h.bm25_rank), width=70, right=True, tip=_word_score),
        Column("Similar", lambda h: _rank(h.vector_rank), width=76, right=True, tip=_vector_score),
        Column("Score", lambda h: f"{h.score:.2f}", width=70, right=True),
    )
