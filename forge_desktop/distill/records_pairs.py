"""What comes out of the pairs, suites and datasets beside their records: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forge_desktop.distill.records import PairKind, Source


@dataclass(frozen=True)
class PairWish:
    """Which pairs to show. `text` is looked for in prompt and answer; None and "" leave a condition out."""

    text: str = ""
    accepted: bool | None = None
    kind: str = ""
    language: str = ""
    document: str = ""
    source: str = ""
    duplicates: bool | None = None
    leaking: bool | None = None
    order: str = "created"
    descending: bool = True


@dataclass(frozen=True)
class PairRow:
    """A pair as the list shows it."""

    uid: str
    kind: PairKind
    prompt: str
    final: str
    accepted: bool
    score: float
    language: str
    duplicate_of: str
    similarity: float | None
    method: str
    leaks: tuple[str, ...]
    source: Source
    reviewed: str
    task: str
    created: float


@dataclass(frozen=True)
class PairCounts:
    """Totals. `train_pairs` and `repair_pairs` are the accepted ones; `frozen` those that a suite took."""

    pairs: int
    accepted: int
    train_pairs: int
    repair_pairs: int
    waiting: int
    duplicates: int
    leaking: int
    frozen: int
    changed: int
    gone: int
    dropped: int


@dataclass(frozen=True)
class Taught:
    """The pairs of a teacher. `reviewed` are those that a person looked at; `cost` is of all, in micro-dollars."""

    pairs: int
    accepted: int
    reviewed: int
    cost: int


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram: what it stands for, and how many pairs."""

    label: str
    pairs: int


@dataclass(frozen=True)
class Histograms:
    """How the accepted pairs are spread; lengths are characters of the answer."""

    score: tuple[Bar, ...]
    length: tuple[Bar, ...]
    language: tuple[Bar, ...]
    documents: tuple[Bar, ...]


@dataclass(frozen=True)
class Coverage:
    """A document and what was learnt from it. `share` is the part of its text that accepted pairs quote or cite."""

    document_sha256: str
    name: str
    pairs: int
    cited: int
    characters: int
    share: float | None


@dataclass(frozen=True)
class Similar:
    """A pair or suite item that is (nearly) the same: its uid, its texts, how alike, and by what this was found.

    `suite` names the suite it belongs to, "" for a pair.
    """

    uid: str
    prompt: str
    final: str
    similarity: float
    method: str
    suite: str = ""


@dataclass(frozen=True)
class Reverified:
    """What came of comparing pairs with the documents as they are now. `advice` says what to do about it."""

    checked: int
    unchanged: int
    changed: int
    gone: int
    unchecked: int
    pairs: tuple[str, ...]
    advice: str


@dataclass(frozen=True)
class Reached:
    """All that a document came into. Uids; `datasets` and `suites` are (uid, shown name)."""

    document_sha256: str
    name: str
    tasks: tuple[str, ...]
    pairs: tuple[str, ...]
    evidence: int
    answers: int
    datasets: tuple[tuple[str, str], ...]
    suites: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Forgotten:
    """What was taken out, counted."""

    pairs: int
    tasks: int
    evidence: int
    answers: int
    datasets: int
    suite_items: int
    left: Mapping[str, int]
