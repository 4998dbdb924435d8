"""A database and its search index, and what rank_bm25 says about the same passages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from rank_bm25 import BM25Okapi

from forge_desktop.corpus.retrieval import Index, analyser
from forge_desktop.storage import Database

COLLECTIONS = Path(__file__).resolve().parents[3] / "shared" / "data" / "ir"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A fresh database."""
    database = Database(tmp_path / "forge.db")
    yield database
    database.close()


@pytest.fixture
def index(db: Database) -> Index:
    """An empty index."""
    return Index(db)


def add(db: Database, index: Index, passages: Mapping[int, str]) -> None:
    """Index passages in one transaction."""
    with db.write() as connection:
        index.add(connection, passages.items())


def remove(db: Database, index: Index, *ids: int) -> None:
    """Remove passages in one transaction."""
    with db.write() as connection:
        index.remove(connection, ids)


def oracle(passages: Mapping[int, str], query: str) -> dict[int, float]:
    """rank_bm25's scores of the passages that have a term of the question."""
    ids = sorted(passages)
    analysed = [analyser.analyse(passages[number]) for number in ids]
    corpus = [found.terms for found in analysed]
    terms = analyser.query_terms(query, {found.language for found in analysed})
    scores = BM25Okapi(corpus).get_scores(terms).tolist()
    return {
        number: score
        for number, words, score in zip(ids, corpus, scores, strict=True)
        if not set(terms).isdisjoint(words)
    }
