"""Which vectors there are and which are wanted: the built-in ones always, an embedding model's where one is in use.

While wanted vectors are missing (other dimensions, another model, a new version) those that are there keep answering,
and `missing` and `make` bring the others in, in the background.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from forge_desktop.corpus.retrieval import analyser, embedder, likeness, store_vectors
from forge_desktop.corpus.retrieval.external import Embedder, GuardedEmbedder
from forge_desktop.corpus.retrieval.likeness import Likeness
from forge_desktop.corpus.retrieval.postings import Int64s
from forge_desktop.corpus.retrieval.signs import Vectors
from forge_desktop.corpus.retrieval.vectors import Limits, VectorSide
from forge_desktop.storage import Database


class Embedding:
    """The vector side of one index with the embedders in use."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.side = VectorSide()
        self._model: GuardedEmbedder | None = None
        self._problem = ""
        self._withheld: Callable[[], Int64s] | None = None
        self._kept_back = 0  # passages that the model in use may not read, as of the last look

    def use(
        self,
        model: Embedder | None,
        *,
        seconds: float = 3.0,
        problem: str = "",
        withheld: Callable[[], Int64s] | None = None,
    ) -> None:
        """Judge likeness by this embedder once it has embedded all passages; None goes back to the built-in one, which
        `problem` says in a sentence where it is not what the user chose.

        A question that takes it longer than `seconds` is answered without it. `withheld` names passages that it may not
        read: they are judged by spelling.
        """
        self._problem, self._withheld, self._kept_back = problem, withheld, 0
        self._model = GuardedEmbedder(model, seconds=seconds) if model is not None else None

    @property
    def note(self) -> str:
        """A sentence when likeness is judged otherwise than the user chose; "" when all is as wanted."""
        if self._model is None:
            return self._problem
        if self._model.note:
            return self._model.note
        row = self._row(self._db.connection, self._model.identity)
        if row is None or not row.ready:
            return (
                f"The embedding model {self._model.identity} has not embedded all passages yet."
                " Likeness is judged by spelling until then."
            )
        if self._kept_back:
            noun, verb = ("passage", "is") if self._kept_back == 1 else ("passages", "are")
            return f"{self._kept_back:,} {noun} of documents that are never sent {verb} judged by spelling."
        return ""

    # ---- searching ----

    def ask(self, query: str) -> Vectors | None:
        """The model's vector of a question; None without a model, before it is ready, or when it fails."""
        if self._model is None or not query.strip():
            return None
        row = self._row(self._db.connection, self._model.identity)
        return self._model.question(query) if row is not None and row.ready else None

    def likeness(
        self,
        connection: sqlite3.Connection,
        weights: Mapping[str, float],
        asked: Vectors | None,
        also: Collection[int],
        limits: Limits,
        *,
        committed: bool,
    ) -> tuple[Likeness, Likeness | None]:
        """How alike the nearest passages and those in `also` are to the question with these weights of terms: by their
        spelling, and by the model where it answers."""
        view = self.side.view(connection, remember=committed)
        spelling = likeness.by_spelling(connection, view, weights, also, limits)
        if asked is None or self._model is None:
            return spelling, None
        identity = self._model.identity
        row = next((row for row in view.embedders if row.identity == identity and row.ready), None)
        if row is None:
            return spelling, None
        return spelling, likeness.by_model(connection, view, row, asked, spelling, also, limits)

    # ---- bringing in what is missing ----

    def is_complete(self, passages: int, indexed: Callable[[], Sequence[int]] = lambda: ()) -> bool:
        """Whether all of so many passages have the vectors that are wanted, and nothing else is stored. `indexed` tells
        them where some are withheld from the model.
        """
        rows = {row.identity: row for row in store_vectors.embedders(self._db.connection)}
        if self._model is not None and self._withheld is not None:
            lacking, unread = self.missing(np.array(indexed(), np.int64))
            known = {row.identity for row in rows.values() if row.passages}
            return not lacking and not unread and known <= {self.side.identity, self._model.identity}
        wanted = {self.side.identity} | ({self._model.identity} if self._model is not None else set())
        if self._model is not None and passages and not (rows.get(self._model.identity) or _NOBODY).ready:
            return False
        built_in = {identity for identity in rows if not embedder.is_model(identity)}
        return built_in <= wanted and all((rows.get(one) or _NOBODY).passages == passages for one in wanted)

    def missing(self, indexed: Int64s) -> tuple[list[int], list[int]]:
        """Of these passages those without a built-in vector, and those without one of the model in use."""
        connection = self._db.connection
        have = [self.side.identity] + ([self._model.identity] if self._model is not None else [])
        found = [np.setdiff1d(indexed, self.side.ids(connection, identity)) for identity in have]
        if len(found) == 1:
            return found[0].tolist(), []
        by_model = found[1]
        if self._withheld is not None:
            allowed = np.setdiff1d(by_model, self._withheld())
            self._kept_back = len(by_model) - len(allowed)
            by_model = allowed
        return found[0].tolist(), by_model.tolist()

    def make_built_in(self, connection: sqlite3.Connection, texts: Mapping[int, str]) -> None:
        """Embed passages that lack a built-in vector, in the caller's transaction."""
        lacking = sorted(texts.keys() - self._having(connection, self.side.identity, texts))
        if lacking:
            self.side.add(connection, lacking, [analyser.terms(texts[passage]) for passage in lacking])

    def make_by_model(self, texts: Mapping[int, str]) -> None:
        """Embed passages by the model in use. Raises ForgeError when it fails; outside any transaction."""
        model, ids = self._model, sorted(texts)
        if model is None or not ids:
            return
        rows = model.passages([texts[passage] for passage in ids])
        with self._db.write() as connection:
            there = self._having(connection, self.side.identity, ids) - self._having(connection, model.identity, ids)
            kept = [number for number, passage in enumerate(ids) if passage in there]  # others were removed meanwhile
            if kept:
                self.side.put(connection, model.identity, [ids[number] for number in kept], rows[kept])

    def settle(self, connection: sqlite3.Connection) -> None:
        """Everything missing was made: let the wanted answer alone, and drop what they replace."""
        for row in store_vectors.embedders(connection):
            if self._model is not None and row.identity == self._model.identity:
                store_vectors.set_ready(connection, row.id)
            elif row.identity != self.side.identity and (
                self._model is not None or not embedder.is_model(row.identity)
            ):
                self.side.drop(connection, row.identity)

    def _having(self, connection: sqlite3.Connection, identity: str, passages: Collection[int]) -> set[int]:
        row = self._row(connection, identity)
        return set(store_vectors.having(connection, row, passages)) if row is not None else set()

    def _row(self, connection: sqlite3.Connection, identity: str) -> store_vectors.EmbedderRow | None:
        return next((row for row in store_vectors.embedders(connection) if row.identity == identity), None)


_NOBODY = store_vectors.EmbedderRow(0, "", embedder.DIMENSIONS, 0, False)
