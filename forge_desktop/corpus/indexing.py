"""One index run: find files, make them wait, read them in the parser child, store each with its passages at once.

Truth is in the rows: a file waits ("pending") until text, passages, postings and its new state are committed together.
A run that is killed anywhere leaves the rest waiting, and the next one goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from forge_desktop.base.errors import Cancelled
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.base.settings import Settings
from forge_desktop.corpus import parsers
from forge_desktop.corpus.committing import Committer
from forge_desktop.corpus.names import below, shown
from forge_desktop.corpus.parsers import ocr
from forge_desktop.corpus.reading import Reader
from forge_desktop.corpus.records import IndexReport, Survey
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.store_roots import Roots
from forge_desktop.corpus.store_run import Recipe, RunStore, Task
from forge_desktop.corpus.walking import Found, Passed, Walk
from forge_desktop.storage import Database

_MARKED_AT_ONCE = 500
_REMOVED_AT_ONCE = 200


@dataclass
class _Counts:
    unchanged: int = 0
    removed: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def recipe_of(settings: Settings) -> Recipe:
    """How documents are read under these settings."""
    done = f"{parsers.VERSION}/{settings.passage_characters}/{settings.passage_overlap}"
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
        ctx: JobContext,
    ) -> None:
        self._db, self._store, self._roots, self._index = db, store, roots, index
        self._settings, self._events, self._ctx = settings, events, ctx
        self._recipe = recipe_of(settings)
        self._started = time.monotonic()
        self._counts = _Counts()
        self._committer = Committer(db, store, index, recipe=self._recipe, events=events, ctx=ctx)

    def survey(self, paths: Sequence[bytes]) -> Survey:
        """The dry run: opens nothing, writes nothing."""
        formats: dict[str, int] = {}
        verdicts = {"new": 0, "changed": 0, "unchanged": 0}
        skipped, size = [], 0
        for item in self._walked(Walk(paths, leave_out=self._own_folder())):
            if isinstance(item, Passed):
                skipped.append((os.fsdecode(item.path), item.reason))
                continue
            formats[item.format] = formats.get(item.format, 0) + 1
            verdicts[self._store.verdict(item, self._recipe)] += 1
            size += item.size
        return Survey(sum(formats.values()), size, formats, **verdicts, skipped=tuple(skipped))

    def renew(self) -> None:
        """When the search index was made by another version: index every stored passage again, nothing is parsed."""
        if self._index.stale:
            with self._db.write() as connection:
                self._index.clear(connection)
                self._index.add(connection, self._store.passage_texts(connection, None))

    def over_paths(self, paths: Sequence[bytes]) -> IndexReport:
        """Index what the user gave: from now on these are roots, and nothing in them is taken out."""
        self.renew()
        now = time.time()
        with self._db.write() as connection:
            emptied = {path for path in paths if self._looks_unmounted(path)}
            for path in paths:
                if path not in emptied:
                    self._roots.remember(connection, path, os.stat(path), now)
        return self._over(paths, emptied)

    def over_roots(self) -> IndexReport:
        """Index all roots again; one that is not there now is named, and what came from it is kept."""
        self.renew()
        there, missing = [], set()
        for root in self._roots.all():
            if not os.path.exists(root.path):
                self._note_failed(root.path, "It is not there now. What was indexed from it is kept.")
            else:
                there.append(root.path)
                if self._looks_unmounted(root.path):
                    missing.add(root.path)
        return self._over(there, missing)

    def over_documents(self, ids: Sequence[int] | None) -> IndexReport:
        """Read what waits: all of it, or these documents whatever is known about them."""
        self.renew()
        if ids is not None:
            with self._db.write() as connection:
                self._store.ask_again(connection, ids)
        waiting = self._store.pending(ids)
        self._read(waiting)
        return self._report([document_id for document_id, _ in waiting])

    # ---- finding ----

    def _over(self, paths: Sequence[bytes], emptied: set[bytes]) -> IndexReport:
        walk = Walk(paths, leave_out=self._own_folder())
        waiting, seen = self._mark(walk)
        for path in emptied:
            self._note_failed(path, "The folder is empty and not the one that was indexed. What was indexed is kept.")
        self._drop_vanished([path for path in paths if path not in emptied], seen, walk.unlisted)
        self._read(waiting)
        return self._report({document_id for path in paths for document_id, _ in self._store.under(path)})

    def _walked(self, walk: Walk) -> Iterator[Found | Passed]:
        count = 0
        for item in walk.items(self._ctx.check):
            if isinstance(item, Found):
                count += 1
                self._ctx.progress(count, None, shown(item.path))
            yield item

    def _mark(self, walk: Walk) -> tuple[list[tuple[int, int]], set[int]]:
        """Write a waiting row for everything new or changed; those rows with their sizes, and every row seen."""
        waiting: list[tuple[int, int]] = []
        seen: set[int] = set()
        found: list[Found] = []

        def write() -> None:
            now = time.time()
            with self._db.write() as connection:
                for file in found:
                    if self._roots.is_excluded(file.path):
                        continue
                    document_id, verdict = self._store.mark(connection, file, self._recipe, now)
                    seen.add(document_id)
                    if verdict == "unchanged":
                        self._counts.unchanged += 1
                    elif verdict != "failed":
                        waiting.append((document_id, file.size))
            found.clear()

        for item in self._walked(walk):
            if isinstance(item, Found):
                found.append(item)
            elif item.failed:
                self._note_failed(item.path, item.reason)
            else:
                self._counts.skipped.append((os.fsdecode(item.path), item.reason))
            if len(found) >= _MARKED_AT_ONCE:
                write()
        write()
        self._events.changed("documents")
        return waiting, seen

    def _drop_vanished(self, roots: Sequence[bytes], seen: set[int], unlisted: Sequence[bytes]) -> None:
        """Remove documents whose files are gone from folders that were looked through."""
        hidden = [below(folder) for folder in unlisted]
        gone = [
            document_id
            for root in roots
            for document_id, path in self._store.under(root)
            if document_id not in seen and not any(low <= path < high for low, high in hidden) and not _is_file(path)
        ]
        for start in range(0, len(gone), _REMOVED_AT_ONCE):
            self._ctx.check()
            ids = gone[start : start + _REMOVED_AT_ONCE]
            with self._db.write() as connection:
                self._index.remove(connection, self._store.passage_ids(connection, ids))
                self._store.delete(connection, ids)
            self._counts.removed += len(ids)
            self._events.changed("documents")

    def _looks_unmounted(self, path: bytes) -> bool:
        """Whether an empty folder stands where another one was indexed: a drive that is not connected."""
        try:
            info = os.stat(path)
            if not stat.S_ISDIR(info.st_mode) or self._roots.is_same(path, info):
                return False
            with os.scandir(path) as entries:
                return next(entries, None) is None
        except OSError:
            return False

    def _own_folder(self) -> bytes:
        return os.fsencode(self._db.path.parent.absolute())

    # ---- reading ----

    def _read(self, waiting: Sequence[tuple[int, int]]) -> None:
        """Read these documents in order; what is finished stays finished, however this ends."""
        if not waiting:
            return
        total, done = float(sum(size for _, size in waiting)), 0.0
        settings = self._settings
        tasks = self._tasks(waiting)
        inside: list[tuple[Task, int]] = []
        with contextlib.closing(Reader(seconds=settings.parser_seconds, megabytes=settings.parser_megabytes)) as reader:
            try:
                while True:
                    while not reader.full and (entry := next(tasks, None)) is not None:
                        reader.submit(self._request(entry[0]))
                        inside.append(entry)
                    if not inside:
                        break
                    task, size = inside[0]
                    note = shown(task.path)
                    outcome = reader.take(lambda: self._ctx.progress(done, total, note))  # noqa: B023 - used at once
                    inside.pop(0)
                    done += size
                    self._committer.add(task, outcome)
                    self._ctx.progress(done, total, note)
            except Cancelled:
                self._committer.commit()
                raise
        self._committer.commit()

    def _tasks(self, waiting: Sequence[tuple[int, int]]) -> Iterator[tuple[Task, int]]:
        for document_id, size in waiting:
            task = self._store.task(document_id, self._recipe)
            if task is not None:
                yield task, size

    def _request(self, task: Task) -> dict[str, object]:
        settings = self._settings
        return {
            "do": "read",
            "path": os.fsdecode(task.path),
            "format": task.format,
            "known": task.known,
            "limit_bytes": settings.file_megabytes * 1_000_000,
            "characters": settings.passage_characters,
            "overlap": settings.passage_overlap,
            "ocr": ocr.request_of(settings),
        }

    def _note_failed(self, path: bytes, reason: str) -> None:
        self._counts.failed.append((os.fsdecode(path), reason))

    def _report(self, ids: Iterable[int]) -> IndexReport:
        tally, counts, done = self._store.tally(ids), self._counts, self._committer
        return IndexReport(
            documents=tally.documents,
            passages=tally.passages,
            new=done.new,
            changed=done.changed,
            unchanged=counts.unchanged + done.unchanged,
            removed=counts.removed,
            failed=(*counts.failed, *tally.failed),
            seconds=time.monotonic() - self._started,
            bytes=done.bytes,
            skipped=tuple(counts.skipped),
        )


def _is_file(path: bytes) -> bool:
    """Whether a regular file is there; also when nobody can tell, so that nothing is taken for deleted."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
