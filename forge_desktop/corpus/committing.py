"""Writes what came of reading: text, passages, postings and the document's new state in one transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.corpus.pace import Pace
from forge_desktop.corpus.progress import Progress
from forge_desktop.corpus.reading import Outcome
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.store_run import STAGED, Recipe, RunStore, Task
from forge_desktop.storage import Database

_BATCH_DOCUMENTS = 64
_BATCH_CHARACTERS = 500_000
_BATCH_SECONDS = 0.5
_PASSAGES_AT_ONCE = 400  # in one transaction: about a tenth of a second


class Committer:
    """Takes outcomes and stores them in batches; counts what became new, changed and unchanged, and the bytes read."""

    def __init__(
        self,
        db: Database,
        rows: RunStore,
        index: Index,
        *,
        recipe: Recipe,
        events: Events,
        pace: Pace,
        progress: Progress,
        ctx: JobContext,
    ) -> None:
        self._db, self._rows, self._index = db, rows, index
        self._recipe, self._events, self._ctx = recipe, events, ctx
        self._pace, self._progress = pace, progress
        self._batch = _Batch()
        self.new = self.changed = self.unchanged = self.bytes = 0

    def add(self, task: Task, outcome: Outcome) -> None:
        """Take one outcome; stores the batch when it is due."""
        self._batch.add(task, outcome)
        if self._batch.is_due():
            self.commit()

    def commit(self) -> None:
        """Store the batch in one transaction: texts, passages, postings and states together."""
        batch, self._batch = self._batch, _Batch()
        large = [entry for entry in batch.entries if len(entry[1].spots) > _PASSAGES_AT_ONCE]
        small = [entry for entry in batch.entries if len(entry[1].spots) <= _PASSAGES_AT_ONCE]
        if small:
            now, began = time.time(), time.monotonic()
            with self._db.write() as connection:
                stored = [(task, outcome) for task, outcome in small if self._rows.waits(connection, task.id)]
                self._forget(connection, [task.id for task, outcome in stored if _replaces(task, outcome)])
                fresh = [item for task, outcome in stored for item in self._settle(connection, task, outcome, now)]
                if fresh:
                    self._index.add(connection, fresh)
            self._committed(stored)
            self._rest(began)
        for task, outcome in large:
            self._commit_large(task, outcome)

    def _commit_large(self, task: Task, outcome: Outcome) -> None:
        """Store a long document piece by piece, so that others can write meanwhile. It waits until all is searched."""
        with self._db.write() as connection:
            if not self._rows.waits(connection, task.id):
                return
            self._forget(connection, [task.id])
            first = self._rows.fill(connection, task.id, outcome, STAGED, time.time())
        began = time.monotonic()
        for low in range(0, len(outcome.spots), _PASSAGES_AT_ONCE):
            self._rest(began)
            self._progress.storing(task.path)
            began = time.monotonic()
            with self._db.write() as connection:
                if not self._rows.waits(connection, task.id):
                    return
                spots = outcome.spots[low : low + _PASSAGES_AT_ONCE]
                self._index.add(
                    connection,
                    [(first + low + number, outcome.text[spot.start : spot.end]) for number, spot in enumerate(spots)],
                )
                if low + _PASSAGES_AT_ONCE >= len(outcome.spots):
                    self._rows.settle(connection, task.id, self._recipe.of(outcome), outcome.note)
        self._committed([(task, outcome)])
        self._rest(began)

    def _rest(self, began: float) -> None:
        """Let others write, as long as the pace asks for after a transaction that began then."""
        self._ctx.wait(self._pace.rest(time.monotonic() - began))

    def _committed(self, stored: Sequence[tuple[Task, Outcome]]) -> None:
        for task, outcome in stored:
            self._count(task, outcome)
        failed = sum(bool(outcome.reason) for _, outcome in stored)
        passages = sum(len(outcome.spots) for _, outcome in stored)
        self._progress.stored(len(stored) - failed, passages, failed)
        self._events.changed("documents")
        self._index.tidy(lambda: self._ctx.wait(self._pace.rest(0.0)))

    def _forget(self, connection: sqlite3.Connection, ids: Sequence[int]) -> None:
        """Take old passages of documents that were read anew out of the index and the tables."""
        old = self._rows.passage_ids(connection, ids)
        if old:
            self._index.remove(connection, old)
        for document_id in ids:
            self._rows.clear(connection, document_id)

    def _settle(
        self, connection: sqlite3.Connection, task: Task, outcome: Outcome, now: float
    ) -> Iterator[tuple[int, str]]:
        """Write one document's outcome; its new passages for the search index."""
        if outcome.same and outcome.opened is not None:
            self._rows.touch(connection, task.id, outcome.opened)
        elif outcome.reason or outcome.opened is None:
            recipe = "" if outcome.again else self._recipe.failed
            self._rows.fail(connection, task.id, outcome.reason, outcome.opened, recipe)
        else:
            first = self._rows.fill(connection, task.id, outcome, self._recipe.of(outcome), now)
            for number, spot in enumerate(outcome.spots):
                yield first + number, outcome.text[spot.start : spot.end]

    def _count(self, task: Task, outcome: Outcome) -> None:
        self.bytes += outcome.opened.size if outcome.opened else 0
        if outcome.same:
            self.unchanged += 1
        elif not outcome.reason:
            self.changed += task.was_indexed
            self.new += not task.was_indexed


class _Batch:
    """Outcomes that wait to be stored together: a commit costs milliseconds of disk time, a small file less."""

    def __init__(self) -> None:
        self.entries: list[tuple[Task, Outcome]] = []
        self._characters = 0
        self._since = 0.0

    def add(self, task: Task, outcome: Outcome) -> None:
        """Keep one more."""
        if not self.entries:
            self._since = time.monotonic()
        self.entries.append((task, outcome))
        self._characters += len(outcome.text)

    def is_due(self) -> bool:
        """Whether it is large or old enough to be stored."""
        return (
            len(self.entries) >= _BATCH_DOCUMENTS
            or self._characters >= _BATCH_CHARACTERS
            or time.monotonic() - self._since >= _BATCH_SECONDS
        )


def _replaces(task: Task, outcome: Outcome) -> bool:
    """Whether what is stored of the document goes: other bytes were seen, or it was never complete."""
    return (outcome.opened is not None and not outcome.same) or task.was_staged
