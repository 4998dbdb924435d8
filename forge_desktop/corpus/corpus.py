"""The corpus: documents in, passages out. Everything long is a job on the lane "index"."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import parsers
from forge_desktop.corpus.adopting import Adopter
from forge_desktop.corpus.collections import Collections
from forge_desktop.corpus.completing import complete
from forge_desktop.corpus.embedding import Vectors
from forge_desktop.corpus.explaining import Explainer
from forge_desktop.corpus.finding import Finder
from forge_desktop.corpus.indexing import IndexRun
from forge_desktop.corpus.pace import Pace, on_battery
from forge_desktop.corpus.records import (
    CorpusStats,
    Document,
    Explanation,
    FailureGroup,
    Finding,
    Hit,
    PageImage,
    Passage,
    RankingCheck,
    SearchFilter,
)
from forge_desktop.corpus.records_portable import Portable, PortableCollection
from forge_desktop.corpus.removing import Remover
from forge_desktop.corpus.repairing import Repair
from forge_desktop.corpus.retrieval import Embedder, Index
from forge_desktop.corpus.scoping import Scopes
from forge_desktop.corpus.store import Store
from forge_desktop.corpus.store_collections import CollectionRows
from forge_desktop.corpus.store_keeping import KeepingStore
from forge_desktop.corpus.store_roots import Roots
from forge_desktop.corpus.store_run import RunStore
from forge_desktop.corpus.store_scope import ScopeStore
from forge_desktop.corpus.store_totals import Totals
from forge_desktop.corpus.sync import Sync
from forge_desktop.corpus.token_sizes import Loaded, TokenSizes
from forge_desktop.corpus.verifying import damage
from forge_desktop.corpus.viewing import PageViewer, SourceStatus, source_status
from forge_desktop.corpus.walking import given_paths
from forge_desktop.storage import Database

_LANE = "index"


class Corpus:
    """The user's documents, searchable. Reading methods are safe on any thread."""

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        events: Events,
        settings: SettingsFile,
        *,
        loaded: Loaded = lambda: None,
        on_battery: Callable[[], bool] = on_battery,
    ) -> None:
        self._totals = Totals(db)
        self._sizes = TokenSizes(self._totals, loaded)
        self._pace = Pace(settings, events, on_battery=on_battery)
        self._db, self._jobs, self._events, self._settings = db, jobs, events, settings
        self._store, self._rows, self._roots, self._index = Store(db), RunStore(db), Roots(db), Index(db)
        self._keeping = KeepingStore(db)
        self._vectors = Vectors(db, self._store, self._index, jobs, events=events, settings=settings, lane=_LANE)
        self._viewer = PageViewer(self._store, settings)
        members = CollectionRows(db)
        self._remover = Remover(db, self._rows, self._roots, members, self._index)
        self._remover.finish()
        self.sync = Sync(db, self._remover, events, jobs, settings, self._look)
        self.collections = Collections(
            db,
            members,
            self._roots,
            self._store,
            self._remover,
            events,
            lambda kept, policy: self._start("survey", lambda run: run.effect(kept, policy)),
        )
        self._scopes = Scopes(ScopeStore(db), self.collections.uids, events)
        self._finder = Finder(self._store, self._index, self._scopes)
        self._explainer = Explainer(self._store, self._index, self._finder)

        self._adopter = Adopter(db, self._index, self.collections, events)
        self._adopter.tidy_up()

    # ---- bringing documents in: jobs ----

    def survey(self, paths: Sequence[str | os.PathLike[str]], collection: str = "") -> int:
        """Count what indexing these paths into a collection would read; the job's result is a Survey."""
        policy = self.collections.kept(collection).policy
        return self._start("survey", lambda run: run.survey(given_paths(paths), policy))

    def index(self, paths: Sequence[str | os.PathLike[str]], collection: str = "") -> int:
        """Index files and folders into a collection (its uid or name; else the one that always exists).

        The job's result is an IndexReport. A killed run is continued by the next.
        """
        kept = self.collections.kept(collection)
        return self._start("index", lambda run: run.over_paths(given_paths(paths), kept.id))

    def rescan(self) -> int:
        """Index every known root again."""
        return self._start("index", lambda run: run.over_roots())

    def _look(self, places: Sequence[bytes] | None) -> int:
        return self._start("sync", lambda run: run.follow(places))

    def resume_pending(self) -> int | None:
        """Go on with what an earlier run left waiting; None when there is nothing."""
        if not self._rows.pending() and not self._index.stale and not self._keeping.unsearched():
            return self._vectors.start()
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
                self._vectors,
                settings=self._settings.values,
                events=self._events,
                ctx=ctx,
                read_again=lambda ids: self._run(ctx).over_documents(ids),
            ).run()

        return self._jobs.start(_LANE, "repair", job)

    # ---- leaving for and coming from other data directories ----

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

        return self._jobs.start(_LANE, "import", job)

    def _start(self, kind: str, work: Callable[[IndexRun], object]) -> int:
        def job(ctx: JobContext) -> object:
            if kind == "index":
                complete(self._db, self._index, events=self._events, ctx=ctx)
            found = work(self._run(ctx))
            with contextlib.suppress(ForgeError):  # closing: the next start goes on
                self._vectors.start()
            return found

        return self._jobs.start(_LANE, kind, job)

    def _run(self, ctx: JobContext) -> IndexRun:
        return IndexRun(
            self._db,
            self._rows,
            self._roots,
            self._index,
            settings=self._settings.values,
            events=self._events,
            pace=self._pace,
            totals=self._totals,
            sizes=self._sizes,
            ctx=ctx,
        )

    # ---- looking at documents ----

    def search(
        self, query: str, k: int = 10, *, where: SearchFilter | None = None, operators: bool = True
    ) -> list[Hit]:
        """The best k passages. Any query will do; passages that say the same count once.

        Raises ForgeError when `where` names a collection or a format that is not there.
        """
        return list(self.find(query, k, where=where, operators=operators).hits)

    def find(
        self,
        query: str,
        k: int = 10,
        *,
        where: SearchFilter | None = None,
        operators: bool = True,
        every: bool = False,
    ) -> Finding:
        """What `search` finds, with how the query was read; with `every`, alike passages are hits of their own.

        Without `operators` quotation marks and minus signs mean nothing: a question is plain words.
        """
        return self._finder.find(query, k, where=where, operators=operators, every=every)

    def explain(self, query: str, passage_id: int, *, where: SearchFilter | None = None) -> Explanation:
        """Why a search finds this passage, or does not. Raises ForgeError when the passage is gone."""
        return self._explainer.explain(query, passage_id, where)

    def check_ranking(self, query: str) -> RankingCheck:
        """Rank with rank_bm25 too, and compare: takes some 50 µs and 2 kB a passage.

        Raises ForgeError, with what it would take, above 200,000 passages.
        """
        return self._explainer.check_ranking(query)

    def use_embedder(self, embedder: Embedder | None) -> int | None:
        """Judge likeness by this embedder, as soon as a job has embedded all passages; its id, None when nothing is to
        do. None goes back to the built-in embedding, which also answers while an embedder is missing or fails."""
        return self._vectors.use(embedder)

    def search_note(self) -> str:
        """A sentence when a search does not judge likeness by the embedder in use, and why; "" when it does."""
        return self._vectors.note

    def documents(
        self,
        text: str = "",
        state: str | None = None,
        sort: str = "name",
        descending: bool = False,
        where: SearchFilter | None = None,
    ) -> array[int]:
        """Ids of the documents whose name or path contains `text`, sorted; for a table that fetches rows as shown."""
        conditions = self._scopes.conditions(where or SearchFilter())
        return self._store.listing(text, state, sort, descending, conditions)

    def formats(self) -> dict[str, int]:
        """How many documents there are of each format."""
        return self._store.formats()

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

    def neighbours(self, passage_id: int, reach: int) -> list[Passage]:
        """A passage with those up to `reach` places before and after it in its section, in order; empty when gone."""
        return self._store.neighbours(passage_id, reach)

    def stored_text(self, document_id: int, start: int = 0, end: int | None = None) -> str:
        """The document's text as stored, or the code points `start:end` of it; passages' offsets count in it."""
        return self._store.text(document_id, start, end)

    def stats(self) -> CorpusStats:
        """Totals."""
        return self._totals.stats()

    def failures(self) -> list[FailureGroup]:
        """What could not be read, by reason; `retry` takes a group's documents."""
        return self._totals.failures()

    def indexed_share(self) -> float:
        """The share of the known documents that can be searched as they are now, from 0 to 1; 1 when there are none."""
        searchable, waiting = self._totals.shares()
        return searchable / (searchable + waiting) if searchable + waiting else 1.0

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
            token = self._remover.hide(connection, document_ids, exclude=True)
        self._events.changed("documents")
        return token

    def restore(self, token: int) -> None:
        """Undo a removal of documents, a folder or a collection. Raises ForgeError when it is final already."""
        self._remover.restore(token)
        self._events.changed("documents", "collections")

    # ---- checking and leaving ----

    def verify(self) -> list[str]:
        """A sentence for everything damaged: stored texts, passages' places, the search index."""
        with self._db.snapshot():
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
        return self._vectors.iterate(self._store.every_passage_id())

    def close(self) -> None:
        """Follow folders no more, and end the process that draws pages."""
        self.sync.stop()
        self._viewer.close()
        self._vectors.close()
