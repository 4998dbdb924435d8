"""One index run: find files, make them wait, read them in parser children, store each with its passages at once.

Truth is in the rows: a file waits ("pending") until text, passages, postings and its new state are committed together.
A run that is killed anywhere leaves the rest waiting, and the next one goes on from there.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterable, Sequence

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.base.settings import Settings
from forge_desktop.corpus import parsers
from forge_desktop.corpus.committing import Committer
from forge_desktop.corpus.feeding import Feeding
from forge_desktop.corpus.gathering import Gathered, Gatherer
from forge_desktop.corpus.pace import Pace
from forge_desktop.corpus.parsers import ocr
from forge_desktop.corpus.policies import Policy
from forge_desktop.corpus.progress import Progress
from forge_desktop.corpus.records import IndexingSpeed, IndexReport, Survey
from forge_desktop.corpus.records_library import PolicyEffect
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.retrieval.store_sizes import disk_sizes
from forge_desktop.corpus.store_collections import CollectionRows, Kept
from forge_desktop.corpus.store_roots import Roots
from forge_desktop.corpus.store_run import Recipe, RunStore
from forge_desktop.corpus.store_totals import Totals
from forge_desktop.corpus.token_sizes import TokenSizes
from forge_desktop.corpus.walking import Passed, Walk
from forge_desktop.storage import Database

_RENEWED_AT_ONCE = 400  # passages in one transaction


def recipe_of(settings: Settings) -> Recipe:
    """How documents are read under these settings."""
    done = f"{parsers.VERSION}/{settings.passage_tokens}/{settings.passage_overlap_tokens}"
    return Recipe(done, f"{done}/{settings.parser_seconds}/{settings.parser_megabytes}/{ocr.state(settings)}")


class IndexRun:
    """Does the work of one index job. Make a fresh one for each."""

    def __init__(
        self,
        db: Database,
        store: RunStore,
        roots: Roots,
        index: Index,
        *,
        settings: Settings,
        events: Events,
        pace: Pace,
        totals: Totals,
        sizes: TokenSizes,
        ctx: JobContext,
    ) -> None:
        self._db, self._store, self._roots, self._index = db, store, roots, index
        self._settings, self._events, self._pace, self._ctx = settings, events, pace, ctx
        self._totals, self._sizes = totals, sizes
        self._recipe = recipe_of(settings)
        self._started = time.monotonic()
        self._progress = Progress(ctx)
        self._progress.known(*totals.shares())
        self._found = Gathered()
        self._collections = CollectionRows(db)
        self._gatherer = Gatherer(
            db, store, roots, index, recipe=self._recipe, events=events, progress=self._progress, ctx=ctx
        )
        self._committer = Committer(
            db, store, index, recipe=self._recipe, events=events, pace=pace, progress=self._progress, ctx=ctx
        )

    def survey(self, paths: Sequence[bytes], policy: Policy) -> Survey:
        """The dry run: opens nothing, writes nothing."""
        formats: dict[str, int] = {}
        verdicts = {"new": 0, "changed": 0, "unchanged": 0}
        skipped, size, counted = [], 0, set[bytes]()
        walk = Walk([(path, path) for path in paths], policy=policy, leave_out=self._gatherer.own_folder)
        for item in self._gatherer.walked(walk):
            if isinstance(item, Passed):
                skipped.append((os.fsdecode(item.path), item.reason))
                continue
            if item.path in counted:
                continue
            counted.add(item.path)
            formats[item.format] = formats.get(item.format, 0) + 1
            verdicts[self._store.verdict(item, self._recipe)] += 1
            size += item.size
        return Survey(sum(formats.values()), size, formats, **verdicts, skipped=tuple(skipped))

    def renew(self) -> None:
        """When the search index was made by another version: index every stored passage again, nothing is parsed.

        What is there answers meanwhile. A run that is stopped goes on where it was.
        """
        if not self._index.stale:
            return
        total = self._store.last_passage_id()
        done: int | None = 0
        while done is not None:
            self._ctx.progress(min(done, total), total, "Renewing the search index")
            with self._db.write() as connection:
                done = self._index.renew(connection, self._store.texts_after, _RENEWED_AT_ONCE)
            self._events.changed("documents")
            self._index.tidy(lambda: self._ctx.wait(self._pace.rest(0.0)), wholly=done is None)

    def over_paths(self, paths: Sequence[bytes], collection: int) -> IndexReport:
        """Index what the user gave: from now on these are roots of the collection, and nothing in them is taken out."""
        self.renew()
        now = time.time()
        with self._db.write() as connection:
            for path in paths:
                if not (self._roots.knows(path) and self._roots.why_lost(path)):
                    self._roots.remember(connection, path, os.stat(path), now)
                self._collections.add_root(connection, collection, path)
        return self._over(paths)

    def over_roots(self) -> IndexReport:
        """Index all roots again; one that is not there now is named, and what came from it is kept."""
        self.renew()
        return self._over([root for _, root in self._collections.roots()])

    def follow(self, places: Sequence[bytes] | None) -> IndexReport:
        """Look again at these places in the roots, whatever is there or not there now, or at all roots.

        The report lists no files: sync runs again and again, and reports of many runs stay in memory.
        """
        if places is None:
            report = self.over_roots()
        else:
            self.renew()
            report = self._over(places)
        return dataclasses.replace(report, failed=(), skipped=())

    def over_documents(self, ids: Sequence[int] | None) -> IndexReport:
        """Read what waits: all of it, or these documents whatever is known about them."""
        self.renew()
        if ids is not None:
            with self._db.write() as connection:
                self._store.ask_again(connection, ids)
        waiting = self._store.pending(ids)
        self._read(waiting)
        return self._report([document_id for document_id, _ in waiting])

    def effect(self, kept: Kept, policy: Policy) -> PolicyEffect:
        """The dry run of another policy for a collection."""
        return self._gatherer.effect(kept, policy)

    def _over(self, paths: Sequence[bytes]) -> IndexReport:
        self._found = self._gatherer.over(paths)
        self._read(list(self._found.waiting.items()))
        return self._report({document_id for path in paths for document_id, _ in self._store.under(path)})

    # ---- reading ----

    def _read(self, waiting: Sequence[tuple[int, int]]) -> None:
        self._progress.known(*self._totals.shares())
        Feeding(
            self._store,
            self._committer,
            settings=self._settings,
            ratios=self._sizes.current(self._ctx.check),
            recipe=self._recipe,
            pace=self._pace,
            progress=self._progress,
            ctx=self._ctx,
        ).read(waiting)
        self._index.tidy(lambda: self._ctx.wait(self._pace.rest(0.0)), wholly=True)
        self._totals.note_disk(disk_sizes(self._db.connection))
        passages, size, seconds = self._progress.measured()
        if passages:
            self._totals.note_run(IndexingSpeed(passages, size, seconds, time.time()))

    def _report(self, ids: Iterable[int]) -> IndexReport:
        tally, found, done = self._store.tally(ids), self._found, self._committer
        return IndexReport(
            documents=tally.documents,
            passages=tally.passages,
            new=done.new,
            changed=done.changed,
            unchanged=found.unchanged + done.unchanged,
            removed=found.removed,
            failed=(*found.failed.items(), *tally.failed),
            partial=tally.partial,
            seconds=time.monotonic() - self._started,
            bytes=done.bytes,
            skipped=tuple(found.skipped.items()),
            moved=found.moved,
            questions=found.questions,
        )
