"""The corpus: documents in, passages out. Everything long is a job on the lane "index"."""

from __future__ import annotations

import dataclasses
import os
import time
from array import array
from collections.abc import Callable, Iterator, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import parsers
from forge_desktop.corpus.completing import complete
from forge_desktop.corpus.indexing import IndexRun
from forge_desktop.corpus.records import CorpusStats, Document, Hit, PageImage, Passage
from forge_desktop.corpus.repairing import Repair
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.retrieval.store import vectors_of
from forge_desktop.corpus.store import Store
from forge_desktop.corpus.store_keeping import KeepingStore
from forge_desktop.corpus.store_roots import Roots
from forge_desktop.corpus.store_run import RunStore
from forge_desktop.corpus.verifying import damage
from forge_desktop.corpus.viewing import PageViewer, SourceStatus, source_status
from forge_desktop.corpus.walking import given_paths
from forge_desktop.storage import Database

_LANE = "index"
_VECTORS_AT_ONCE = 500


class Corpus:
    """The user's documents, searchable. Reading methods are safe on any thread."""

    def __init__(self, db: Database, jobs: Jobs, events: Events, settings: SettingsFile) -> None:
        self._db, self._jobs, self._events, self._settings = db, jobs, events, settings
        self._store, self._rows, self._roots, self._index = Store(db), RunStore(db), Roots(db), Index(db)
        self._keeping = KeepingStore(db)
        self._viewer = PageViewer(self._store, settings)
        if not db.read_only and self._roots.has_removals():
            with db.write() as connection:
                self._roots.purge(connection)

    # ---- bringing documents in: jobs ----

    def survey(self, paths: Sequence[str | os.PathLike[str]]) -> int:
        """Count what indexing these paths would read; the job's result is a Survey."""
        return self._start("survey", lambda run: run.survey(given_paths(paths)))

    def index(self, paths: Sequence[str | os.PathLike[str]]) -> int:
        """Index files and folders; the job's result is an IndexReport. A killed run is continued by the next."""
        return self._start("index", lambda run: run.over_paths(given_paths(paths)))

    def rescan(self) -> int:
        """Index every known root again."""
        return self._start("index", lambda run: run.over_roots())

    def resume_pending(self) -> int | None:
        """Go on with what an earlier run left waiting; None when there is nothing."""
        if not self._rows.pending() and not self._index.stale and not self._keeping.unsearched():
            return None
        return self._start("index", lambda run: run.over_documents(None))

    def retry(self, document_ids: Sequence[int]) -> int:
        """Read these documents again, whatever came of it before."""
        ids = list(document_ids)
        return self._start("index", lambda run: run.over_documents(ids))

    def repair(self) -> int:
        """Mend what `verify` finds; the job's result is a RepairReport. A killed repair is continued by the next."""

        def job(ctx: JobContext) -> object:
            return Repair(
                self._db,
                self._index,
                settings=self._settings.values,
                events=self._events,
                ctx=ctx,
                read_again=lambda ids: self._run(ctx).over_documents(ids),
            ).run()

        return self._jobs.start(_LANE, "repair", job)

    def _start(self, kind: str, work: Callable[[IndexRun], object]) -> int:
        def job(ctx: JobContext) -> object:
            if kind == "index":
                complete(self._db, self._index, events=self._events, ctx=ctx)
            return work(self._run(ctx))

        return self._jobs.start(_LANE, kind, job)

    def _run(self, ctx: JobContext) -> IndexRun:
        settings = self._settings.values
        return IndexRun(self._db, self._rows, self._roots, self._index, settings=settings, events=self._events, ctx=ctx)

    # ---- looking at documents ----

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """The best k passages. Never raises for any query; copies of one file count once."""
        wanted = k
        while True:
            found = self._index.search(query, wanted)
            passages = self._store.passages_by_id([entry.passage_id for entry in found])
            hits, seen = [], set()
            for entry in found:
                passage = passages.get(entry.passage_id)
                if passage is None or (entry.bm25 is None and (entry.vector or 0.0) <= 0.0):
                    continue  # removed between the two looks, or like the query in nothing
                place = (passage.document_sha256, passage.start, passage.end)
                if place not in seen:
                    seen.add(place)
                    hits.append(Hit(passage, *entry[1:]))
            if len(hits) >= k or len(found) < wanted:
                return hits[:k]
            wanted *= 4

    def documents(
        self, text: str = "", state: str | None = None, sort: str = "name", descending: bool = False
    ) -> array[int]:
        """Ids of the documents whose name or path contains `text`, sorted; for a table that fetches rows as shown."""
        return self._store.listing(text, state, sort, descending)

    def document_rows(self, ids: Sequence[int]) -> list[Document]:
        """These documents in this order; those that are gone are left out."""
        return self._store.documents(ids)

    def document(self, document_id: int) -> Document:
        """One document. Raises ForgeError when it is gone."""
        found = self._store.documents([document_id])
        if not found:
            raise ForgeError("The document is not in the index any more.", hint="Add its folder again.")
        return found[0]

    def find_document(self, sha256: str, path: str) -> Document | None:
        """The indexed document with exactly these bytes, the one at `path` first."""
        return self._store.find(sha256, os.fsencode(path))

    def passages(self, document_id: int) -> list[Passage]:
        """A document's passages in order."""
        return self._store.passages(document_id)

    def passage(self, passage_id: int) -> Passage | None:
        """One passage, None when it is gone."""
        return self._store.passages_by_id([passage_id]).get(passage_id)

    def stored_text(self, document_id: int) -> str:
        """The document's text as stored; passages' offsets count in it."""
        return self._store.text(document_id)

    def stats(self) -> CorpusStats:
        """Totals."""
        return self._store.stats()

    def versions(self) -> dict[str, str]:
        """What determines how documents are found: parser, analyser and embedder versions."""
        return {"index": parsers.VERSION, **self._index.versions}

    def matches(self, query: str, text: str) -> list[tuple[int, int]]:
        """Where words of the query stand in a text, as (start, end)."""
        return self._index.matches(query, text)

    # ---- the files behind the documents ----

    def page(self, document_id: int, page: int, width: int, start: int, end: int) -> PageImage:
        """A PDF page (from 1) drawn `width` pixels wide, with the rectangles of the stored text at `start:end`.

        Raises ForgeError when the file is gone or changed; the stored text can still be read then.
        """
        return self._viewer.page(self.document(document_id), page=page, width=width, start=start, end=end)

    def source_status(self, path: str, sha256: str) -> SourceStatus:
        """Whether the file on disk is still the one with this hash. Cheap: hashes small files only."""
        return source_status(self._store, path, sha256)

    # ---- taking documents out ----

    def removal_effect(self, document_ids: Sequence[int]) -> tuple[int, int]:
        """How many documents and passages `remove` would take out."""
        return self._store.count(document_ids)

    def remove(self, document_ids: Sequence[int]) -> int:
        """Take documents out of the index; files stay. Returns the token for `restore`, which the next removal ends."""
        with self._db.write() as connection:
            self._roots.purge(connection)
            ids = self._rows.present(connection, document_ids)
            self._index.remove(connection, self._rows.passage_ids(connection, ids))
            token = self._roots.take_out(connection, ids, time.time())
        self._events.changed("documents")
        return token

    def restore(self, token: int) -> None:
        """Undo a removal. Raises ForgeError when it is final already."""
        with self._db.write() as connection:
            ids = self._roots.taken_out(connection, token)
            if not ids:
                raise ForgeError("This removal is final.", hint="Add the files again: they were not touched.")
            self._roots.put_back(connection, token)
            self._index.add(connection, self._rows.passage_texts(connection, ids))
        self._events.changed("documents")

    # ---- checking and leaving ----

    def verify(self) -> list[str]:
        """A sentence for everything damaged: stored texts, passages' places, the search index."""
        return [found.sentence for found in damage(self._store, self._index)]

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
        ids = list(self._store.every_passage_id())
        for low in range(0, len(ids), _VECTORS_AT_ONCE):
            some = ids[low : low + _VECTORS_AT_ONCE]
            bodies = vectors_of(self._db.connection, some)
            yield from ((passage, bodies[passage]) for passage in some if passage in bodies)

    def close(self) -> None:
        """End the process that draws pages."""
        self._viewer.close()
