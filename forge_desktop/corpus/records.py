"""What comes out of the corpus: plain frozen values. Offsets count Unicode code points of the stored text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DocumentState = Literal["pending", "indexed", "failed"]


@dataclass(frozen=True)
class Document:
    """One file. `path` is absolute (surrogateescape for undecodable names); `changed` is its mtime in epoch seconds."""

    id: int
    path: str
    name: str
    format: str
    state: DocumentState
    reason: str
    size: int
    passages: int
    sha256: str
    changed: float
    indexed: float | None


@dataclass(frozen=True)
class Passage:
    """A span of a document's stored text: `text == stored[start:end]`. `page` and lines count from 1."""

    id: int
    document_id: int
    document_sha256: str
    path: str
    start: int
    end: int
    page: int | None
    heading: tuple[str, ...]
    first_line: int
    last_line: int
    text: str


@dataclass(frozen=True)
class Hit:
    """A passage found by a search. `score` is the fused score in 0..1; ranks from 1, None where that side missed it.

    `bm25` is the raw rank_bm25.BM25Okapi score, `vector` the cosine of the hash embeddings.
    """

    passage: Passage
    score: float
    bm25: float | None
    vector: float | None
    bm25_rank: int | None
    vector_rank: int | None


@dataclass(frozen=True)
class Survey:
    """The dry run before indexing: what would be read, by format, and what would not, with the reason."""

    files: int
    bytes: int
    formats: dict[str, int]
    new: int
    changed: int
    unchanged: int
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class IndexReport:
    """What an index run did. `documents` = current documents under the given paths; `failed` = (path, reason).

    `skipped` = (path, reason) of what was never meant to be read: hidden files, links, unknown formats.
    """

    documents: int
    passages: int
    new: int
    changed: int
    unchanged: int
    removed: int
    failed: tuple[tuple[str, str], ...]
    seconds: float
    bytes: int
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RepairReport:
    """What a repair did, a sentence each: mended here, read again from its file, kept though its file is gone, lost."""

    repaired: tuple[str, ...]
    reread: tuple[str, ...]
    kept: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True)
class PageImage:
    """A rendered PDF page: PNG bytes, size in pixels, and rectangles (x, y, width, height; pixels) of the passage."""

    png: bytes
    width: int
    height: int
    rectangles: tuple[tuple[float, float, float, float], ...]
    pages: int


@dataclass(frozen=True)
class CorpusStats:
    """Totals for the header line and `status`."""

    documents: int
    passages: int
    failed: int
    bytes: int
    last_indexed: float | None
