"""The corpus: documents in, passages out. Everything long is a job on the lane "index"."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence

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
from forge_desktop.corpus.mentioning import Mentions
from forge_desktop.corpus.pace import Pace, on_battery
from forge_desktop.corpus.records import (
    Finding,
    Hit,
    SearchFilter,
)
from forge_desktop.corpus.removing import Remover
from forge_desktop.corpus.repairing import Repair
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.retrieval.fusion import Mix
from forge_desktop.corpus.scoping import Scopes
from forge_desktop.corpus.shelf import Shelf
from forge_desktop.corpus.store import Store
from forge_desktop.corpus.store_collections import CollectionRows
from forge_desktop.corpus.store_keeping import KeepingStore
from forge_desktop.corpus.store_names import NameStore
from forge_desktop.corpus.store_roots import Roots
from forge_desktop.corpus.store_run import RunStore
from forge_desktop.corpus.store_scope import ScopeStore
from forge_desktop.corpus.store_totals import Totals
from forge_desktop.corpus.sync import Sync
from forge_desktop.corpus.token_sizes import Loaded, TokenSizes
from forge_desktop.corpus.transferring import Transfer
from forge_desktop.corpus.verifying import damage
from forge_desktop.corpus.viewing import PageViewer
from forge_desktop.corpus.walking import given_paths
from forge_desktop.storage import Database

_LANE = "index"


class Corpus:
    """The user's documents: brought in, searched, taken out, checked. Searching is safe on any thread.

    `shelf` is for looking at what is there, `collections` and `sync` for the folders it comes from, `explainer` for why
    something is found, `vectors` for how likeness is judged, `transfer` for leaving and arriving.
    """

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
        members = CollectionRows(db)
        self.vectors = Vectors(
            db,
            self._store,
            self._index,
            jobs,
            events=events,
            settings=settings,
            lane=_LANE,
            withheld=members.passages_kept_back,
        )
        self._viewer = PageViewer(self._store, settings)
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
        scopes = Scopes(ScopeStore(db), self.collections.uids, events)
        self.shelf = Shelf(self._store, self._totals, scopes, self._viewer)
        self._finder = Finder(self._store, self._index, scopes)
        self.explainer = Explainer(self._store, self._index, self._finder)
        self.mentions = Mentions(NameStore(db), self._index)
        adopter = Adopter(db, self._index, self.collections, events)
        self.transfer = Transfer(self._store, self.vectors, adopter, jobs, lane=_LANE)

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
            return self.vectors.start()
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
                self.vectors,
                settings=self._settings.values,
                events=self._events,
                ctx=ctx,
                read_again=lambda ids: self._run(ctx).over_documents(ids),
            ).run()

        return self._jobs.start(_LANE, "repair", job)

    # ---- leaving for and coming from other data directories ----

    def _start(self, kind: str, work: Callable[[IndexRun], object]) -> int:
        def job(ctx: JobContext) -> object:
            if kind == "index":
                complete(self._db, self._index, events=self._events, ctx=ctx)
            found = work(self._run(ctx))
            with contextlib.suppress(ForgeError):  # closing: the next start goes on
                self.vectors.start()
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
        mix: Mix | None = None,
    ) -> Finding:
        """What `search` finds, with how the query was read; with `every`, alike passages are hits of their own.

        Without `operators` quotation marks and minus signs mean nothing: a question is plain words. `mix` weighs words
        and vectors otherwise than usual, for comparisons.
        """
        return self._finder.find(query, k, where=where, operators=operators, every=every, mix=mix)

    def versions(self) -> dict[str, str]:
        """What determines how documents are found: parser, analyser and embedder versions."""
        return {"index": parsers.VERSION, **self._index.versions}

    def matches(self, query: str, text: str) -> list[tuple[int, int]]:
        """Where words of the query stand in a text, as (start, end)."""
        return self._index.matches(query, text)

    # ---- taking documents out ----

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

    def close(self) -> None:
        """Follow folders no more, and end the process that draws pages."""
        self.sync.stop()
        self._viewer.close()
        self.vectors.close()
