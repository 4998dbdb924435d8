"""How alike passages are to a question, by whichever embedders have vectors of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from forge_desktop.corpus.retrieval import embedder, vectors
from forge_desktop.corpus.retrieval.fusion import Side
from forge_desktop.corpus.retrieval.signs import Vectors
from forge_desktop.corpus.retrieval.store_vectors import EmbedderRow
from forge_desktop.corpus.retrieval.vectors import Limits, VectorView

_LEAST = 0.1  # the cosine of unrelated texts strays about 0.044 from zero in 512 dimensions


@dataclass(frozen=True)
class Likeness:
    """Cosines of passages, and which of them are more alike than chance."""

    cosines: Mapping[int, float]
    alike: Collection[int]

    def side(self, pool: int) -> Side:
        """The passages most alike, best first; ties go to the lowest id."""
        best = sorted(self.alike, key=lambda passage: (-self.cosines[passage], passage))[:pool]
        return Side(best, self.cosines)


def by_spelling(
    connection: sqlite3.Connection,
    view: VectorView,
    weights: Mapping[str, float],
    also: Collection[int],
    limits: Limits,
) -> Likeness:
    """By the built-in embedding; while its dimensions change, by the newer vector where a passage has both."""
    found: dict[int, float] = {}
    alike: set[int] = set()
    for row in reversed(view.embedders):
        if not embedder.is_built_in(row.identity) or not row.passages:
            continue
        query = embedder.embed_query(weights, row.dimensions)
        if query.any():
            near = vectors.nearest(connection, view, row, query, limits)
            for passage, value in vectors.cosines(connection, row, query, {*also, *near}).items():
                if found.setdefault(passage, value) == value and value >= _LEAST:
                    alike.add(passage)
    return Likeness(found, alike)


def by_model(
    connection: sqlite3.Connection,
    view: VectorView,
    row: EmbedderRow,
    query: Vectors,
    spelling: Likeness,
    also: Collection[int],
    limits: Limits,
) -> Likeness:
    """By an external embedder. Passages it has not embedded yet stand where their spelling puts them, on its scale."""
    near = vectors.nearest(connection, view, row, query, limits)
    found = vectors.cosines(connection, row, query, {*also, *near, *spelling.cosines})
    alike = set(found)
    missing = spelling.cosines.keys() - found.keys()
    if missing and found:
        low, high = min(found.values()), max(found.values())
        least, most = min(spelling.cosines.values()), max(spelling.cosines.values())
        scale = (high - low) / (most - least) if most > least else 0.0
        found |= {passage: low + (spelling.cosines[passage] - least) * scale for passage in missing}
        alike |= missing & set(spelling.alike)
    return Likeness(found, alike)
