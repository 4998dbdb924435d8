"""Documents: parsed in a child, split into passages, searched by words and vectors."""

from forge_desktop.corpus.corpus import Corpus
from forge_desktop.corpus.records import (
    CorpusStats,
    Document,
    DocumentState,
    Hit,
    IndexReport,
    PageImage,
    Passage,
    Survey,
)

__all__ = [
    "Corpus",
    "CorpusStats",
    "Document",
    "DocumentState",
    "Hit",
    "IndexReport",
    "PageImage",
    "Passage",
    "Survey",
]
