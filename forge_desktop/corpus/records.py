"""What comes out of the corpus: plain frozen values. Offsets count Unicode code points of the stored text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from forge_desktop.corpus.records_library import SyncQuestion

DocumentState = Literal["pending", "indexed", "failed"]


@dataclass(frozen=True)
class Document:
    """One file. `path` is absolute (surrogateescape for undecodable names); `changed` is its mtime in epoch seconds.

    `language` is an ISO 639-1 code, "" where it was not recognised. `collections` are the names of those that hold it,
    filled where documents are listed.
    """

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
    language: str = ""
    collections: tuple[str, ...] = ()


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

    `bm25` is the raw rank_bm25.BM25Okapi score, `vector` the cosine of the embeddings. `alike` are the ids of passages
    that rank lower and say (nearly) nothing else: copies, versions, quoted mails; they are not hits of their own.
    """

    passage: Passage
    score: float
    bm25: float | None
    vector: float | None
    bm25_rank: int | None
    vector_rank: int | None
    alike: tuple[int, ...] = ()


@dataclass(frozen=True)
class SearchFilter:
    """Which documents are searched; everything that is given must hold, and nothing given means all.

    `collections` are names or uids, any of them; `folder` is a folder or a file; `formats` are formats ("markdown") or
    suffixes (".md"), any of them; the dates are those of the files, in epoch seconds, both ends included.
    """

    collections: tuple[str, ...] = ()
    folder: str = ""
    formats: tuple[str, ...] = ()
    changed_from: float | None = None
    changed_to: float | None = None


@dataclass(frozen=True)
class Understood:
    """How a query was read. `excluded` are words, or phrases in quotation marks; `ignored` are sentences."""

    words: tuple[str, ...]
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a search found, how the query was read, how many documents were searched (None: all), and what to know.

    `note` is a sentence, or "": why nothing was found, or why more may be there.
    """

    hits: tuple[Hit, ...]
    understood: Understood
    documents: int | None = None
    note: str = ""


@dataclass(frozen=True)
class TermExplained:
    """A term of a query: passages that have it, its weight, how often the passage has it, what that adds to BM25."""

    term: str
    passages_with: int
    idf: float
    frequency: int
    impact: float


@dataclass(frozen=True)
class Explanation:
    """Why a passage is found, or not; `note` says it in sentences.

    `length` and `average_length` in terms. `bm25_rank` counts from 1 among all passages; `vector_rank`, `score` (fused)
    and `rank` among those the query and the filter leave, None beyond the best hundred of each side, and `rank` also
    where another passage, `shown_by`, says the same and stands for it.
    """

    passage: Passage
    terms: tuple[TermExplained, ...]
    length: int
    average_length: float
    bm25: float | None
    bm25_rank: int | None
    vector: float | None
    vector_rank: int | None
    score: float | None
    rank: int | None
    shown_by: int | None
    note: str


@dataclass(frozen=True)
class RankingCheck:
    """A ranking compared with what rank_bm25.BM25Okapi makes of the same passages.

    `same_scores`: every score has the same bits; `same_order`: the best `compared` passages are the same, in one order.
    """

    passages: int
    compared: int
    same_scores: bool
    same_order: bool
    seconds: float


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
    `partial` = (path, note) of documents that were read, but not all of them.
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
    partial: tuple[tuple[str, str], ...] = ()
    moved: int = 0
    questions: tuple[SyncQuestion, ...] = ()


@dataclass(frozen=True)
class RepairReport:
    """What a repair did, a sentence each: mended here, read again from its file, kept though its file is gone, lost."""

    repaired: tuple[str, ...]
    reread: tuple[str, ...]
    kept: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True)
class IndexProgress:
    """Where an index run stands; `detail` of its job's events. Totals are None while files are being looked for.

    `current` = the files at hand; `indexed_share` (0..1) = how much of the known documents can be searched already.
    """

    stage: Literal["finding", "reading", "indexing"]
    files_done: int
    files_total: int | None
    bytes_done: int
    bytes_total: int | None
    current: tuple[str, ...]
    passages_per_second: float
    bytes_per_second: float
    seconds_left: float | None
    indexed_share: float


@dataclass(frozen=True)
class PageImage:
    """A rendered PDF page: PNG bytes, size in pixels, and rectangles (x, y, width, height; pixels) of the passage."""

    png: bytes
    width: int
    height: int
    rectangles: tuple[tuple[float, float, float, float], ...]
    pages: int


@dataclass(frozen=True)
class IndexingSpeed:
    """What an index run read and stored, and how long that took; `ended` in epoch seconds."""

    passages: int
    bytes: int
    seconds: float
    ended: float


@dataclass(frozen=True)
class CorpusStats:
    """Totals for the header line, the statistics and `status`.

    `tokens` are estimated; `languages` = (ISO 639-1 code or "" for unknown, documents), most first; `disk` = bytes of
    "texts", "index" and "vectors", the latter two as the last index run left them; `synced` = when folders were last
    looked through; `speed` is of the longest of the last index runs, None before there was one.
    """

    documents: int
    passages: int
    failed: int
    bytes: int
    last_indexed: float | None
    tokens: int = 0
    languages: tuple[tuple[str, int], ...] = ()
    disk: Mapping[str, int] = field(default_factory=dict)
    synced: float | None = None
    speed: IndexingSpeed | None = None


@dataclass(frozen=True)
class FailureGroup:
    """Documents that could not be read for the same reason; numbers and names in it are shown as "…"."""

    reason: str
    count: int
    documents: tuple[int, ...]
