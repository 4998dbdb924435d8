"""The first half of an index run: looks through folders, and brings rows and memberships in line with what is there.

What is new or changed gets a waiting row. What no longer fits a collection's policy leaves it. What is gone is matched
with what is new: equal bytes are a move. The rest of what is gone is removed, unless so much is gone that it may not be
meant: then it is kept, and asked about.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.corpus.moving import Mover
from forge_desktop.corpus.names import below, is_within
from forge_desktop.corpus.policies import Policy
from forge_desktop.corpus.progress import Progress
from forge_desktop.corpus.records_library import PolicyEffect, SyncQuestion
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.store_collections import CollectionRows, Kept
from forge_desktop.corpus.store_questions import QuestionRows
from forge_desktop.corpus.store_roots import Roots
from forge_desktop.corpus.store_run import Recipe, RunStore
from forge_desktop.corpus.walking import Found, Passed, Walk
from forge_desktop.storage import Database

_MARKED_AT_ONCE = 500
_REMOVED_AT_ONCE = 200
# Up to 20 files are deleted by hand and meant. Of a large folder a fifth is more than tidying up: a drive that is half
# there, a wrong move, a sync client that went wrong. Asking costs a click, reading thousands of files again hours.
_MEANT_FILES = 20
_MEANT_SHARE = 0.2


@dataclass
class Gathered:
    """What was found. `waiting` are ids and sizes of documents to be read, `questions` those about the roots."""

    waiting: dict[int, int] = field(default_factory=dict)
    unchanged: int = 0
    removed: int = 0
    moved: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    questions: tuple[SyncQuestion, ...] = ()


@dataclass(frozen=True)
class _Aim:
    """One place to look at for one collection; `place` is the root itself when it is looked through wholly."""

    collection: int
    root: bytes
    place: bytes

    @property
    def is_whole(self) -> bool:
        return self.place == self.root


class Gatherer:
    """Does the finding of one index job. Make a fresh one for each."""

    def __init__(
        self,
        db: Database,
        store: RunStore,
        roots: Roots,
        index: Index,
        *,
        recipe: Recipe,
        events: Events,
        progress: Progress,
        ctx: JobContext,
    ) -> None:
        self._db, self._store, self._roots, self._index = db, store, roots, index
        self._collections, self._questions = CollectionRows(db), QuestionRows(db)
        self._recipe, self._events, self._progress, self._ctx = recipe, events, progress, ctx
        self._found = Gathered()
        self._seen: dict[int, set[int]] = {}  # by collection
        self._every: set[int] = set()
        self._unlisted: list[bytes] = []
        self._lost: dict[bytes, str] = {}

    def over(self, places: Sequence[bytes]) -> Gathered:
        """Look at these places in every collection whose folders they are in, or lie in them."""
        roots = self._collections.roots()
        aims = _aims(roots, places)
        self._lost = {root: why for root in {aim.root for aim in aims} if (why := self._roots.why_lost(root))}
        there = [aim for aim in aims if aim.root not in self._lost]
        for kept in self._collections.kept():
            starts = [(aim.root, aim.place) for aim in there if aim.collection == kept.id]
            if starts:
                self._mark(Walk(starts, policy=kept.policy, leave_out=self.own_folder), kept.id)
        gone, unfit = self._missing(there, roots)
        mover = Mover(self._db, self._store, self._collections, recipe=self._recipe, ctx=self._ctx)
        for old, new in mover.moves(gone, self._found.waiting):
            del gone[old], self._found.waiting[new]
            self._every.add(old)
            self._found.moved += 1
            self._found.unchanged += 1
        self._part(unfit)
        self._drop_or_ask(there, gone)
        self._ask_about_lost()
        self._finish([aim for aim in there if aim.is_whole])
        if len(aims) > 1:  # what one collection or folder passed over may be held by another one
            for path in self._store.held(os.fsencode(path) for path in self._found.skipped):
                del self._found.skipped[os.fsdecode(path)]
        about = {os.fsdecode(aim.root) for aim in aims}
        self._found.questions = tuple(question for question in self._questions.all() if question.root in about)
        return self._found

    # ---- looking ----

    def walked(self, walk: Walk) -> Iterator[Found | Passed]:
        """What the walk gives, with progress."""
        count = 0
        for item in walk.items(self._ctx.check):
            if isinstance(item, Found):
                count += 1
                self._progress.found(count, item.path)
            yield item

    @property
    def own_folder(self) -> bytes:
        """Where our own data lies: never a document."""
        return os.fsencode(self._db.path.parent.absolute())

    def _mark(self, walk: Walk, collection: int) -> None:
        """Write a waiting row for everything new or changed, and that it belongs to the collection."""
        found: list[Found] = []
        for item in self.walked(walk):
            if isinstance(item, Found):
                found.append(item)
            elif item.failed:
                self._note_failed(item.path, item.reason)
            else:
                self._found.skipped[os.fsdecode(item.path)] = item.reason
            if len(found) >= _MARKED_AT_ONCE:
                self._write(found, collection)
        self._write(found, collection)
        self._unlisted += walk.unlisted
        self._events.changed("documents")

    def _write(self, found: list[Found], collection: int) -> None:
        seen, now = self._seen.setdefault(collection, set()), time.time()
        with self._db.write() as connection:
            ids = []
            for file in found:
                if self._roots.is_excluded(file.path):
                    continue
                document_id, verdict = self._store.mark(connection, file, self._recipe, now)
                ids.append(document_id)
                if document_id not in self._every and verdict == "unchanged":
                    self._found.unchanged += 1
                elif verdict not in ("unchanged", "failed"):
                    self._found.waiting[document_id] = file.size
                self._every.add(document_id)
            self._collections.join(connection, collection, ids)
        seen.update(ids)
        found.clear()

    # ---- what is not there any more, or not wanted ----

    def _missing(
        self, aims: Sequence[_Aim], roots: Sequence[tuple[int, bytes]]
    ) -> tuple[dict[int, bytes], dict[int, list[int]]]:
        """Documents whose files are gone (id to path), and those that no longer fit, by collection."""
        gone: dict[int, bytes] = {}
        unfit: dict[int, list[int]] = {}
        passed = self._found.failed.keys() | self._found.skipped.keys()
        whole = {(aim.collection, aim.root) for aim in aims if aim.is_whole}
        away = [*self._unlisted, *self._lost, self.own_folder]  # what was imported counts as lying there
        for aim in aims:
            seen = self._seen.get(aim.collection, set())
            others = [root for holder, root in roots if holder == aim.collection and (holder, root) not in whole]
            others = [root for root in others if root != aim.root]
            for document_id, path in self._collections.members_under(aim.collection, aim.place):
                self._ctx.check()
                if document_id in seen or any(is_within(path, folder) for folder in away):
                    continue
                if not _is_there(path):
                    gone[document_id] = path
                elif any(is_within(path, root) for root in others):
                    continue  # that one may hold it
                elif _is_among(path, aim.root, passed):  # else it came back just after the walk had passed
                    unfit.setdefault(aim.collection, []).append(document_id)
        return gone, unfit

    def _part(self, unfit: dict[int, list[int]]) -> None:
        for collection, ids in unfit.items():
            with self._db.write() as connection:
                alone = self._collections.part(connection, collection, ids)
            self._remove(alone)

    def _drop_or_ask(self, aims: Sequence[_Aim], gone: dict[int, bytes]) -> None:
        """Remove what is gone; ask instead where it is too much of a root."""
        if not gone:
            return
        kept, asked = self._questions.kept(), self._questions.asked()
        open_to = {aim.root for aim in aims if aim.is_whole}
        for root in sorted({aim.root for aim in aims}):
            here = [document_id for document_id, path in gone.items() if is_within(path, root)]
            for document_id in here:
                del gone[document_id]
            meant = kept if root in open_to else kept | asked
            ids = [document_id for document_id in here if document_id not in meant]
            total = self._questions.total(root)
            if len(ids) <= max(_MEANT_FILES, _MEANT_SHARE * total):
                self._remove(ids)
                continue
            with self._db.write() as connection:
                self._questions.ask(
                    connection, root, "mass_deletion", ids, total=total, now=time.time(), afresh=root in open_to
                )

    def _ask_about_lost(self) -> None:
        kept = self._questions.kept() if self._lost else set()
        for root, why in sorted(self._lost.items()):
            self._note_failed(root, why)
            every = [document_id for document_id, _ in self._store.under(root)]
            ids = [document_id for document_id in every if document_id not in kept and document_id not in self._every]
            if ids:
                with self._db.write() as connection:
                    self._questions.ask(
                        connection, root, "vanished", ids, total=len(every), now=time.time(), afresh=True
                    )

    def _remove(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), _REMOVED_AT_ONCE):
            self._ctx.check()
            some = ids[start : start + _REMOVED_AT_ONCE]
            with self._db.write() as connection:
                self._index.remove(connection, self._store.passage_ids(connection, some))
                self._store.delete(connection, some)
            for document_id in some:
                self._found.waiting.pop(document_id, None)
            self._found.removed += len(some)
            self._events.changed("documents")

    def _finish(self, whole: Sequence[_Aim]) -> None:
        now = time.time()
        with self._db.write() as connection:
            for aim in whole:
                self._collections.note_synced(connection, aim.collection, aim.root, now)
                self._roots.recognise(connection, aim.root)
            self._questions.there_again(connection, self._every)
        self._events.changed("collections", "questions")

    def _note_failed(self, path: bytes, reason: str) -> None:
        self._found.failed[os.fsdecode(path)] = reason

    # ---- the dry run of another policy ----

    def effect(self, kept: Kept, policy: Policy) -> PolicyEffect:
        """What a sync under this policy would take out of the index and bring in; writes nothing."""
        roots = [root for holder, root in self._collections.roots() if holder == kept.id]
        there = [root for root in roots if not self._roots.why_lost(root)]
        fits: set[bytes] = set()
        known, entering = {path for root in there for _, path in self._store.under(root)}, 0
        sizes = 0
        walk = Walk([(root, root) for root in there], policy=policy, leave_out=self.own_folder)
        for item in self.walked(walk):
            if isinstance(item, Found) and item.path not in fits and not self._roots.is_excluded(item.path):
                fits.add(item.path)
                if item.path not in known:
                    entering, sizes = entering + 1, sizes + item.size
        alone = set(self._collections.only_in(kept.id))
        out = {
            document_id
            for root in there
            for document_id, path in self._collections.members_under(kept.id, root)
            if document_id in alone
            and path not in fits
            and _is_there(path)
            and not any(is_within(path, folder) for folder in walk.unlisted)
        }
        documents, passages = self._store.count(sorted(out))
        return PolicyEffect(documents, passages, entering, sizes)


def _aims(roots: Sequence[tuple[int, bytes]], places: Sequence[bytes]) -> list[_Aim]:
    outer: list[bytes] = []
    for place in sorted(set(places), key=lambda path: below(path)[0]):
        if not outer or not is_within(place, outer[-1]):
            outer.append(place)
    aims = []
    for collection, root in roots:
        if any(is_within(root, place) for place in outer):
            aims.append(_Aim(collection, root, root))
        else:
            aims += [_Aim(collection, root, place) for place in outer if is_within(place, root)]
    return aims


def _is_among(path: bytes, root: bytes, passed: Collection[str]) -> bool:
    """Whether the path, or a folder on the way to it from the root, was passed over."""
    while os.fsdecode(path) not in passed:
        if path == root or os.path.dirname(path) == path:
            return False
        path = os.path.dirname(path)
    return True


def _is_there(path: bytes) -> bool:
    """Whether a file is there; also when nobody can tell, so that nothing is taken for deleted."""
    try:
        mode = os.lstat(path).st_mode
        return stat.S_ISREG(mode) or (stat.S_ISLNK(mode) and stat.S_ISREG(os.stat(path).st_mode))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
