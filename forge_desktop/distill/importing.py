"""Brings tasks and finished pairs in from files, in batches; a file brought in again makes no second copies."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.distill import mapping as mapped
from forge_desktop.distill.json_rows import BadRow, Row
from forge_desktop.distill.pair_lines import content_sha256
from forge_desktop.distill.pair_shapes import shape
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.records import NewTask, Pair
from forge_desktop.distill.records_runs import ImportPreview, ImportSummary
from forge_desktop.distill.row_files import RowFile
from forge_desktop.distill.store_ways_in import WaysInStore
from forge_desktop.distill.tasks import Tasks
from forge_desktop.distill.unseen import cleaned, control_token
from forge_desktop.storage import Database

PairReader = Callable[[Mapping[str, object]], Pair]  # raises ValueError with the reason where it is no pair


def no_pairs(_fields: Mapping[str, object]) -> Pair:
    """The reader of who reads none."""
    raise ValueError("it is a finished pair, and those are not read here")


_BATCH = 1_000  # rows of one transaction
_SHOWN = 100  # reasons that are told one by one; all are counted
_PREVIEWED = 5
_LOOKED_AT = 1_000  # rows whose fields a preview knows


class Importer:
    """Reads files for the queue. `read_pair` turns a row of any of the known shapes into a pair."""

    def __init__(self, db: Database, events: Events, *, tasks: Tasks, pairs: Pairs, read_pair: PairReader) -> None:
        self._db, self._events, self._tasks, self._pairs = db, events, tasks, pairs
        self._read_pair = read_pair
        self._store = WaysInStore(db)

    def preview(
        self, path: Path, given: Mapping[str, str] | None = None, *, pairs: bool | None = None
    ) -> ImportPreview:
        """What would be read, from the first rows. Raises ForgeError where nothing could be."""
        return self._look(RowFile(path), given, pairs, _LOOKED_AT)

    def _look(
        self, file: RowFile, given: Mapping[str, str] | None, pairs: bool | None, rows_seen: int | None
    ) -> ImportPreview:
        path, columns = file.path, file.columns(rows_seen)
        if not columns and (bad := next((row for row in file.rows() if isinstance(row, BadRow)), None)):
            raise ForgeError(f"Nothing in {path.name} can be read: in line {bad.line:,}, {bad.reason}.")
        as_pairs = _holds_pairs(file, given) if pairs is None else pairs
        if as_pairs:
            return ImportPreview(path.name, file.format, columns, {}, (), pairs=True, rows=())
        if not columns:
            raise _without_rows(file)
        mapping = mapped.guess(columns, given)
        rows: list[NewTask] = []
        good = seen = 0
        for row in itertools.islice(file.rows(), _LOOKED_AT + 1):
            seen += 1
            if isinstance(row, BadRow):
                continue
            try:
                made = mapped.task(row.fields, mapping)
            except ValueError:
                continue
            good += 1
            rows += [made] if len(rows) < _PREVIEWED else []
        unused = mapped.unused(columns, mapping)
        return ImportPreview(
            path.name,
            file.format,
            columns,
            mapping,
            unused,
            pairs=False,
            rows=tuple(rows),
            tasks=min(good, _LOOKED_AT),
            more=seen > _LOOKED_AT,
        )

    def bring_in(
        self,
        ctx: JobContext,
        path: Path,
        given: Mapping[str, str] | None = None,
        *,
        pairs: bool | None = None,
        collections: Sequence[str] = (),
    ) -> ImportSummary:
        """Import a file. `pairs` says what it holds where that is not to be recognised; `collections` are uids.

        Raises ForgeError where nothing can be read, and where it ends early, with what was imported until then.
        """
        file = RowFile(path)
        seen = self._look(file, given, pairs, None)  # a field may first stand in the last row
        count = _Count(seen, file.notes)
        work = _Pairs(self._read_pair) if seen.pairs else _Tasks(seen.mapping, tuple(collections))
        batch: list[NewTask | Pair] = []
        try:
            for row in file.rows():
                count.rows += 1
                made = _made(row, work, path.name)
                if isinstance(made, BadRow):
                    count.refuse(made)
                else:
                    batch.append(made)
                if len(batch) >= _BATCH:
                    self._keep(batch, count)
                    batch = []
                ctx.progress(file.share(), 1.0, f"{count.rows:,} rows")
            self._keep(batch, count)
        except Cancelled:
            self._keep(batch, count)  # so that every row that is counted is in
            return count.summary("cancelled")
        except ForgeError as error:
            raise count.worded(error) from error
        return count.summary("")

    def _keep(self, batch: Sequence[NewTask | Pair], count: _Count) -> None:
        tasks = [made for made in batch if isinstance(made, NewTask)]
        pairs = [made for made in batch if isinstance(made, Pair)]
        if tasks:
            known = self._store.known("tasks", [task.uid for task in tasks])
            fresh = [task for task in tasks if task.uid not in known]
            self._tasks.add(fresh)
            count.known += len(known)
            count.tasks += len(fresh)
        if pairs:
            self._keep_pairs(pairs, count)

    def _keep_pairs(self, pairs: Sequence[Pair], count: _Count) -> None:
        known = self._store.known("pairs", [pair.uid for pair in pairs])
        with self._db.write() as connection:
            for pair in pairs:
                if pair.uid not in known:
                    self._pairs.keep(connection, pair)
                    known.add(pair.uid)
                    count.pairs += 1
                else:
                    count.known += 1
        self._events.changed("pairs")


def read_pairs(path: Path, read: PairReader) -> Iterator[Pair | BadRow]:
    """The pairs of a file in order, and in its place what is none; nothing is stored. Raises ForgeError where nothing
    can be read.
    """
    work = _Pairs(read)
    for row in RowFile(path).rows():
        made = _made(row, work, path.name)
        assert not isinstance(made, NewTask)
        yield made


class _Tasks:
    """Rows as tasks."""

    def __init__(self, mapping: Mapping[str, str], collections: tuple[str, ...]) -> None:
        self._mapping, self._collections = mapping, collections
        self._same: Counter[bytes] = Counter()

    def made(self, row: Row, file: str) -> NewTask:
        task = mapped.task(row.fields, self._mapping)
        uid = _uid(file, dataclasses.astuple(task), self._same)
        return dataclasses.replace(
            task, uid=uid, origin="import", origin_detail=f"{file}:{row.line}", collections=self._collections
        )


class _Pairs:
    """Rows as pairs. One without a uid of its own takes one from what it says."""

    def __init__(self, read: PairReader) -> None:
        self._read = read
        self._same: Counter[bytes] = Counter()

    def made(self, row: Row, file: str) -> Pair:
        pair = _cleaned(self._read(row.fields))
        if pair.uid:  # one of our own: it comes back as it was written
            return pair
        imported = {**pair.imported, "file": file, "line": row.line}
        return dataclasses.replace(pair, uid=_uid(file, row.fields, self._same), imported=imported)


def _cleaned(pair: Pair) -> Pair:
    """The pair without what no reader sees. Raises ValueError where it holds the frame of a conversation."""
    said = {"prompt": pair.prompt, "final": pair.final, "draft": pair.draft}
    for name, text in said.items():
        if token := control_token(text):
            raise ValueError(f"its {name} holds {token}, which a student may take for the frame of a conversation.")
    clean = {name: cleaned(text) for name, text in said.items()}
    if clean == said:
        return pair
    pair = dataclasses.replace(pair, prompt=clean["prompt"], final=clean["final"], draft=clean["draft"])
    return dataclasses.replace(pair, sha256=content_sha256(pair))


class _Count:
    """What came of the rows so far."""

    def __init__(self, seen: ImportPreview, notes: tuple[str, ...]) -> None:
        self._seen, self._notes = seen, notes
        self.rows = self.tasks = self.pairs = self.known = 0
        self._reasons: list[tuple[int, str]] = []
        self._by_reason: Counter[str] = Counter()
        self._broken_at: int | None = None

    def refuse(self, row: BadRow) -> None:
        self._by_reason[row.reason] += 1
        if row.last:
            self._broken_at = row.line
        if len(self._reasons) < _SHOWN:
            self._reasons.append((row.line, row.reason))

    def summary(self, stopped: str) -> ImportSummary:
        return ImportSummary(
            file=self._seen.file,
            format=self._seen.format,
            rows=self.rows,
            tasks=self.tasks,
            pairs=self.pairs,
            known=self.known,
            bad=self._by_reason.total(),
            reasons=tuple(self._reasons),
            by_reason=dict(self._by_reason),
            mapping=self._seen.mapping,
            unused=self._seen.unused,
            notes=(*self._notes, *self._broken()),
            stopped=stopped,
        )

    def _broken(self) -> tuple[str, ...]:
        if self._broken_at is None:
            return ()
        rows = self.tasks + self.pairs + self.known
        are = "1 row before it is in and stays" if rows == 1 else f"{rows:,} rows before it are in and stay"
        return (
            f"Nothing after line {self._broken_at:,} could be read. The {are}; mend the file and import it again, under"
            " the same name, to go on.",
        )

    def worded(self, error: ForgeError) -> ForgeError:
        """An error that says what came in before it."""
        came = f"{self.tasks:,} tasks and {self.pairs:,} pairs of {self._seen.file} were imported before this."
        hint = f"{error.hint} {came} Import it again to go on; those stay single.".strip()
        return ForgeError(error.message, hint=hint, code=error.code, action=error.action)


def _made(row: Row | BadRow, work: _Tasks | _Pairs, file: str) -> NewTask | Pair | BadRow:
    if isinstance(row, BadRow):
        return row
    try:
        return work.made(row, file)
    except ValueError as error:
        return BadRow(row.line, str(error))


def _holds_pairs(file: RowFile, given: Mapping[str, str] | None) -> bool:
    """Whether the first row that is one has a pair's shape. Whoever maps columns means tasks."""
    if given:
        return False
    first = next((row for row in file.rows() if isinstance(row, Row)), None)
    return first is not None and shape(first.fields) != ""


def _without_rows(file: RowFile) -> ForgeError:
    """Why nothing can be taken from a file: it is broken, or there is nothing in it."""
    broken = next((row for row in file.rows() if isinstance(row, BadRow)), None)
    if broken is not None:
        return ForgeError(
            f"{file.path.name} cannot be read as {file.format.upper()}, line {broken.line:,}: {broken.reason}.",
            hint="Mend the file, or save it anew from where it came.",
        )
    return ForgeError(f"There is no row in {file.path.name}.", hint="A row for each question is what can be imported.")


def _uid(file: str, said: object, same: Counter[bytes]) -> str:
    """A name that the same row of the same file gets again; equal rows of one file are told apart by their number."""
    digest = hashlib.sha256(json.dumps([file, said], ensure_ascii=False, sort_keys=True, default=str).encode()).digest()
    same[digest] += 1
    return hashlib.sha256(digest + str(same[digest]).encode()).hexdigest()[:32]
