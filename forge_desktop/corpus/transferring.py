"""Documents that leave for an export or another data directory, and those that come from one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.corpus.adopting import Adopter
from forge_desktop.corpus.embedding import Vectors
from forge_desktop.corpus.records_portable import Portable, PortableCollection
from forge_desktop.corpus.store import Store


class Transfer:
    """What the archive takes from the corpus and gives to it."""

    def __init__(self, store: Store, vectors: Vectors, adopter: Adopter, jobs: Jobs, *, lane: str) -> None:
        self._store, self._vectors, self._adopter, self._jobs, self._lane = store, vectors, adopter, jobs, lane
        adopter.tidy_up()

    def portable(self, collection: str) -> Iterator[Portable]:
        """Every document of a collection with its text and passages. Raises ForgeError when one is damaged."""
        return self._adopter.portable(collection)

    def adopt(
        self,
        source: Callable[[JobContext], AbstractContextManager[tuple[PortableCollection, Iterable[Portable]]]],
    ) -> int:
        """Bring documents in as a new collection, all or none; the job's result is an ImportReport.

        `source` opens them inside the job, and may raise.
        """

        def job(ctx: JobContext) -> object:
            with source(ctx) as (collection, documents):
                return self._adopter.adopt(collection, documents, ctx=ctx)

        return self._jobs.start(self._lane, "bring", job)

    def iterate_documents(self) -> Iterator[dict[str, object]]:
        """Every document with its stored text, for an export."""
        for document in self._store.every_document():
            row = dataclasses.asdict(document)
            del row["id"]
            yield {**row, "text": self._store.text(document.id)}

    def iterate_passages(self) -> Iterator[dict[str, object]]:
        """Every passage by id, for an export."""
        for passage in self._store.every_passage():
            row = dataclasses.asdict(passage)
            row["passage_id"] = row.pop("id")
            del row["document_id"]
            yield row

    def iterate_vectors(self) -> Iterator[tuple[int, bytes]]:
        """Every passage's vector (passage id, signed bytes) by id, for an export."""
        return self._vectors.iterate(self._store.every_passage_id())
