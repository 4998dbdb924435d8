"""How a document is shown as a row: its columns, state pill and icon."""

from __future__ import annotations

from collections.abc import Callable

from forge_desktop.corpus import Document, Finding, Hit, Passage
from forge_desktop.corpus.parsers import units_of
from forge_desktop.ui.widgets.windowed_table import Column
from forge_desktop.ui.widgets.words import (
    count_words,
    file_name,
    language_name,
    moment_words,
    place_words,
    safe_words,
    size_words,
)

__all__ = [
    "DOCUMENT_COLUMNS",
    "STATES",
    "finding_words",
    "format_words",
    "hit_columns",
    "language_name",
    "passage_place",
    "safe_words",
    "shown_name",
    "state_pill",
]

STATES = {
    "indexed": ("Indexed", "ok", "circle-check"),
    "pending": ("Waiting", "info", "clock"),
    "failed": ("Failed", "bad", "circle-alert"),
}
_FORMATS = {
    "pdf": "PDF", "html": "HTML", "docx": "Word", "markdown": "Markdown", "text": "text", "pptx": "PowerPoint",
    "xlsx": "Excel", "odt": "OpenDocument text", "ods": "OpenDocument table", "odp": "OpenDocument slides",
    "epub": "EPUB", "rtf": "RTF", "csv": "CSV", "json": "JSON", "xml": "XML", "mail": "e-mail", "notebook": "notebook",
    "latex": "LaTeX", "rest": "reStructuredText", "asciidoc": "AsciiDoc", "org": "Org", "code": "source code",
    "image": "picture",
}  # fmt: skip
_BEFORE_MATCH = 24  # characters of a snippet before the first found word
_CODE_LIKE = {"markdown", "html"}


def shown_name(document: Document) -> str:
    """The file's name, with undecodable bytes shown as escapes instead of breaking the window."""
    return safe_words(document.name)


def format_words(name: str) -> str:
    """A format as people call it."""
    return _FORMATS.get(name, name)


def state_pill(document: Document) -> tuple[str, str, str]:
    """Word, kind and icon of a document's state; a note says that a part of it was not read."""
    if document.state == "indexed" and document.reason:
        return "In part", "warn", "triangle-alert"
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
    Column("Status", lambda d: state_pill(d)[0], "state", 124, pill=state_pill, tip=lambda d: d.reason or None),
    Column("Collection", lambda d: ", ".join(safe_words(name) for name in d.collections), width=130, yields=2),
    Column("Passages", lambda d: f"{d.passages:,}", "passages", 96, right=True, yields=1),
    Column("Size", lambda d: size_words(d.size), "size", 92, right=True, yields=3),
    Column("Changed", lambda d: moment_words(d.changed), "changed", 110, yields=4),
    Column("Indexed", _updated, "indexed", 150, tip=lambda d: d.reason or None),
)


def passage_place(passage: Passage) -> str:
    """Where a passage stands in its document."""
    units = units_of(passage.path)
    return safe_words(place_words(passage.page, passage.first_line, passage.last_line, passage.heading, units))


def finding_words(found: Finding) -> str:
    """How a query with operators or a filter was understood, and what to know of what it found; "" for plain words."""
    asked, parts = found.understood, []
    if asked.phrases:
        parts.append("exactly " + ", ".join(f"“{safe_words(phrase)}”" for phrase in asked.phrases))
    if asked.excluded:
        parts.append("without " + ", ".join(safe_words(word) for word in asked.excluded))
    if found.documents is not None:
        parts.append(f"in {count_words(found.documents, 'document')}")
    words = " · ".join(parts)
    return " · ".join(filter(None, (words[:1].upper() + words[1:], *map(safe_words, asked.ignored), found.note)))


def _word_score(hit: Hit) -> str:
    return "Not among the best by words" if hit.bm25 is None else f"Rank by words, and the BM25 score {hit.bm25:.6f}"


def _vector_score(hit: Hit) -> str:
    return "Not among the most alike" if hit.vector is None else f"Rank by likeness, and the cosine {hit.vector:.4f}"


def _side(rank: int | None, score: float | None) -> str:
    if score is None:
        return "—"
    return f"{score:.2f}" if rank is None else f"{rank} · {score:.2f}"


def _alike(hit: Hit) -> str:
    return f"  +{len(hit.alike)} alike" if hit.alike else ""


def hit_columns(first_match: Callable[[str], int]) -> tuple[Column, ...]:
    """Columns of a found passage (rank, hit); `first_match` says where in a text the first found word stands."""

    def snippet(found: tuple[int, Hit]) -> str:
        text = found[1].passage.text
        begin = max(0, first_match(text) - _BEFORE_MATCH)
        begin = text.find(" ", begin) + 1 if begin else 0
        return ("…" if begin else "") + safe_words(" ".join(text[begin : begin + 300].split()))

    def whole(found: tuple[int, Hit]) -> str:
        return snippet(found) + _alike(found[1])

    return (
        Column("#", lambda f: str(f[0]), width=60, right=True, tip=lambda f: f"Rank of both together: {f[0]}"),
        Column("Passage", snippet, width=300, stretch=True, tip=whole),
        Column(
            "Document",
            lambda f: safe_words(file_name(f[1].passage.path)) + _alike(f[1]),
            width=170,
            tip=lambda f: safe_words(f[1].passage.path),
            yields=3,
        ),
        Column(
            "Place",
            lambda f: passage_place(f[1].passage),
            width=140,
            tip=lambda f: passage_place(f[1].passage),
            yields=4,
        ),
        Column(
            "Words",
            lambda f: _side(f[1].bm25_rank, f[1].bm25),
            width=94,
            right=True,
            tip=lambda f: _word_score(f[1]),
            yields=1,
        ),
        Column(
            "Likeness",
            lambda f: _side(f[1].vector_rank, f[1].vector),
            width=94,
            right=True,
            tip=lambda f: _vector_score(f[1]),
            yields=2,
        ),
        Column("Score", lambda f: f"{f[1].score:.2f}", width=70, right=True),
    )
