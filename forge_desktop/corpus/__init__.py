"""Documents: parsed in a child, split into passages, searched by words and vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_desktop.corpus.records import (
    CorpusStats,
    Document,
    DocumentState,
    Explanation,
    FailureGroup,
    Finding,
    Hit,
    IndexProgress,
    IndexReport,
    PageImage,
    Passage,
    RankingCheck,
    RepairReport,
    SearchFilter,
    Survey,
    TermExplained,
    Understood,
)
from forge_desktop.corpus.records_library import Collection, PolicyEffect, SyncQuestion, SyncState
from forge_desktop.corpus.records_portable import ImportReport, Portable, PortableCollection

if TYPE_CHECKING:
    from forge_desktop.corpus.corpus import Corpus

__all__ = [
    "Collection",
    "Corpus",
    "CorpusStats",
    "Document",
    "DocumentState",
    "Explanation",
    "FailureGroup",
    "Finding",
    "Hit",
    "ImportReport",
    "IndexProgress",
    "IndexReport",
    "PageImage",
    "Passage",
    "PolicyEffect",
    "Portable",
    "PortableCollection",
    "RankingCheck",
    "RepairReport",
    "SearchFilter",
    "Survey",
    "SyncQuestion",
    "SyncState",
    "TermExplained",
    "Understood",
]


def __getattr__(name: str) -> object:
    """Corpus is imported at first use: the parser child lives in this package and starts without numpy and SQLite."""
    if name == "Corpus":
        from forge_desktop.corpus.corpus import Corpus

        return Corpus
    raise AttributeError(f"module {__name__} has no attribute {name}")
